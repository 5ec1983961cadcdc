"""The JSON Schema of a review, as it stands in ``plan.schema.json``: ``python -m xtel.review.plan.schema``. Pure."""

from __future__ import annotations

import json
import sys

from xtel.review.plan.model import Review


def schema() -> str:
    """The schema: the same bytes on every machine."""
    described = Review.model_json_schema(mode="serialization")
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", **described, "title": "Plan of xai-telephony"}
    return json.dumps(whole, indent=2, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema())

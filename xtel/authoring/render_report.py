"""What ``xtel render --json`` prints.

The schema is ``xtel/authoring/render.schema.json``, written by ``python -m xtel.authoring.render_report``. A change that old
readers cannot follow raises ``version``.
"""

from __future__ import annotations

import json
import sys
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from providers.kernel.files import FrontPage

FileState = Literal["same", "missing", "outdated", "foreign", "left", "written", "removed"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileReport(_Part):
    """One file of a bundle, and what was found or done."""

    path: str = Field(description="Within the bundle's folder.")
    state: FileState = Field(description="foreign: not written here, or changed by hand; left: of an earlier bundle.")
    sha256: str | None = Field(description="What it should hold; null for one that is to go, and for the secret one.")


class BundleReport(_Part):
    """One number's bundle."""

    key: str
    number: str = Field(description="E.164.")
    platform: str
    folder: str
    sha256: str = Field(description="Of the whole bundle.")
    files: tuple[FileReport, ...]
    secret_file: str | None = Field(description="The file with the password, which --with-secrets writes.")
    secret_written: bool
    page: FrontPage | None = Field(description="What README.md says, in parts; null where a bundle has another form.")


class LeftReport(_Part):
    """The folder of a number that the stack has no files for any more."""

    number: str = Field(description="E.164.")
    folder: str
    secret_files: tuple[str, ...] = Field(description="Files in it that hold a password.")


class RenderReport(_Part):
    """Every bundle that was asked for."""

    version: Literal[1] = 1
    stack: str
    agree: bool = Field(description="With --check: whether every file is as it should be.")
    bundles: tuple[BundleReport, ...]
    left: tuple[LeftReport, ...] = Field(
        default=(), description="Without --number: what the PBXs still have, and somebody is to take back."
    )


def schema() -> str:
    """The schema: the same bytes on every machine."""
    described = RenderReport.model_json_schema(mode="serialization")
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **described,
        "title": "Bundles of xai-telephony",
    }
    return json.dumps(whole, indent=2, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema())

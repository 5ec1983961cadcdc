"""`xtel schema`: the JSON Schema of a stack file, with the keys of every carrier that is installed here."""

from __future__ import annotations

import sys

from stacks import schema


def show() -> None:
    """The schema on stdout, byte for byte as it is committed in stacks/schema/stack.json."""
    sys.stdout.write(schema.text())

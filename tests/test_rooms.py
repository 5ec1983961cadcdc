"""What the import contracts cannot say: no vendor is named in the kernel, in a comment neither."""

from __future__ import annotations

import re
from pathlib import Path

from providers.kernel import registry

ROOT = Path(__file__).resolve().parent.parent
#: "sip" is a protocol's name before it is a carrier's, and whoever has a client connects.
WORDS = {"sip", "connect"}
NAMES = {name.lower() for vendor in registry.vendors().values() for name in (vendor.name, vendor.title)} - WORDS
#: A name before a hyphen is another word: this project's own name, and how a key begins.
WORD = re.compile(rf"\b({'|'.join(sorted(map(re.escape, NAMES)))})\b(?!-)", re.IGNORECASE)


def test_the_kernel_names_no_vendor() -> None:
    assert {"twilio", "telnyx", "plivo", "xai"} <= NAMES
    named = [
        f"{path.relative_to(ROOT)}:{count}: {line.strip()}"
        for path in sorted((ROOT / "providers/kernel").rglob("*.py"))
        for count, line in enumerate(path.read_text().splitlines(), start=1)
        if WORD.search(line)
    ]
    assert named == []

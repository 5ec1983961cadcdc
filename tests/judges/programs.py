"""Programs that nobody here wrote: where they are. One that XTEL_TEST_PROGRAMS promises must be there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

import pytest

#: A Python that has PJSUA2: it is GPL, and so in an environment of its own.
PJSUA2 = os.environ.get("XTEL_TEST_PJSUA2", "")
_ASKED = {
    "kamailio": ("kamailio", "-v"),
    "sipp": ("sipp", "-v"),
    "openssl": ("openssl", "version"),
    "opensips": ("opensips", "-V"),
    "rtpengine": ("rtpengine", "--version"),
    "unshare": ("unshare", "--version"),
    "pjsua2": (PJSUA2 or "pjsua2", "-c", "import pjsua2; print(pjsua2.Endpoint().libVersion().full)"),
}


def program(name: str) -> str:
    """Its path; the test is skipped where it is not installed and nobody promised it."""
    found = shutil.which(_ASKED[name][0])
    assert found or name not in os.environ.get("XTEL_TEST_PROGRAMS", "").split(), f"{name} is not on PATH"
    return found or pytest.skip(f"{name} is not installed")


def judges() -> Iterator[str]:
    """Each judge and its version, or that it is not here."""
    for name, command in _ASKED.items():
        if shutil.which(command[0]) is None:
            yield f"{name} (not here)"
            continue
        said = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        found = re.search(r"\d+\.\d+(\.\d+)?", said.stdout + said.stderr)
        yield f"{name} {found[0] if found else '?'}"
    try:
        yield f"baresip-python {version('baresip-python')}"
    except PackageNotFoundError:
        yield "baresip-python (not here)"

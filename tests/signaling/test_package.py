"""What somebody who takes the library alone gets."""

from __future__ import annotations

import subprocess
import sys

import signaling

#: Without the extra, and as if nothing else of this project were there.
ALONE = """
import sys
for name in ("pylibsrtp", "G722", "providers", "xai_resources", "stacks", "xtel", "sandbox", "pulumi", "pydantic", "httpx"):
    sys.modules[name] = None
import signaling
print(*(name for name in signaling.__all__ if not hasattr(signaling, name)))
"""


def test_it_stands_alone() -> None:
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")


def test_every_name_says_what_it_is_for() -> None:
    undocumented = [
        name
        for name in signaling.__all__
        if isinstance(getattr(signaling, name), type) and not getattr(signaling, name).__doc__
    ]
    assert undocumented == []


def test_the_page_names_every_module() -> None:
    """The table at the top of the package, and the sentence below it."""
    from pathlib import Path

    page = signaling.__doc__ or ""
    folder = Path(signaling.__file__).parent
    inner = {"acceptance", "core", "indialog", "inspection", "negotiation"}
    missing = {path.stem for path in folder.glob("*.py") if f"``{path.stem}``" not in page} - {"__init__"} - inner
    assert missing == set()

"""Where programs are found: those of this Python environment first."""

from __future__ import annotations

import os
import sysconfig


def search_path(current: str | None = None) -> str:
    """PATH with this environment's programs first: Pulumi starts the ``python3`` that it finds first there."""
    programs = sysconfig.get_path("scripts")
    rest = (os.environ.get("PATH", os.defpath) if current is None else current).split(os.pathsep)
    return os.pathsep.join([programs, *(folder for folder in rest if folder != programs)])

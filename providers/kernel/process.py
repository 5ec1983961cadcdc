"""The provider process: set up once, and its messages to whoever runs the engine."""

from __future__ import annotations

import os
from functools import cache

from providers.kernel import errors, limits, log, operation, secrecy, workarounds

_DEBUG, _INFO, _WARNING = 0, 1, 2


@cache
def set_up() -> None:
    """Readable errors, the log, enough threads, and an end when the engine ends. Only ever called inside the provider
    process.
    """
    if os.environ.get("XTEL_DEBUG") != "1":
        workarounds.one_line_errors(errors.worded)
    workarounds.widen_pool(limits.PROCESS_LIMIT)
    workarounds.heed_cancel()
    workarounds.end_with_engine()
    log.write_to(debug)


def debug(line: str) -> None:
    """A line of the log, on the resource that is worked on: shown with ``XTEL_LOG=debug``, else by ``pulumi up --debug``.

    Not on standard error: the engine shows that on the stack alone, whatever resource it is about.
    """
    _log(_INFO if log.wanted() else _DEBUG, operation.current().urn, line, ephemeral=False)


def progress(resource: str, message: str) -> None:
    """Show what a running step waits for, on the resource's line."""
    _log(_INFO, resource, message, ephemeral=True)


def warn(resource: str, message: str) -> None:
    """A warning on a resource, kept in the output and in `--json` diagnostics."""
    _log(_WARNING, resource, message, ephemeral=False)


def inform(resource: str, message: str) -> None:
    """Something worth knowing about a resource, kept like a warning."""
    _log(_INFO, resource, message, ephemeral=False)


def _log(severity: int, resource: str, message: str, *, ephemeral: bool) -> None:
    engine = workarounds.engine()
    if engine is None:
        return
    stub, request = engine
    text = secrecy.one_line(message, 600)
    try:
        stub.Log(request(severity=severity, message=text, urn=resource, ephemeral=ephemeral), timeout=5)
    except Exception:
        return  # a message that cannot be shown must not stop the work it speaks of

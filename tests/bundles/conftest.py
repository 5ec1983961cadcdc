"""``make bundles``: the bundle of a platform, run by the program that it is for, where that is installed."""

from __future__ import annotations

import pytest

from tests.bundles import asterisk
from tests.calling.conftest import receiver, sandbox, server

__all__ = ["receiver", "sandbox", "server"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(f"bundles were run by: {asterisk.version() or 'nobody: asterisk is not here'}")

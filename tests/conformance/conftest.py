"""``pytest tests/conformance --write-states`` keeps today's states as the data of this release."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-states", action="store_true", help="keep today's states as this release's data")

"""A sandbox and an application behind its webhooks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.calling.wiring import Receiver
from tests.sandbox.conftest import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("calling"))
    yield running
    assert running.stop() == (0, "")


@pytest.fixture
def sandbox(server: Server) -> Server:
    server.control("POST", "reset")
    server.control("POST", "switches", {"xai.ring_seconds": 2, "xai.webhook_pace": 0.02})
    return server


@pytest.fixture
def receiver(sandbox: Server) -> Iterator[Receiver]:
    made = Receiver(sandbox)
    yield made
    made.close()

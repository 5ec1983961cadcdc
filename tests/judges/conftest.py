"""``make judges``: calls with programs that nobody here wrote, where they are installed; and which of them there were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.calling.conftest import receiver, sandbox
from tests.judges.programs import judges, program
from tests.sandbox.conftest import Server
from tests.signaling.calling import Certificates
from tests.signaling.conftest import certificates
from tests.signaling.kamailio import proxy

__all__ = ["certificates", "edge", "receiver", "sandbox", "server"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(f"judges: {', '.join(judges())}")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A sandbox whose memory can be measured: else the C library keeps what TLS had, for the next call that may come."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MALLOC_MMAP_THRESHOLD_", "131072")
        running = Server(tmp_path_factory.mktemp("judges"))
    yield running
    assert running.stop() == (0, "")


@dataclass(frozen=True)
class Edge:
    """The sandbox's public SIP port, and a Kamailio in front of it that checks its certificate."""

    port: int
    proxy: int


@pytest.fixture(scope="session")
def edge(server: Server, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    program("kamailio")
    port = int(server.env["XTEL_SANDBOX_SIP"].rpartition(":")[2])
    folder: Path = tmp_path_factory.mktemp("kamailio")
    with proxy(certificates, folder, port, server.env["XTEL_SANDBOX_CA"]) as through:
        yield Edge(port, through)

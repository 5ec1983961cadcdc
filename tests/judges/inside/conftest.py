"""One private network for all of these calls, and a proxy for each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from providers.sip import render
from tests.calling.conftest import receiver, sandbox, server
from tests.judges.inside import network
from tests.judges.inside.network import Authority
from tests.judges.inside.relay import Relay, relay
from tests.judges.names import names
from tests.sandbox.conftest import Server
from tests.test_sip import inputs

__all__ = ["receiver", "sandbox", "server"]

NUMBER = "+498912345670"


@pytest.fixture(scope="session")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Names and their places; what is added is found at once."""
    assert os.environ.get("XTEL_TEST_INSIDE"), "these run in a network of their own: pytest tests/judges"
    table: dict[str, str] = {}
    network.addresses()
    with names(table) as resolver:
        network.overlay(resolver, tmp_path_factory.mktemp("network"))
        yield table


@pytest.fixture(scope="session")
def authority(known: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def sound(known: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[bool]:
    """Whether the real relay runs, so that people hear each other."""
    if shutil.which("rtpengine") is None:
        assert "rtpengine" not in os.environ.get("XTEL_TEST_PROGRAMS", "").split()
        yield False
        return
    with network.rtpengine(tmp_path_factory.mktemp("rtpengine")):
        yield True


@pytest.fixture
def media(sound: bool) -> Iterator[Relay]:
    with relay(network.PROXY, real=sound) as kept:
        yield kept


@pytest.fixture
def edge(known: dict[str, str], sandbox: Server) -> Iterator[int]:
    """The sandbox's SIP host by its name; its port."""
    host, _, port = sandbox.env["XTEL_SANDBOX_SIP"].partition(":")
    known.clear()
    known["sip.voice.x.ai"] = f"{host}:{port}"
    yield int(port)
    known.clear()


@pytest.fixture
def proxy(known: dict[str, str], authority: Authority, server: Server, tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Renders a bundle where it belongs, byte for byte, and runs it; the log."""
    open_proxies: list[Any] = []

    def run(password: str = "", **given: Any) -> Path:
        network.AUTHORITIES.write_text(authority.ca + Path(server.env["XTEL_SANDBOX_CA"]).read_text())
        authority.of_proxy()
        number = {"phone_number": NUMBER, "target": f"sip:{NUMBER}@sip.voice.x.ai;transport=tls"}
        wanted = inputs(network.PLATFORM, **{**number, "address": network.PROXY, **given})
        made = render.bundle(wanted)
        texts = dict(made.texts) | ({made.secret: made.sealed(password)} if made.secret else {})
        for name, text in texts.items():
            (network.FOLDER / name).write_text(text)
        started = network.proxy(tmp_path)
        open_proxies.append(started)
        return started.__enter__()

    yield run
    for started in open_proxies:
        started.__exit__(None, None, None)

"""A probe of hosts on this machine: a name server, TLS, a SIP host and a webhook's, as they should be and not."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import dns.message
import dns.rrset
import pytest
import trustme

from providers.kernel.values import Target, target
from signaling import UserAgent, server_context
from xtel.proof.trace import probe
from xtel.proof.trace.probe import Vantage
from xtel.proof.trace.seen import Probed, ProbedWay

HOST = "sip.example.com"


class Names:
    """A name server on loopback: records by name and kind."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], str] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.place: tuple[str, int] = self._socket.getsockname()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                text, peer = self._socket.recvfrom(4096)
            except OSError:
                return
            asked = dns.message.from_wire(text)
            answer = dns.message.make_response(asked)
            [question] = asked.question
            kind = dns.rdatatype.to_text(question.rdtype)
            found = self.records.get((question.name.to_text().rstrip("."), kind))
            if found:
                answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, found))
            elif not any(name == question.name.to_text().rstrip(".") for name, _ in self.records):
                answer.set_rcode(dns.rcode.NXDOMAIN)
            self._socket.sendto(answer.to_wire(), peer)

    def close(self) -> None:
        self._socket.close()


class Hosts:
    """Servers in a thread of their own."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        self.folder = folder
        self.ca_file = str(folder / "ca.pem")
        self.authority.cert_pem.write_to_path(self.ca_file)
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.agents: list[UserAgent] = []

    def certificate(self, *names: str, authority: trustme.CA | None = None) -> ssl.SSLContext:
        file = self.folder / f"{len(list(self.folder.iterdir()))}.pem"
        (authority or self.authority).issue_cert(*names).private_key_and_cert_chain_pem.write_to_path(str(file))
        return server_context(str(file))

    def sip(self, tls: ssl.SSLContext | None) -> int:
        async def listen() -> int:
            agent = UserAgent(on_options=lambda request, peer: 200)
            self.agents.append(agent)
            return (await agent.listen("127.0.0.1", tls=tls)).port

        return asyncio.run_coroutine_threadsafe(listen(), self.loop).result(5)

    def silent(self, tls: ssl.SSLContext) -> int:
        """TLS, and not a word after it."""

        async def listen() -> int:
            async def ignore(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await reader.read(1)
                writer.close()

            server = await asyncio.start_server(ignore, "127.0.0.1", 0, ssl=tls)
            return int(server.sockets[0].getsockname()[1])

        return asyncio.run_coroutine_threadsafe(listen(), self.loop).result(5)

    def close(self) -> None:
        for agent in self.agents:
            asyncio.run_coroutine_threadsafe(agent.close(), self.loop).result(5)
        self.loop.call_soon_threadsafe(self.loop.stop)


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    with ExitStack() as stack:
        made = Hosts(tmp_path_factory.mktemp("hosts"))
        stack.callback(made.close)
        yield made


@pytest.fixture
def names() -> Iterator[Names]:
    made = Names()
    made.records[HOST, "A"] = "127.0.0.1"
    yield made
    made.close()


def look(names: Names, hosts: Hosts, uri: str = "", url: str = "") -> Probed:
    found: dict[str, Target] = {uri: target(uri)} if uri else {}
    return probe.probe(found, [url] if url else [], Vantage(names.place, hosts.ca_file))


def way(names: Names, hosts: Hosts, port: int) -> ProbedWay:
    uri = f"sip:+14155550100@{HOST}:{port};transport=tls"
    return look(names, hosts, uri).ways[uri]


def test_a_host_as_it_should_be(names: Names, hosts: Hosts) -> None:
    seen = way(names, hosts, hosts.sip(hosts.certificate(HOST)))
    assert (seen.addresses, seen.how, seen.options) == (("127.0.0.1",), "A", 200)
    assert seen.tls_version in {"TLSv1.2", "TLSv1.3"} and seen.days_left and seen.days_left > 0
    assert not (seen.dns_error or seen.tls_error or seen.options_error)


def test_a_uri_without_a_port_follows_srv(names: Names, hosts: Hosts) -> None:
    port = hosts.sip(hosts.certificate(HOST))
    names.records[f"_sips._tcp.{HOST}", "SRV"] = f"10 5 {port} edge.example.com."
    names.records["edge.example.com", "A"] = "127.0.0.1"
    uri = f"sip:+14155550100@{HOST};transport=tls"
    seen = look(names, hosts, uri).ways[uri]
    assert (seen.how, seen.options) == (f"SRV edge.example.com:{port}", 200)
    names.records[f"_sips._tcp.{HOST}", "SRV"] = "0 0 0 ."
    assert "no SIP over TLS" in look(names, hosts, uri).ways[uri].dns_error


def test_a_name_that_does_not_resolve(names: Names, hosts: Hosts) -> None:
    uri = "sip:+14155550100@nowhere.example.com;transport=tls"
    seen = look(names, hosts, uri).ways[uri]
    assert not seen.addresses and "nowhere.example.com" in seen.dns_error


def test_no_tls_no_trust_another_name_nobody(names: Names, hosts: Hosts) -> None:
    assert "TLS" in way(names, hosts, hosts.sip(None)).tls_error
    foreign = way(names, hosts, hosts.sip(hosts.certificate(HOST, authority=trustme.CA())))
    assert "is not trusted" in foreign.tls_error and foreign.options is None
    assert (
        "made out to other.example.com"
        in way(names, hosts, hosts.sip(hosts.certificate("other.example.com"))).tls_error
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert "takes no connection" in way(names, hosts, free.getsockname()[1]).tls_error


def test_a_host_that_hangs_up_without_a_word(names: Names, hosts: Hosts) -> None:
    seen = way(names, hosts, hosts.silent(hosts.certificate(HOST)))
    assert seen.tls_version and seen.options is None and seen.options_error


def test_a_webhook(names: Names, hosts: Hosts) -> None:
    names.records["voice.example.com", "A"] = "127.0.0.1"
    port = hosts.silent(hosts.certificate("voice.example.com"))
    url = f"https://voice.example.com:{port}/calls"
    seen = look(names, hosts, url=url).webhooks[url]
    assert not seen.error and seen.days_left
    other = f"https://{HOST}:{port}/calls"
    assert "is not trusted" in look(names, hosts, url=other).webhooks[other].error
    lost = "https://nowhere.example.com/calls"
    assert "nowhere.example.com" in look(names, hosts, url=lost).webhooks[lost].error


def test_the_sandbox_stands_at_its_own_place(names: Names, hosts: Hosts) -> None:
    port = hosts.sip(hosts.certificate("sip.voice.x.ai"))
    told = {"XTEL_SANDBOX_SIP": f"127.0.0.1:{port}", "XTEL_SANDBOX_CA": hosts.ca_file}
    uris = [f"sip:+14155550100@{place};transport=tls" for place in ("sip.voice.x.ai", "sip.voice.x.ai:5060", HOST)]
    found = probe.probe({uri: target(uri) for uri in uris}, ["https://voice.example.com/"], probe.vantage(told.get))
    assert [found.ways[uri].options for uri in uris] == [200, None, None]
    assert found.ways[uris[2]].dns_error == "the sandbox has no such host and port"
    assert not found.webhooks
    assert probe.vantage({}.get) == Vantage()

"""Values of the trade: one spelling each, and errors that name the fix."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.kernel import values
from providers.kernel.values import Target


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("+14155550100", "+14155550100"),
        ("+1 (415) 555-0100", "+14155550100"),
        ("+44 20 7946 0011", "+442079460011"),
        ("+49.89.12345670", "+498912345670"),
        ("+39 06 12345678", "+390612345678"),
        ("+225 0705181123", "+2250705181123"),
        ("+54 9 11 2345-6789", "+5491123456789"),
        ("+5215512345678", "+5215512345678"),
    ],
)
def test_e164_is_one_spelling(text: str, spelled: str) -> None:
    assert values.e164(text) == spelled == values.e164(spelled)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("14155550100", "must start with + and the country code"),
        ("004915112345", "must start with + and the country code"),
        ("+1415555010x", "is not an E.164 number"),
        ("+0123456789", "is not an E.164 number"),
        ("+1415", "is not an E.164 number"),
        ("+21012345678", "country code that does not exist"),
        ("+1415555010", "too long or too short"),
        ("", "must start with +"),
        ("+49 (0)30 123456", "inside its country only: write +4930123456"),
        ("+44 (0)20 7946 0011", "inside its country only: write +442079460011"),
        ("+54 11 15 2345 6789", "inside its country only: write +5491123456789"),
        ("+52155123456789", "too long or too short"),
    ],
)
def test_e164_refuses_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason.replace("+", r"\+")):
        values.e164(text)


def test_improbable_is_possible_but_not_assigned() -> None:
    assert values.improbable("+15555550100")
    assert not values.improbable("+14155550100")
    assert values.pretty("+14155550100") == "+1 415-555-0100"


networks = st.builds(
    lambda address, length: str(ipaddress.ip_network((address, length), strict=False)),
    st.integers(0, 2**32 - 1),
    st.integers(8, 32),
)


@given(st.lists(networks, min_size=1, max_size=12))
def test_cidrs_are_canonical(entries: list[str]) -> None:
    once = values.cidrs(entries)
    assert values.cidrs(once) == once
    assert values.cidrs(reversed(entries)) == once
    assert values.cidrs([*entries, *entries]) == once
    covered = {address for net in once for address in (ipaddress.ip_network(net)[0], ipaddress.ip_network(net)[-1])}
    assert all(any(point in ipaddress.ip_network(entry) for entry in entries) for point in covered)
    assert all(
        any(ipaddress.ip_network(entry).subnet_of(ipaddress.ip_network(net)) for net in once) for entry in entries
    )  # type: ignore[arg-type]


def test_cidr_spells_and_refuses() -> None:
    assert values.cidr(" 203.0.113.7 ") == "203.0.113.7/32"
    assert values.cidr("2001:DB8::/32") == "2001:db8::/32"
    for text, reason in [
        ("203.0.113.1/28", r"host bits are set; the network is 203\.0\.113\.0/28"),
        ("0.0.0.0/0", "write `auth: open`"),
        ("::/0", "write `auth: open`"),
        ("example.com", "is not a CIDR"),
        ("203.0.113.0/33", "is not a CIDR"),
        ("fe80::1%eth0", "has the scope of one machine's interface"),
    ]:
        with pytest.raises(ValueError, match=reason):
            values.cidr(text)


def test_networks_that_are_the_whole_internet_together_are_refused() -> None:
    for halves in (["0.0.0.0/1", "128.0.0.0/1"], ["::/1", "8000::/1"], ["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/1"]):
        with pytest.raises(ValueError, match="together are the whole internet; write `auth: open`"):
            values.cidrs(halves)


def test_target_is_what_the_card_says() -> None:
    target = Target(number="+14155550100")
    assert str(target) == "sip:+14155550100@sip.voice.x.ai;transport=tls"
    assert values.target("SIP:+14155550100@SIP.Voice.X.AI.;Transport=TLS") == target
    assert str(Target(host="sip.voice.x.ai")) == "sip:sip.voice.x.ai;transport=tls"
    assert values.target("sip:a@b.example").transport == "udp"


@given(
    st.builds(
        Target,
        number=st.from_regex(values.E164_PATTERN, fullmatch=True),
        host=st.just("sip.voice.x.ai"),
        transport=st.sampled_from(["tls", "tcp", "udp"]),
        port=st.none() | st.integers(1, 65535),
        parameters=st.sampled_from([(), (("edge", "ashburn"),), (("edge", "dublin"), ("region", "ie1"))]),
    )
)
def test_target_survives_writing_and_reading(target: Target) -> None:
    assert values.target(str(target)) == target


@pytest.mark.parametrize("text", ["sips:a@b", "a@b", "sip:", "sip:a@b c", "sip:a@b;transport=ws", "https://x.ai"])
def test_not_a_sip_uri(text: str) -> None:
    with pytest.raises(ValueError, match="SIP URI|transport"):
        values.target(text)


def test_https_url() -> None:
    assert values.https_url("HTTPS://Voice.Example.com:443/Calls?x=1") == "https://voice.example.com/Calls?x=1"
    assert values.https_url("https://voice.example.com") == "https://voice.example.com/"
    for text in ("http://voice.example.com", "voice.example.com", "https://user:pw@example.com/"):
        with pytest.raises(ValueError, match="must"):
            values.https_url(text)


def test_unknown_is_found_inside() -> None:
    assert values.has_unknown({"a": [1, {"b": values.UNKNOWN}]})
    assert not values.has_unknown({"a": [1, {"b": None}]})


@pytest.mark.parametrize(
    "url",
    [
        "https://0x7f000001/",
        "https://127.1/",
        "https://2130706433/",
        "https://a.example:99999/",
        "https://[::1",
        "https://a.example/\x00",
        "https://a.exam\u202eple/",
        "https://a.exa\nmple/",
    ],
)
def test_what_only_looks_like_a_url_is_refused_in_our_words(url: str) -> None:
    with pytest.raises(ValueError, match="^(must|holds|is not|its host|has a port)") as refused:
        values.https_url(url)
    assert type(refused.value) is ValueError


@pytest.mark.parametrize(
    "uri",
    [
        "sip:+1\x00@a.example",
        "sip:+1\u202e@a.example",
        "sip:+1@127.1",
        "sip:+1@0x7f.1.2.0x3",
        "sip:+1@a_-.example",
        "sip:+1@a:" + "9" * 5000,
    ],
)
def test_what_only_looks_like_a_sip_uri_is_refused_in_our_words(uri: str) -> None:
    with pytest.raises(ValueError, match="^(must|holds|is not|its host|has a port)") as refused:
        values.sip_uri(uri)
    assert type(refused.value) is ValueError


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("voice", "is a single word"),
        ("localhost", "one machine or network"),
        ("a.LOCALHOST.", "one machine or network"),
        ("pbx.local", "one machine or network"),
        ("10.0.0.1", "is a private address"),
        ("127.1", "is a loopback address"),
        ("0x7f000001", "is a loopback address"),
        ("2130706433", "is a loopback address"),
        ("[::ffff:169.254.169.254]", "is a link-local address"),
        ("[fc00::1]", "is a private address"),
        ("0.0.0.0", "is an unspecified address"),
        ("100.64.0.1", "is a shared address"),
        ("224.0.0.1", "is a multicast address"),
        ("203.0.113.5", "must be a host name, not an address"),
        ("8.8.8.8", "must be a host name, not an address"),
        ("[2606:4700::1111]", "must be a host name, not an address"),
        ("999.1.1.1", "must be a host name, not an address"),
        ("a..example", "is not a host name"),
        ("https://voice.example.com", "is not a host name"),
    ],
)
def test_a_host_is_a_public_name_wherever_it_stands(name: str, reason: str) -> None:
    for read, text in (
        (values.host, name),
        (values.https_url, f"https://{name}/x"),
        (values.sip_uri, f"sip:+1@{name}"),
    ):
        if "//" in name and read is not values.host:
            continue
        with pytest.raises(ValueError, match=reason):
            read(text)


@pytest.mark.parametrize("port", ["0", "65536", "99999"])
def test_a_port_is_one_that_there_is(port: str) -> None:
    with pytest.raises(ValueError, match="port"):
        values.sip_uri(f"sip:+1@a.example:{port}")
    with pytest.raises(ValueError, match=r"port|https://"):
        values.https_url(f"https://a.example:{port}/")


def test_a_pbx_says_where_it_is_by_a_name_or_a_public_address() -> None:
    spelled = {
        "PBX.example.com.": "pbx.example.com",
        "203.0.113.10": "203.0.113.10",
        "2606:4700::1": "2606:4700::1",
        "": "",
    }
    assert {text: values.public_address(text) for text in spelled} == spelled
    for text in ("pbx", "10.0.0.1", "localhost", "a;b", "fe80::1", "127.1"):
        with pytest.raises(ValueError, match="^(is|must)"):
            values.public_address(text)

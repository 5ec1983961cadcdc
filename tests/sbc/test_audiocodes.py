"""Bundles for AudioCodes: rows fit their columns, names are there, values stay values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from providers.sip import bundle, render
from tests.sbc import audiocodes
from tests.test_sip import FALLBACK, NUMBER, inputs

NAMED = {"sip_interface": "SIF", "media_realm": "MR", "srd": "SRD", "routing_policy": "RP", "from_group": "IPG_Teams"}
VARIANTS: dict[str, dict[str, Any]] = {
    "least": {},
    "digest": {"username": "hq"},
    "no-srtp": {"srtp": "off"},
    "all": {
        "username": "hq", "fallback": FALLBACK, "address": "203.0.113.10", "keepalive": True, "transfer": True,
        "did": [f"0{n}12345" for n in range(9)], "row": 40, "shared_row": 12, **NAMED,
    },
    "passed": {"transfer": "pass"},
    "groups": {"username": "hq", "did": ["0891234"], "from_group": ["IPG_Carrier", "IPG_Teams", "IPG_PBX"], "transfer": True},
}  # fmt: skip


def text(password: str = "pw", **given: Any) -> str:
    wanted = inputs("audiocodes", **given)
    made = bundle.files(wanted)
    files = [made.texts["xai.ini"], made.texts["xai-14155550123.ini"]]
    return "\n".join([*files, render.secret(wanted, password)] if made.secret else files)


def there(**given: Any) -> dict[str, set[str]]:
    """The SBC's own objects, as the route names them."""
    wanted = inputs("audiocodes", **given)
    owns = {
        "SRD": "srd",
        "SIPInterface": "sip_interface",
        "CpMediaRealm": "media_realm",
        "SBCRoutingPolicy": "routing_policy",
    }
    return {table: {wanted[key]} for table, key in owns.items()} | {
        "IPGroup": set(wanted["from_group"]),
        "MessageManipulations": {str(wanted["shared_row"])},
    }


def tables(**given: Any) -> dict[str, audiocodes.Table]:
    found: list[str] = []
    read = audiocodes.tables(text(**given), found)
    assert found == []
    return read


@pytest.mark.parametrize("variant", VARIANTS)
def test_rows_fit_their_columns_and_every_name_is_there(variant: str) -> None:
    assert audiocodes.problems(text(**VARIANTS[variant]), there(**VARIANTS[variant])) == []


def test_all_rows_of_a_number_are_the_twenty_it_is_given() -> None:
    read = tables(**VARIANTS["all"])
    shared = {"TLSContexts", "AudioCodersGroups", "AudioCoders", "ProxySet", "ProxyIp"}
    for name, table in read.items():
        rows = {int(row["Index"]) for row in table.rows}
        assert rows <= ({12, 120, 121} if name in shared else set(range(40, 60))), name


BROKEN = {
    "a column too many": (
        "Type, Name, ProxySetName",
        "Type, Name, Extra, ProxySetName",
        "IPGroup 20: 10 values for 11 columns",
    ),
    "a value is missing": ('"xAI", 12, 0;', '"xAI", 12;', "TLSContexts 9: 2 values for 3 columns"),
    "a name is not there": (
        '"IPP_xai_14155550123", 9, 0',
        '"IPP_other", 9, 0',
        "ProfileName IPP_other: no such row in IpProfile",
    ),
    "a set is not there": ('"PS_xAI", "sip', '"PS_other", "sip', "ProxySetName PS_other: no such row in ProxySet"),
    "a table is open": ("[ \\IPGroup ]\n", "", "does not close [ IPGroup ]"),
    "a bare word": ('"IPG_Carrier", "+14', 'IPG_Carrier, "+14', "a value is neither a number nor in quotes"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused(name: str) -> None:
    before, after, words = BROKEN[name]
    assert before in text()
    assert words in "\n".join(audiocodes.problems(text().replace(before, after, 1), there()))


def test_codes_are_those_that_public_configurations_agree_on() -> None:
    read = tables(username="hq")
    assert [(row["Name"], row["pTime"], row["rate"], row["PayloadType"]) for row in read["AudioCoders"].rows] == [
        ("2", "2", "90", "-1"),  # G.711 µ-law, 20 ms, 64 kbit/s
        ("1", "2", "90", "-1"),
    ]
    assert read["ProxyIp"].rows[0]["TransportType"] == "2"  # TLS
    assert read["ProxySet"].rows[0] | {"EnableProxyKeepAlive": "0", "DNSResolveMethod": "0"} == read["ProxySet"].rows[0]
    assert read["IPGroup"].rows[0]["AuthenticationMode"] == "1"  # the SBC answers the challenge
    assert tables()["IPGroup"].rows[0]["AuthenticationMode"] == "0"
    assert read["Account"].rows[0]["Register"] == "0"
    assert read["IpProfile"].rows[0]["SBCMediaSecurityBehaviour"] == "1"  # SRTP
    assert tables(srtp="off")["IpProfile"].rows[0]["SBCMediaSecurityBehaviour"] == "2"
    assert tables(keepalive=True)["ProxySet"].rows[0]["EnableProxyKeepAlive"] == "1"


@pytest.mark.parametrize("transfer", ["refuse", "consume", "pass"])
def test_a_refer_goes_where_the_route_says(transfer: str) -> None:
    """3 is handled by the SBC, which then looks for a row with the trigger REFER (2) or any (0): the first one decides.

    So no row that is for calls has the trigger 0, and a refusal is a row of its own (13: answered by the SBC itself).
    """
    read = tables(transfer=transfer)
    rows = read["IP2IPRouting"].rows
    assert {row["Trigger"] for row in rows if row["DestUsernamePrefix"] != "*"} == {"4"}
    wanted = {
        "refuse": ("3", [("2", "IPG_xai_14155550123", "13", "", "Reply(Response='603')")]),
        "consume": ("3", [("2", "IPG_xai_14155550123", "0", "IPG_Carrier", "")]),
        "pass": ("0", []),
    }[transfer]
    columns = ("Trigger", "ReRouteIPGroupName", "DestType", "DestIPGroupName", "InternalAction")
    found = [tuple(row[column] for column in columns) for row in rows if row["DestUsernamePrefix"] == "*"]
    assert (read["IpProfile"].rows[0]["SBCRemoteReferBehavior"], found) == wanted


@pytest.mark.parametrize(("transfer", "row"), [("refuse", "refused"), ("consume", "transfer")])
def test_the_row_of_transfers_must_stand_above_any_that_would_take_one(transfer: str, row: str) -> None:
    page = bundle.files(inputs("audiocodes", transfer=transfer)).page
    assert page is not None
    step = next(step for step in page.steps if f"`xai_14155550123_{row}`" in step)
    assert "Move it above every row whose Call Trigger is Any" in step
    assert any("The refusal of a REFER" in each for each in page.unverified) is (transfer == "refuse")


def test_every_spelling_is_routed_and_becomes_the_number() -> None:
    read = tables(did=["0891234"])
    assert [row["DestUsernamePrefix"] for row in read["IP2IPRouting"].rows] == [
        f"{NUMBER}#",
        f"{NUMBER[1:]}#",
        "0891234#",
        "*",
    ]
    changed = {(row["Condition"].split()[-1], row["ActionValue"]) for row in read["MessageManipulations"].rows}
    assert changed == {(f"'{NUMBER[1:]}'", f"'{NUMBER}'"), ("'0891234'", f"'{NUMBER}'")}


def test_calls_of_each_ip_group_have_rows_and_a_login() -> None:
    """A row and an account are for one source: what is not named finds no way, or goes without credentials."""
    read = tables(**VARIANTS["groups"])
    groups = VARIANTS["groups"]["from_group"]
    spelled = [f"{NUMBER}#", f"{NUMBER[1:]}#", "0891234#"]
    rows = [(row["SrcIPGroupName"], row["DestUsernamePrefix"]) for row in read["IP2IPRouting"].rows]
    assert rows == [*((group, text) for group in groups for text in spelled), ("Any", "*")]
    assert read["IP2IPRouting"].rows[-1]["DestIPGroupName"] == "IPG_Carrier", "transfers go to the first"
    for name, column in (("IP2IPRouting", "RouteName"), ("Account", "AccountName")):
        names = [row[column] for row in read[name].rows]
        assert len(set(names)) == len(names)
    assert [row["ServedIPGroupName"] for row in read["Account"].rows] == groups


def test_a_number_keeps_to_its_twenty_rows() -> None:
    spellings = [f"0{n}12345" for n in range(7)]
    inputs("audiocodes", did=spellings, from_group=["A", "B"])
    with pytest.raises(ValidationError, match="from_group: 10 spellings of the number from 2 IP groups"):
        inputs("audiocodes", did=[*spellings, "0712345"], from_group=["A", "B"])


@pytest.mark.parametrize("platform", ["teams", "zoom"])
@pytest.mark.parametrize(
    ("calls", "groups", "words"),
    [
        ("both", "IPG_Teams", "calls: both needs the carrier's IP group and that of"),
        ("both", ["IPG_Carrier", "IPG_Teams"], ""),
        ("dialled", None, "name the IP group that calls of (Teams|Zoom) come from"),
        ("dialled", "IPG_Teams", ""),
        ("delivered", None, ""),
    ],
)
def test_where_calls_come_from_has_an_ip_group(platform: str, calls: str, groups: object, words: str) -> None:
    given = {"sbc": "audiocodes", "calls": calls} | ({"from_group": groups} if groups else {})
    if not words:
        assert inputs(platform, **given)["calls"] == calls
        return
    with pytest.raises(ValidationError, match=f"from_group: {words}"):
        inputs(platform, **given)


def test_what_the_files_cannot_do_is_on_the_page() -> None:
    page = bundle.files(inputs("audiocodes", **VARIANTS["all"])).page
    assert page is not None
    told = " ".join((*page.only_you_know, *page.steps))
    for word in (
        "PeerHostNameVerificationMode",
        "Trusted Root",
        "incremental",
        "7.40",
        "NAT",
        "removes none",
        "would be there twice",
        "Alternative",
        *NAMED.values(),
    ):
        assert word in told, word
    with pytest.raises(ValidationError, match="codecs is for platform"):
        inputs("audiocodes", codecs=["G722"])


@pytest.mark.parametrize("key", NAMED)
@given(name=st.text(min_size=1, max_size=40))
@example(name='a"; IPGroup 0 = 0, "x')
@example(name="a\n[ \\IPGroup ]")
@example(name="a, b")
@example(name="1")
def test_an_objects_name_is_one_value_or_refused(key: str, name: str) -> None:
    try:
        made = text(username="hq", **{key: name})
    except ValidationError as error:
        assert key in str(error)
        return
    assert audiocodes.problems(made, there(**{key: name})) == []


@given(password=st.text(max_size=30))
@example(password="$1$a")
def test_a_password_is_one_value_or_refused(password: str) -> None:
    try:
        made = text(password, username="hq")
    except ValueError as error:
        assert str(error).startswith("password: ")
        return
    found: list[str] = []
    assert audiocodes.tables(made, found)["Account"].rows[0]["Password"] == password
    assert found == []

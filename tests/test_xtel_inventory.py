"""`xtel inventory`: a network over every vendor, what is orphaned in it, and what is shown when somebody does not answer."""

from __future__ import annotations

import csv
import io
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from providers.kernel import inventory as kernel
from providers.kernel import marker, registry
from providers.kernel.session import Session
from tests.conformance.subjects.telnyx import Telnyx
from tests.conftest import ROOT, Sandbox
from tests.test_xtel_cli import ended
from xtel.operations.inventory import model, shown
from xtel.operations.inventory.model import HeldObject, NetworkInventory, Orphan

SCHEMA = ROOT / "xtel/operations/inventory/inventory.schema.json"
SALES, LOST, OTHERS, FAX = "+14155550120", "+14155550121", "+14155550123", "+14155550126"
LONDON, NYC, PBX = "+442079460033", "+12125550188", "+498912345670"
GONE, LEFT = "+14155550124", "+14155550125"
FILE = f"""version: 1
defaults: {{webhook: {{url: https://voice.example.com/calls}}}}
numbers:
  sales: {{number: "{SALES}", route: {{carrier: twilio}}}}
  london: {{number: "{LONDON}", route: {{carrier: telnyx}}}}
  nyc: {{number: "{NYC}", route: {{carrier: plivo}}}}
  hq: {{number: "{PBX}", route: {{carrier: sip, platform: asterisk}}, auth: {{digest: {{username: hq}}}}}}
"""


def _trunk(count: int, name: str, *uris: str) -> dict[str, Any]:
    urls = [
        {"weight": 10, "priority": rank, "enabled": True, "friendly_name": name[:64], "sip_url": uri}
        for rank, uri in enumerate(uris)
    ]
    return {"sid": f"TK{count:032x}", "friendly_name": name, "origination_urls": urls}


def _mark(number: str, stack: str = "dev") -> str:
    return marker.marker("acme", stack, number)


def _registered(number: str, name: str = "by hand", *, ours: bool = False) -> dict[str, Any]:
    return {"phone_number": number, "name": marker.label(name, _mark(number)) if ours else name}


def xai(number: str) -> str:
    return f"sip:{number}@sip.voice.x.ai;transport=tls"


NETWORK: dict[str, Any] = {
    "twilio": {
        "trunks": [
            _trunk(1, _mark(SALES), xai(SALES), "sip:pbx.example.com"),
            _trunk(2, "=made by hand", "sip:sip.voice.x.ai;transport=tls"),
            _trunk(3, _mark("+14155550122", "old")),
            _trunk(4, marker.marker("other", "prod", OTHERS), "sip:pbx.example.com"),
        ],
        "numbers": [
            {"phone_number": SALES, "trunk_sid": f"TK{1:032x}"},
            {"phone_number": LOST, "trunk_sid": f"TK{2:032x}"},
            {"phone_number": OTHERS, "trunk_sid": f"TK{4:032x}"},
            {"phone_number": FAX, "voice_receive_mode": "fax"},
        ],
    },
    "telnyx": {
        "fqdn_connections": [
            {
                "id": "1001",
                "connection_name": _mark(LONDON),
                "transport_protocol": "TLS",
                "inbound": {"default_primary_fqdn_id": "2001"},
            }
        ],
        "fqdns": [
            {"id": "2001", "connection_id": "1001", "fqdn": "sip.voice.x.ai", "dns_record_type": "a", "port": 5061}
        ],
        "numbers": [{"phone_number": LONDON, "connection_id": "1001"}],
    },
    "plivo": {
        "uris": [
            {
                "uri_uuid": "00000000-0000-4000-8000-00000000aaaa",
                "name": _mark(NYC),
                "uri": "sip.voice.x.ai;transport=tls",
            },
            {
                "uri_uuid": "00000000-0000-4000-8000-00000000bbbb",
                "name": f"{_mark(GONE)}/fallback",
                "uri": "sip:pbx.example.com",
            },
        ],
        "trunks": [
            {
                "trunk_id": "30000000000000001",
                "name": _mark(NYC),
                "trunk_direction": "inbound",
                "primary_uri_uuid": "00000000-0000-4000-8000-00000000aaaa",
            }
        ],
        "numbers": [{"phone_number": NYC, "app_id": "30000000000000001"}],
    },
    "xai": {
        "numbers": [
            _registered(SALES, "sales", ours=True),
            _registered(LONDON, "london", ours=True),
            _registered(NYC, "nyc", ours=True),
            _registered(PBX, "hq", ours=True),
            _registered(GONE),
            _registered(LEFT, "left", ours=True),
        ]
    },
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean_env: None) -> Path:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: acme\nruntime: python\n")
    (tmp_path / "stacks/dev.yaml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


@pytest.fixture
def network(project: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The sandbox with the network, and its credentials in the shell."""
    sandbox.seed(NETWORK)
    for name, value in sandbox.env().items():
        monkeypatch.setenv(name, value)
    return sandbox


Told = Callable[..., tuple[int, str, str]]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    """Runs it; answers the exit code and what it printed, checking that no line of a request writes."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = ended("inventory", *arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return run


def read(told: Told, *arguments: str) -> dict[str, Any]:
    code, out, _ = told(*arguments, "--json")
    found = json.loads(out)
    jsonschema.validate(found, json.loads(SCHEMA.read_text()))
    assert code == found["exit"]
    return found


def by_number(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["number"]: each for each in found["numbers"]}


def orphans(found: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(each["kind"], each["vendor"], each["number"] or each["object"]["name"]) for each in found["orphans"]}


def test_the_published_schema_is_current() -> None:
    assert SCHEMA.read_text() == model.schema(), (
        "python -m xtel.operations.inventory.model > xtel/operations/inventory/inventory.schema.json"
    )


def test_every_number_of_every_vendor(network: Sandbox, told: Told) -> None:
    network.forget_log()
    found = read(told)
    assert network.writes() == ["POST /oauth/token"]
    assert found["exit"] == 0
    assert {each["vendor"]: each["status"] for each in found["vendors"]} == dict.fromkeys(
        ("xai", "chime", "connect", "genesys", "plivo", "telnyx", "twilio", "vonage", "webex", "zoom"), "answered"
    )
    rows = by_number(found)
    assert rows.keys() >= {SALES, LOST, OTHERS, FAX, LONDON, NYC, PBX, GONE, LEFT, "+13035550164", "+16505550123"}
    assert rows[SALES] == {
        "number": SALES,
        "vendor": "twilio",
        "account": os.environ["TWILIO_ACCOUNT_SID"],
        "attached": {"kind": "trunk", "id": f"TK{1:032x}", "name": _mark(SALES)},
        "targets": [xai(SALES), "sip:pbx.example.com"],
        "remark": "",
        "registered": True,
        "registration": {**rows[SALES]["registration"], "number": SALES, "origin": "byo_trunk"},
        "declared_by": [{"project": "acme", "stack": "dev", "by": "file"}],
        "orphan": None,
    }
    assert rows[LONDON]["attached"] == {"kind": "connection", "id": "1001", "name": _mark(LONDON)}
    assert (rows[LONDON]["targets"], rows[NYC]["targets"]) == ([xai(LONDON)], ["sip:sip.voice.x.ai;transport=tls"])
    assert rows[NYC]["attached"]["id"] == "30000000000000001"
    assert rows["+13035550164"]["attached"]["name"] == "Default"
    assert rows["+13035550164"]["targets"] == ["https://s3.amazonaws.com/static.plivo.com/answer.xml"]
    assert (rows[FAX]["attached"], rows[FAX]["remark"]) == (None, "it receives faxes")
    assert rows[OTHERS]["declared_by"] == [{"project": "other", "stack": "prod", "by": "marker"}]
    assert (rows[OTHERS]["registered"], rows[OTHERS]["orphan"]) == (False, None)
    assert rows["+16505550123"]["registration"]["agent_id"] == "agent_frontdesk0001"


ORPHANS = {
    ("registration_without_number", "xai", GONE),
    ("registration_without_number", "xai", LEFT),
    ("number_without_registration", "twilio", LOST),
    ("undeclared_object", "twilio", _mark("+14155550122", "old")),
    ("undeclared_object", "plivo", _mark(GONE)),
    ("undeclared_object", "xai", LEFT),
}


def test_the_orphans(network: Sandbox, told: Told) -> None:
    assert orphans(read(told)) == ORPHANS


def test_a_sandbox_that_tries_another_stacks_file_declares_it(project: Path, network: Sandbox, told: Told) -> None:
    (project / "Pulumi.sandbox.yaml").write_text("config: {'xtel:file': stacks/dev.yaml}\n")
    network.seed({"plivo": {"uris": [{"uri_uuid": "00000000-0000-4000-8000-00000000bbbb", "uri": "sip:a@b.example.com",
                                      "name": marker.marker("acme", "sandbox", NYC)}]}})  # fmt: skip
    assert not any(stack == "sandbox" for stack in (each["stack"] for each in read(told)["orphans"]))


def test_one_carrier_is_judged_by_itself(network: Sandbox, told: Told) -> None:
    network.forget_log()
    found = read(told, "--carrier", "twilio")
    assert {each["vendor"] for each in found["numbers"]} == {"twilio"}
    assert {each["vendor"] for each in found["vendors"]} == {"xai", "twilio"}
    assert orphans(found) == {each for each in ORPHANS if each[1] == "twilio"}
    assert not any("/Account/" in entry["path"] and "MA" in entry["path"] for entry in network.log())


def test_a_vendor_that_fails_leaves_the_rest(network: Sandbox, told: Told) -> None:
    network.fault("GET /v2/fqdn_connections", "status", status=403, times=9)
    code, out, err = told("--json")
    found = json.loads(out)
    assert (code, found["exit"]) == (1, 1)
    [failed] = [each for each in found["vendors"] if each["status"] == "failed"]
    assert failed["vendor"] == "telnyx"
    assert f"error: {failed['error']}" in err
    rows = by_number(found)
    assert {SALES, NYC} <= rows.keys()
    # Who knows what Telnyx has: no undeclared registration is called lost, and a declared one is not either.
    assert (rows[LONDON]["vendor"], rows[LONDON]["orphan"]) == ("xai", None)
    assert not any(kind == "registration_without_number" for kind, _, _ in orphans(found))


def test_without_xai_nothing_is_called_unregistered(network: Sandbox, told: Told) -> None:
    network.fault("GET /v2/phone-numbers", "status", status=403, times=9)
    found = read(told)
    assert found["exit"] == 1
    assert {each["registered"] for each in found["numbers"]} == {None}
    assert {each[0] for each in orphans(found)} == {"undeclared_object"}


def test_a_vendor_without_credentials_is_said_and_not_failed(
    network: Sandbox, monkeypatch: pytest.MonkeyPatch, told: Told
) -> None:
    monkeypatch.delenv("PLIVO_AUTH_ID")
    code, out, err = told()
    assert code == 0
    assert "not asked: Plivo: PLIVO_AUTH_ID is not set; next: export PLIVO_AUTH_ID=…\n" in err
    assert "Plivo account" not in out
    found = read(told)
    assert by_number(found)[NYC]["orphan"] is None  # declared at a carrier that nobody asked
    assert ("registration_without_number", "xai", GONE) in orphans(found)


def test_without_any_credentials(project: Path, told: Told) -> None:
    code, out, err = told()
    assert (code, out) == (0, "0 numbers, 0 orphans\n")
    assert err.count("not asked: ") == 1 + len(registry.carriers()) - 1  # `sip` has no API


def test_a_stack_file_with_errors_calls_nothing_undeclared(network: Sandbox, project: Path, told: Told) -> None:
    (project / "stacks/dev.yaml").write_text("version: 1\nnumbers: {a: {number: 1}}\n")
    found = read(told)
    assert found["exit"] == 1
    [unread] = found["unread"]
    assert unread["stack"] == "dev" and unread["error"].startswith("stacks/dev.yaml:2: numbers.a.number: must be text")
    assert {each for each in orphans(found) if each[0] == "undeclared_object"} == {
        ("undeclared_object", "twilio", _mark("+14155550122", "old"))
    }
    assert by_number(found)[SALES]["declared_by"] == [{"project": "acme", "stack": "dev", "by": "marker"}]


def test_outside_of_a_project_markers_tell(
    network: Sandbox, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, told: Told
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("nowhere"))
    found = read(told)
    assert (found["exit"], found["project"]) == (0, "")
    assert by_number(found)[SALES]["declared_by"] == [{"project": "acme", "stack": "dev", "by": "marker"}]
    assert not any(kind == "undeclared_object" for kind, _, _ in orphans(found))


def test_forwarded_calls_and_a_connection_that_is_off(network: Sandbox, told: Told) -> None:
    telnyx = Telnyx(network)
    id = network.numbers("telnyx")[LONDON]["id"]
    forwarding = {"call_forwarding_enabled": True, "forwards_to": "+13125550142", "forwarding_type": "always"}
    telnyx.ask("PATCH", f"phone_numbers/{id}/voice", call_forwarding=forwarding)
    row = by_number(read(told))[LONDON]
    assert (row["targets"], row["remark"]) == (["tel:+13125550142"], "its calls are forwarded")
    telnyx.ask("PATCH", f"phone_numbers/{id}/voice", call_forwarding={"call_forwarding_enabled": False})
    telnyx.ask("PATCH", "fqdn_connections/1001", active=False)
    row = by_number(read(told))[LONDON]
    assert (row["targets"], row["remark"]) == ([], "the connection is switched off")


@pytest.mark.parametrize(("carrier", "count"), [("twilio", 1001), ("telnyx", 251), ("plivo", 21)])
def test_more_than_a_page(carrier: str, count: int, network: Sandbox, told: Told) -> None:
    numbers = [f"+1650555{1000 + rank}" for rank in range(count)]
    network.seed({carrier: {"numbers": [{"phone_number": number} for number in numbers]}})
    found = by_number(read(told, "--carrier", carrier))
    assert found.keys() >= set(numbers)


# -- what people and spreadsheets read ---------------------------------------------------------------------------------


def test_the_table_has_whole_numbers_in_80_columns(network: Sandbox, told: Told) -> None:
    code, out, err = told()
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    for number in by_number(read(told)):
        assert any(line.startswith(f"{number} ") for line in lines), number
    for number in (SALES, LONDON):
        assert any(xai(number) in line and line.endswith(" dev") for line in lines), number
    assert lines[-1] == f"{len(read(told)['numbers'])} numbers, 6 orphans"


def test_csv_gives_every_value_back_and_no_formula(network: Sandbox, told: Told) -> None:
    code, out, _ = told("--format", "csv")
    head, *rows = csv.reader(io.StringIO(out))
    assert code == 0
    assert tuple(head) == shown.COLUMNS
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    values = [dict(zip(head, [cell.removeprefix("'") for cell in row], strict=True)) for row in rows]
    found = read(told)
    assert [each["number"] for each in values if each["orphan"] != "undeclared_object"] == [
        each["number"] for each in found["numbers"]
    ]
    [lost] = [each for each in values if each["number"] == LOST]
    assert (lost["attached_name"], lost["orphan"]) == ("=made by hand", "number_without_registration")
    [sales] = [each for each in values if each["number"] == SALES]
    assert sales["targets"].split() == [xai(SALES), "sip:pbx.example.com"]
    assert sales["declared_by"] == "acme/dev"
    assert sum(each["orphan"] == "undeclared_object" for each in values) == 3


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(1)", "'quoted", 'a",=1', "a;=1", "plain", "\t=1", " =1"])
def test_a_cell_is_never_a_formula(name: str) -> None:
    object = HeldObject(kind="trunk", id="1", name=name)
    orphan = Orphan(kind="undeclared_object", vendor="v", account="a", number="", object=object, stack="s")
    text = shown.as_csv(NetworkInventory(exit=0, project="p", vendors=(), numbers=(), orphans=(orphan,), unread=()))
    [_, row] = csv.reader(io.StringIO(text))
    cell = row[shown.COLUMNS.index("attached_name")]
    assert not cell.startswith(("=", "+", "-", "@", "\t"))
    assert cell.removeprefix("'") in {name, name.strip()}


def test_who_is_slow_is_told_after_two_seconds(network: Sandbox, told: Told) -> None:
    network.fault("GET /v2/fqdn_connections", "delay", seconds=2.6)
    started = time.monotonic()
    code, out, err = told("--json")
    assert (code, time.monotonic() - started > 2.5) == (0, True)
    assert err.startswith("asking xAI and the carriers: ")
    assert "Twilio is done" in err
    assert json.loads(out)["exit"] == 0


@pytest.mark.parametrize(
    "arguments", [("--carrier", "nosuch"), ("--carrier", "sip"), ("--format", "xml"), ("--format", "csv", "--json")]
)
def test_wrong_usage(arguments: tuple[str, ...], project: Path, told: Told) -> None:
    assert told(*arguments)[0] == 64


# -- carriers that declare no inventory --------------------------------------------------------------------------------


def test_a_carrier_without_an_inventory_tells_what_its_import_knows(network: Sandbox) -> None:
    declared = registry.carriers()["twilio"]
    assert declared.route_import
    inventory = kernel.from_routes(declared.route_import)
    session = Session(declared, lambda key: None)
    found = {each.number: each for each in session.ask(lambda api: list(inventory.numbers(api)))}
    assert found[SALES].targets == (xai(SALES), "sip:pbx.example.com")
    assert found[SALES].attached == kernel.NamedObject("trunk", f"TK{1:032x}")
    assert found[FAX].remark.startswith("it is on no trunk")
    assert list(inventory.objects(session.api)) == []

"""`xtel trace` as a person types it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from stacks.resource import NUMBER
from tests.calling import wiring
from tests.calling.wiring import NUMBERS
from tests.sandbox.conftest import Server
from xtel import cli
from xtel.proof.trace import model

KEYS = ["support", "shared", "spoken", "pasted", "chicago", "console-agent", "nyc", "hq", "open", "bare", "frontdesk"]


def ended(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ending:
        cli.main(["trace", *arguments])
    return int(str(ending.value.code))


@pytest.mark.usefixtures("project")
def test_the_file_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("prod", "--declared") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[1] for line in lines[:-1]] == KEYS
    assert lines[-1] == "11 of 11 numbers reach who answers, 11 of them as far as can be told (by the stack file)"


@pytest.mark.usefixtures("project")
def test_numbers_that_are_named_are_shown_hop_by_hop(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("prod", "support", "+13125550142", "--declared") == 0
    out = capsys.readouterr().out
    assert re.search(r"^  pass         authentication  lets in telnyx:europe$", out, re.MULTILINE)
    assert re.search(
        r"^  cannot tell  dns             whether the name resolves was not tried \[--probe", out, re.MULTILINE
    )
    assert "\x1b" not in out


@pytest.mark.usefixtures("project")
def test_strict(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("prod", "--declared", "--strict") == 2
    assert capsys.readouterr().out.splitlines()[-1].startswith("0 of 11 numbers reach who answers")


def test_reports(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("prod", "--declared", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    jsonschema.validate(found, json.loads(model.schema()))
    assert [each["key"] for each in found["numbers"]] == KEYS
    assert ended("prod", "support", "--declared", "--format", "svg") == 0
    drawn = ElementTree.fromstring(capsys.readouterr().out)
    assert len(list(drawn.iter("{http://www.w3.org/2000/svg}g"))) == 11
    assert ended("prod", "support", "--declared", "--format", "md") == 0
    assert "| ✅ pass | authentication | lets in twilio" in capsys.readouterr().out
    assert ended("prod", "--declared", "--format", "html", "--out", "trace.html") == 0
    told = capsys.readouterr()
    assert not told.out and told.err.endswith("(by the stack file); written to trace.html\n")
    page = (project / "trace.html").read_text()
    assert page.count("<svg") == 11 and "script" not in page and "http://" not in page.replace("http://www.w3.org", "")
    for format in ("text", "json"):
        ended("prod", "--declared", "--format", format, "--out", f"trace.{format}")
    assert json.loads((project / "trace.json").read_text())["version"] == 1
    assert "11 of 11" in (project / "trace.text").read_text()


def test_foreign_text_stays_text(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = project / "stacks/prod.yaml"
    file.write_text(file.read_text().replace("voice.example.com/calls", "voice.example.com/<b>&'"))
    for format in ("svg", "html"):
        assert ended("prod", "support", "--declared", "--format", format) == 0
        assert "<b>" not in capsys.readouterr().out


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["prod", "--declared", "--live"], 64, "--declared, --live and --plan exclude each other"),
        (["prod", "--live", "--from", "x"], 64, "exclude each other"),
        (["prod", "nobody", "--declared"], 1, "nobody is no number of prod; next: name one of: support, shared"),
        (["nosuch", "--declared"], 1, "there is no stack file"),
        (["--explain", "T999"], 1, "there is no check T999"),
        (["prod", "--from", "nosuch.json"], 1, "nosuch.json cannot be read"),
        (["prod", "--probe", "--explain", "T042"], 0, ""),
    ],
)
def test_what_cannot_be_asked(arguments: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    if code == 0:
        cli_main(arguments)
        assert capsys.readouterr().out.startswith("T042  tls\n")
        return
    assert ended(*arguments) == code
    assert says in capsys.readouterr().err


def cli_main(arguments: list[str]) -> None:
    assert ended(*arguments) == 0


def test_a_saved_preview(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    urn = "urn:pulumi:prod::net::pulumi-python:dynamic/xai:PhoneNumber::+12025550100"
    new = {"urn": urn, "type": "pulumi-python:dynamic/xai:PhoneNumber", "inputs": {"phone_number": "+12025550100"}}
    (project / "preview.json").write_text(json.dumps({"steps": [{"op": "create", "urn": urn, "newState": new}]}))
    assert ended("prod", "+12025550100", "--from", "preview.json") == 2
    out = capsys.readouterr().out
    assert "registered once it is applied" in out and "(by the plan)" in out
    component = f"urn:pulumi:prod::net::{NUMBER}::+12025550100"
    (project / "preview.json").write_text(json.dumps({"steps": [{"op": "create", "urn": component, "newState": {}}]}))
    assert ended("prod", "--from", "preview.json") == 1
    assert "preview.json holds no object" in capsys.readouterr().err


def test_a_number_that_no_stack_knows_live(
    project: Path, sandbox: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in sandbox.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", str(project))
    wiring.telnyx(sandbox, inbound={"dnis_number_format": "e164"})
    wiring.xai(sandbox, NUMBERS["telnyx"])
    assert ended(NUMBERS["telnyx"], "--live", "--probe") == 2
    out = capsys.readouterr().out
    assert "ends at registration" in out
    assert re.search(r"^  pass         sip             OPTIONS is answered 200", out, re.MULTILINE)
    assert "fix: at Telnyx set dnis_number_format to +e164; else add the + (T062)" in out
    assert "note: without the state" in out

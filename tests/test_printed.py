"""Whatever the files, arguments, states, vendors and Pulumi say: no verb prints what drives a terminal or a job.

Every verb of the command line is walked, so that a new one is tried too.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import BaseModel
from ruamel.yaml import YAML

from providers.kernel import log, marker
from tests import record
from tests.conftest import Sandbox
from tests.test_xtel_cli import ended
from xtel import cli
from xtel.project import programs
from xtel.review.plan.model import Review

HOSTILE = (
    "a\x1b[31mred\x1b]0;title\x07\x9b1m\x85 \u202egnp.exe\u200b\ufeff\u2066 [red]x[/red] {{ 7*7 }} %s\r\n::error::forged\n"
    " ::set-output name=x::y\n##[add-path]/tmp\n<img src=x onerror=alert(1)> @everyone https://evil.example `|` =cmd()"
)
#: What vendors take as a name: they cut at 64 characters.
SHORT = "\x1b[31m\u202ex\u200b[red]\r\n::error::\n##[x]=cmd()"
NUMBER = "+14155550100"
#: Of verbs that need more than their arguments to come to their point.
MORE: dict[tuple[str, ...], tuple[tuple[str, ...], ...]] = {
    ("plan",): (
        *(("--from", "preview.json", "--format", format) for format in ("text", "md", "json", "github", "html")),
        *(("--from", "plan.json", "--format", format) for format in ("text", "md", "json", "github", "html")),
    ),
    ("comment",): (("--dry-run",), ("--dry-run", "--json"), ("--dry-run", "--drift"), ()),
    ("trace",): tuple(("--declared", "--format", format) for format in ("text", "md", "html", "svg")),
    ("inventory",): (("--format", "csv"), ("--format", "json")),
    ("import",): (("--carrier", "twilio"), ("--carrier", "twilio", "--json"), ("--carrier", "telnyx")),
    ("call",): (("--junit", "junit.xml"),),
    ("rotate",): (("--what", "signing-secret", "--yes"), ("--what", "digest", "--yes")),
    ("recover",): (("--yes",),),
    ("apply",): (("--yes",), ("--yes", "--json")),
    ("new",): (("--ci", "github"), ("--ci", "gitlab")),
    ("agent", "try"): (("--say", HOSTILE), ("--say", HOSTILE, "--json")),
    ("webhook", "test"): (("--url", "http://127.0.0.1:9/"),),
}
#: They start a sandbox, or wait until they are ended: only their arguments are tried.
NOT_RUN = {("sandbox", "up"), ("webhook", "listen"), ("rehearse",)}


@dataclass(frozen=True)
class Verb:
    """A command of the tree with the words that its arguments and options take."""

    path: tuple[str, ...]
    arguments: tuple[str, ...]
    options: tuple[str, ...]
    json: bool


def _tree(command: Any, path: tuple[str, ...] = ()) -> Iterator[Verb]:
    verbs = getattr(command, "commands", {})
    for name, inner in verbs.items():
        yield from _tree(inner, (*path, name))
    if not verbs or command.invoke_without_command:
        arguments = tuple(each.metavar for each in command.params if each.param_type_name == "argument")
        options = [each for each in command.params if each.param_type_name == "option" and not each.is_flag]
        names = {name for each in command.params for name in each.opts}
        yield Verb(path, arguments, tuple(each.opts[0] for each in options), "--json" in names)


VERBS = [verb for verb in _tree(typer.main.get_command(cli.app)) if verb.path]
WORDS = {
    "STACK": ("odd",),
    "STACK|FILE": ("odd",),
    "FILE...": ("plan.json", f"{HOSTILE}.json", "drift.json", "broken.json"),
    "[STACK] NUMBER": ("odd", NUMBER),
    "NUMBER": (NUMBER,),
    "DIR": ("made",),
    "[STACK]": ("odd",),
    "[STACK] [NUMBER]": ("odd", NUMBER),
    "CALL": ("call_1",),
    "TARGET": ("sip:a@voice.example.com",),
    "KEY|ID": ("sales",),
}


def _filled(value: Any) -> Any:
    """The same with the hostile text for every text that is free."""
    if isinstance(value, dict):
        return {name: item if name in FIXED else _filled(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item) for item in value]
    return f"{value} {HOSTILE}" if isinstance(value, str) and value else value


#: What has no free text: kinds, dates, hashes, and what names are.
FIXED = {
    "stack", "kind", "op", "verdict", "severity", "level", "checksum", "source", "urn", "type", "consent", "order", "loss",
    "auth", "monthly", "read", "number", "e164", "name",
}  # fmt: skip
STATE = {
    "version": 3,
    "deployment": {
        "resources": [
            {
                "urn": "urn:pulumi:odd::acme::pulumi:pulumi:Stack::acme-odd",
                "type": "pulumi:pulumi:Stack",
                "outputs": {
                    "numbers": {HOSTILE: {"number": NUMBER, "id": HOSTILE, "carrier": HOSTILE, "target": HOSTILE}}
                },
            },
            *(
                {
                    "urn": f"urn:pulumi:odd::acme::xtel:network:Number$pulumi-python:dynamic/{type}::{NUMBER}{part}",
                    "type": f"pulumi-python:dynamic/{type}",
                    "id": HOSTILE,
                    "parent": f"urn:pulumi:odd::acme::xtel:network:Number::{NUMBER}",
                    "inputs": inputs,
                    "outputs": inputs,
                }
                for type, part, inputs in (
                    ("xai:PhoneNumber", "", {"phone_number": NUMBER, "name": HOSTILE, "webhook": {"url": HOSTILE}}),
                    ("twilio:Trunk", "/trunk", {"friendly_name": HOSTILE, "marker": HOSTILE, "uris": [HOSTILE]}),
                )
            ),
        ],
        "pending_operations": [
            {"type": "creating", "resource": {"urn": f"urn:pulumi:odd::acme::xai:PhoneNumber::{HOSTILE}"}}
        ],
    },
}
LISTED = "+14155550120"
XAI = {"weight": 10, "priority": 1, "enabled": True, "sip_url": "sip:sip.voice.x.ai;transport=tls"}
NETWORK: dict[str, Any] = {
    "twilio": {
        "trunks": [
            {"sid": f"TK{1:032x}", "friendly_name": SHORT, "origination_urls": [{**XAI, "friendly_name": SHORT}]},
            {"sid": f"TK{2:032x}", "friendly_name": marker.marker("acme", "odd", "+14155550199") + SHORT},
        ],
        "numbers": [{"phone_number": LISTED, "trunk_sid": f"TK{1:032x}", "friendly_name": SHORT}],
    },
    "telnyx": {
        "fqdn_connections": [{"id": "1001", "connection_name": HOSTILE}],
        "numbers": [{"phone_number": "+442079460033", "connection_id": "1001"}],
    },
    "xai": {"numbers": [{"phone_number": NUMBER, "name": HOSTILE}, {"phone_number": "+14155550124", "name": HOSTILE}]},
}
PULUMI = """#!/bin/sh
while [ $# -gt 0 ]; do
  case "$1" in
    export) cat state.json; exit 0 ;;
    whoami) cat whoami.json; exit 0 ;;
    config) cat config.json; exit 0 ;;
    --event-log) cat events.jsonl > "$2" ;;
  esac
  shift
done
cat said.txt; cat said.txt >&2
exit 255
"""


@pytest.fixture
def world(tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, clean_env: None) -> Iterator[Path]:
    """A project in which nobody means well: files, the shell, the vendors, and a Pulumi that says what it likes."""
    root = tmp_path / "project"
    (root / "stacks").mkdir(parents=True)
    files = {
        "Pulumi.yaml": {"name": f"acme{HOSTILE}", "runtime": HOSTILE, "description": HOSTILE},
        "Pulumi.odd.yaml": {"config": {HOSTILE: HOSTILE, "xai:apiKey": HOSTILE}, "encryptionsalt": HOSTILE},
        "stacks/odd.yaml": _stack("https://voice.example.com/calls"),
    }
    for name, content in files.items():
        with (root / name).open("w") as stream:
            YAML(typ="safe").dump(content, stream)
    event = {"diagnosticEvent": {"severity": "error", "message": f"error: {HOSTILE}", "urn": HOSTILE}}
    texts = {
        "preview.json": json.dumps(_preview("hostile")),
        "plan.json": json.dumps(_plan()),
        "drift.json": json.dumps(
            {"stack": HOSTILE, "drift": True, "stopped_ringing": [HOSTILE], "numbers": {
                HOSTILE: [{"rings": False, "object": HOSTILE, "what": HOSTILE, "apply": HOSTILE}]}}
        ),
        "broken.json": HOSTILE, "broken.log": f"error: {HOSTILE}\n",
        "state.json": json.dumps(STATE), "said.txt": f"error: {HOSTILE}\n{HOSTILE}\n",
        "events.jsonl": json.dumps(event) + "\n",
        "whoami.json": json.dumps({"user": HOSTILE, "url": f"file://{HOSTILE}"}),
        "config.json": json.dumps({HOSTILE: {"value": HOSTILE}}),
    }  # fmt: skip
    for name, text in texts.items():
        (root / name).write_text(text)
    (bin := tmp_path / "bin").mkdir()
    (bin / "pulumi").write_text(PULUMI)
    (bin / "pulumi").chmod(0o755)
    monkeypatch.setattr(programs, "search_path", lambda current=None: f"{bin}:/usr/bin:/bin")
    sandbox.seed(NETWORK)
    job = dict.fromkeys(("GITHUB_ACTOR", "GITHUB_SHA", "GITHUB_SERVER_URL", "GITHUB_REPOSITORY"), HOSTILE)
    for name, value in {**sandbox.env(), **job}.items():
        if not name.startswith(("PULUMI", "PATH")):
            monkeypatch.setenv(name, value)
    monkeypatch.setenv(log.VARIABLE, "")  # -v sets it
    monkeypatch.chdir(root)
    yield root
    log.silence()


def _stack(url: str) -> dict[str, Any]:
    return {
        "version": 1,
        "defaults": {"webhook": {"url": url}},
        "agents": {"sales": {"name": "Sales", "instructions": HOSTILE, "voice": {"voice_id": "eve"}}},
        "numbers": {
            "support": {"number": NUMBER, "route": {"carrier": "twilio"}},
            "hq": {"number": "+498912345670", "route": {"carrier": "sip", "platform": "asterisk"}, "agent": "sales",
                   "auth": {"digest": {"username": "hq"}}},
        },
    }  # fmt: skip


def _preview(case: str) -> Any:
    return _filled(json.loads((record.CASES / case / "preview.json").read_text()))


def _plan() -> Any:
    """A plan as `xtel plan --json` prints it, with the hostile text for every text of it that the model leaves free."""
    found = Review.model_validate_json((record.CASES / "hostile/report.json").read_text())
    told = _foreign(found)
    told["plan"]["stack"] = "odd"
    assert Review.model_validate(told)
    return told


def _foreign(value: Any, free: bool = False) -> Any:
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        return {name: _foreign(getattr(value, name), field.annotation in FREE and not field.metadata)
                for name, field in fields.items()}  # fmt: skip
    if isinstance(value, dict):
        return {key: _foreign(item, free) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_foreign(item, free) for item in value]
    return f"{value} {HOSTILE}" if free and isinstance(value, str) else value


FREE = (str, str | None, tuple[str, ...], list[str])


def _run(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = ended(*arguments)
    return code, out.getvalue(), err.getvalue()


def _check(out: str, err: str, arguments: tuple[str, ...]) -> None:
    for text in (out, err):
        shown = text.replace("@\u200b", "@").replace("#\u200b", "#")  # Markdown's guard against mentions
        odd = {char for char in shown if not char.isprintable()} - {"\n"}
        assert not odd, (arguments, odd)
        assert "##[" not in text, arguments
        if "github" not in arguments:
            assert not re.search(r"^\s*::", text, re.MULTILINE), arguments
        else:
            assert not re.search(r"^(?!::(?:error|warning|notice) )\s*::", text, re.MULTILINE), arguments
            assert "::forged" not in re.sub(r"^::(error|warning|notice) .*?::.*$", "", text, flags=re.MULTILINE)
    assert "Traceback" not in err, arguments


def _lines(verb: Verb) -> Iterator[tuple[str, ...]]:
    """Command lines: as it is meant, each way to show it, then foreign text for each word it takes."""
    words = [WORDS[metavar] for metavar in verb.arguments]
    base = (*verb.path, *(word for group in words for word in group))
    if verb.path not in NOT_RUN:
        yield base
        yield ("-v", *base)
        yield from ((*base, "--json") for _ in range(verb.json))
        yield from ((*base, *more) for more in MORE.get(verb.path, ()))
    for at in range(len(verb.arguments)):
        yield (
            *verb.path,
            *(word for index, group in enumerate(words) for word in ((HOSTILE,) if index == at else group)),
        )
    for option in verb.options if verb.path not in NOT_RUN else ():
        yield (*base, option, HOSTILE)
        yield (*base, f"{option}={HOSTILE}", *(["--json"] if verb.json else []))
    yield (*base, HOSTILE)
    yield (*base, f"--{HOSTILE}")


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: " ".join(verb.path))
def test_no_verb_prints_what_a_terminal_or_a_job_obeys(verb: Verb, world: Path) -> None:
    for arguments in _lines(verb):
        code, out, err = _run(*arguments)
        _check(out, err, arguments)
        assert code in {0, 1, 2, 3, 4, 64}, arguments
        if code == 1 and "--json" not in arguments:
            assert out + err, arguments


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb.arguments[:1] in {("STACK",), ("STACK|FILE",)}],
                         ids=lambda verb: " ".join(verb.path))  # fmt: skip
def test_no_verb_repeats_what_a_stack_file_says_as_it_stands(verb: Verb, world: Path) -> None:
    with (world / "stacks/odd.yaml").open("w") as stream:
        YAML(typ="safe").dump(_filled({**_stack(HOSTILE), HOSTILE: HOSTILE}), stream)
    base = (*verb.path, *(word for metavar in verb.arguments for word in WORDS[metavar]))
    base = (*base, "--carrier", "twilio") if verb.path == ("import",) else base
    for arguments in (base, (*base, "--json"), ("-v", *base)):
        code, out, err = _run(*arguments)
        _check(out, err, arguments)
        assert code == 1, (arguments, out, err)

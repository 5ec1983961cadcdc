"""The log: a line per attempt and per decision, readable, never with a secret, silent unless somebody asked."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from providers.kernel import errors, http, limits, log, operation, secrecy
from providers.kernel.conventions import ApiConventions
from tests.conftest import Sandbox
from tests.reconciling import Hand
from tests.test_http import Line, refused
from xtel.engine import previews

MARKER = "xtel/proj/dev/+14155550100"
ATTEMPT = re.compile(
    r"\d\d:\d\d:\d\d\.\d{3} providers\.kernel\.http: vendor (?P<asked>\S+ \S+): (?P<how>\d+|no answer) in \d+ ms, "
    r"attempt (?P<attempt>\d+)(?:, request (?P<id>\S+))?(?:, (?P<error>\w+))?"
)


@pytest.fixture
def lines() -> Generator[list[str]]:
    written: list[str] = []
    log.write_to(written.append)
    yield written
    log.silence()


def attempts(lines: list[str]) -> list[tuple[str | Any, ...]]:
    found = [ATTEMPT.fullmatch(line) for line in lines if " waits " not in line]
    return [match.group("asked", "how", "attempt", "id", "error") for match in found if match]


def client(*answers: httpx.Response | Exception) -> httpx.Client:
    policy = http.Policy("vendor", limits.Limit(4), Line(*answers), ApiConventions())
    policy._sleep = lambda seconds: None
    return httpx.Client(transport=policy, base_url="https://api.example.com")


def test_every_attempt_is_a_line(lines: list[str]) -> None:
    answers = (
        httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), refused(503, **{"X-Request-Id": "RQ1"}),
        httpx.Response(200, content=b"<html>"),
    )  # fmt: skip
    assert client(*answers).get("/things/7?page=2").status_code == 200
    assert attempts(lines) == [
        ("GET /things/7", "no answer", "1", None, "Unreachable"),
        ("GET /things/7", "no answer", "2", None, "Unavailable"),
        ("GET /things/7", "503", "3", "RQ1", "Unavailable"),
        ("GET /things/7", "200", "4", None, "Unavailable"),
        ("GET /things/7", "200", "5", None, None),
    ]
    waits = [line for line in lines if " vendor waits " in line]
    assert len(waits) == 4
    assert waits[2].endswith(" s: 503")
    lines.clear()
    with pytest.raises(errors.Denied):
        client(refused(403)).post("/things", json={"name": "x"})
    assert attempts(lines) == [("POST /things", "403", "1", None, "Denied")]


def test_a_request_that_must_not_be_sent_is_no_attempt(lines: list[str]) -> None:
    limit = limits.Limit(4)
    limit.hold(60)
    policy = http.Policy("vendor", limit, Line())
    with operation.operating(operation.Operation(budget=1)), pytest.raises(errors.RateLimited):
        httpx.Client(transport=policy).get("https://api.example.com/things")
    assert lines == []


def test_no_line_holds_a_secret(lines: list[str]) -> None:
    secrecy.register("hunter-2-hunter", "whole-body-secret")
    answer = refused(400, **{"X-Request-Id": "hunter-2-hunter", "X-Other": "hunter-2-hunter"})
    with pytest.raises(errors.Invalid):
        client(answer).post(
            "/things/hunter-2-hunter/a%20hunter-2-hunter?token=plain-query",
            json={"password": "plain-body"},
            headers={"authorization": "Bearer plain-header"},
        )
    (line,) = lines
    assert f"POST /things/{secrecy.MASK}/a {secrecy.MASK}: 400" in line
    assert f"request {secrecy.MASK}" in line
    assert not any(word in line for word in ("hunter", "plain-", "token"))
    logging.getLogger("xtel.anything").debug("the key is %s\n\x1b[31mred", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    logging.getLogger("stacks.anything").debug("x" * 5000)
    assert lines[1].endswith(f"xtel.anything: the key is {secrecy.MASK} ␛[31mred")
    assert len(lines[2]) == 400
    try:
        raise ValueError("hunter-2-hunter in a traceback")
    except ValueError:
        logging.getLogger("providers.anything").exception("it failed")
    assert lines[3].endswith("providers.anything: it failed")


def test_what_is_decided(lines: list[str], sandbox: Sandbox, clean_env: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def decided() -> list[str]:
        found = [re.split(r"kernel\.operation: twilio Trunk \S+: ", line)[1:] for line in lines]
        lines.clear()
        return [text for each in found for text in each]

    hand = Hand("twilio:Trunk", sandbox.env(), monkeypatch)
    hand.up(marker=MARKER)
    assert decided() == [f"created {hand.id}"]
    hand.up(marker=MARKER, transfer_mode="enable-all")
    assert decided() == ["updated transfer_mode"]
    again = Hand("twilio:Trunk", {}, monkeypatch)
    checked = again.check(marker=MARKER)
    with again._doing(checked):
        again.reconciler.look(checked)
        again.id, again.state = again.reconciler.create(checked)
    assert decided() == [f"found {hand.id}, ours", f"found {hand.id}: {operation.TAKEN}"]
    trunk = hand.id
    lost = Hand("twilio:Trunk", {}, monkeypatch)
    sandbox.fault("POST /v1/Trunks", "drop_after")
    lost.up(marker=f"{MARKER}/lost")
    text = f"the answer was lost; looked again: {lost.id}|found {lost.id}: {operation.TAKEN}"
    assert "|".join(decided()) == text
    hand.destroy()
    assert decided() == [f"deleted {trunk}"]
    again.destroy()
    assert decided() == [f"{trunk} was not found; second look: it is gone"]


def test_only_lines_of_the_log_look_like_one(lines: list[str]) -> None:
    logging.getLogger("providers.kernel.http").debug("hello")
    assert log.is_line(lines[0])
    for text in ("would buy +1 415", "12:00:00 hello", "12:00:00.123 other.room: hello", "see 12:00:00.123 xtel: x"):
        assert not log.is_line(text)


def test_a_line_that_cannot_be_written_stops_nothing() -> None:
    def broken(line: str) -> None:
        raise OSError("disk full")

    log.write_to(broken)
    try:
        assert client().get("/things").status_code == 200
    finally:
        log.silence()


def test_a_users_own_handler_gets_it_too(caplog: pytest.LogCaptureFixture) -> None:
    client().get("/things")
    assert caplog.messages == []
    with caplog.at_level(logging.DEBUG, "providers"):
        client().get("/things")
    assert [message.partition(" in ")[0] for message in caplog.messages] == ["vendor GET /things: 200"]


@pytest.mark.parametrize(
    ("value", "wanted"), [("debug", True), ("DEBUG", True), ("1", True), ("", False), ("0", False)]
)
def test_who_wants_it(value: str, wanted: bool) -> None:
    assert log.wanted({"XTEL_LOG": value}) is wanted
    assert not log.wanted({})


@pytest.mark.parametrize(("options", "value"), [(("-v",), ""), (("--verbose",), ""), ((), "debug")])
def test_a_verb_writes_it_to_standard_error(tmp_path: Path, options: tuple[str, ...], value: str) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: phones\nruntime: python\n")
    (tmp_path / "stacks").mkdir()
    number = 'version: 1\nnumbers: {a: {number: "+14155550100", route: {carrier: twilio}, webhook: {url: "https://a.example/"}}}\n'
    (tmp_path / "stacks/dev.yaml").write_text(number)

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "xtel.cli", *arguments, "validate", "dev"]
        return subprocess.run(
            command, cwd=tmp_path, env={"PATH": "/usr/bin:/bin", **environment}, capture_output=True, text=True,
            check=True, timeout=60,
        )  # fmt: skip

    quiet, loud = run(), run(*options, XTEL_LOG=value)
    assert quiet.stdout == loud.stdout != ""
    (line,) = [line for line in loud.stderr.splitlines() if line not in quiet.stderr.splitlines()]
    assert log.is_line(line)
    assert line.endswith("stacks.document: stacks/dev.yaml is read: numbers 1, agents 0")


def test_a_preview_from_a_file_is_read_without_it() -> None:
    said = [
        {"severity": "info", "urn": "u", "message": "12:00:00.123 providers.kernel.http: twilio GET /v1/Trunks: 200"},
        {"severity": "info", "urn": "u", "message": "would buy +1 415 555 0100"},
    ]
    events = [{"sequence": 1, "diagnosticEvent": item} for item in said]
    events.append({"sequence": 2, "summaryEvent": {"result": "succeeded"}})
    for text in (json.dumps({"steps": [], "diagnostics": said}), "\n".join(map(json.dumps, events))):
        assert [item.text for item in previews.read(text).diagnostics] == ["would buy +1 415 555 0100"]

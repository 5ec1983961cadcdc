"""Calls as pictures: everything in a message stays text, every message is there, and nothing is loaded."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from xtel.proof import ladder
from xtel.proof.calling import Line, Result

STEPS: list[dict[str, Any]] = [
    {"at": 5.0, "source": "54.172.60.1:20000", "destination": "xai", "kind": "sip", "line": "INVITE sip:a@b <script>",
     "text": "INVITE sip:a@b\nX: </title><script>alert(1)</script>"},
    {"at": 5.25, "source": "xai", "destination": "voice.example.com", "kind": "http", "line": "POST /", "text": "POST"},
    {"at": 5.5, "source": "xai", "destination": "54.172.60.1:20000", "kind": "sip", "line": "SIP/2.0 480 No", "text": "x"},
]  # fmt: skip
OUTCOME = {"hop": "webhook", "code": 480, "reason": "<b>refused</b>", "answered_by": None, "answer_ms": None}


def call(steps: list[dict[str, Any]]) -> Result:
    line = Line("+14155550100", "support", "sip:+14155550100@sip.voice.x.ai;transport=tls")
    return Result(line, {"state": "failed", "outcome": OUTCOME, "ladder": steps})


def test_a_picture_of_two_calls() -> None:
    text = ladder.svg([call(STEPS), call(STEPS)])
    root = ElementTree.fromstring(text)
    space = "{http://www.w3.org/2000/svg}"
    assert len(root.findall(f"{space}g")) == 6
    ys = [int(line.get("y1", "0")) for line in root.iter(f"{space}line")]
    assert max(ys) < int(root.get("height", "0"))
    said = [each.text or "" for each in root.iter(f"{space}text")]
    assert said.count("support · +14155550100: webhook 480: <b>refused</b>") == 2
    assert said.count("0.250") == 2 and said.count("voice.example.com") == 2
    first, second, third = [group.find(f"{space}line") for group in root.findall(f"{space}g")[:3]]
    assert first is not None and second is not None and third is not None
    assert (
        (first.get("x1"), first.get("x2")) == (third.get("x2"), third.get("x1")) != (second.get("x1"), second.get("x2"))
    )


@pytest.mark.parametrize("steps", [STEPS, []], ids=["steps", "none"])
def test_a_page_loads_nothing_and_holds_foreign_text_as_text(steps: list[dict[str, Any]]) -> None:
    text = ladder.page([call(steps)])
    assert text.lstrip().startswith("<!doctype html>") and "default-src 'none'" in text
    assert "<script>" not in text and not re.search(r'(src|href)="', text)
    assert text.count("<pre>") == len(steps)


def test_no_call_is_an_empty_picture() -> None:
    assert ElementTree.fromstring(ladder.svg([])).get("height") == "0"


@pytest.mark.parametrize(("secret", "more"), [("whsec_x", ""), ("", "; the state has no signing secret of it: `sign")])
def test_a_refused_webhook_whose_secret_nobody_has_says_so(secret: str, more: str) -> None:
    line = Line("+14155550100", "support", "", secret, webhook="https://voice.example.com/calls")
    problem = Result(line, {"state": "failed", "outcome": OUTCOME, "ladder": []}).problem
    assert problem.startswith(f"webhook 480: <b>refused</b>{more}")
    assert bool(more) == problem.endswith("`signing_secret: {secret: NAME}` gives it one")

"""A hundred numbers under vendors that are busy all the time."""

from __future__ import annotations

import pytest

from tests.conftest import Sandbox
from tests.engine.conftest import Project

pytestmark = pytest.mark.engine
COUNT = 100


def test_a_hundred_numbers_under_a_vendor_that_refuses_every_third_request(project: Project, sandbox: Sandbox) -> None:
    numbers = [f"+1415556{index:04d}" for index in range(COUNT)]
    sandbox.seed({"twilio": {"numbers": [{"phone_number": number} for number in numbers]}})
    route = "route: {carrier: twilio, trunk: shared}, auth: {allow: [twilio]}"
    project.declare(*(f'\n  n{index}: {{number: "{number}", {route}}}' for index, number in enumerate(numbers)))
    for vendor in ("/v1/Trunks/**", "/2010-04-01/**", "/v2/**"):
        headers = {"Retry-After": "0"}
        sandbox.fault(f"* {vendor}", "status", status=429, every=3, times=-1, headers=headers)
    project.up()
    sandbox.http.delete("/_sandbox/faults").raise_for_status()
    state = sandbox.state()
    trunks = state["twilio"]["trunks"]
    assert len(trunks) == 1
    assert [number["trunk_sid"] for number in state["twilio"]["numbers"] if number["phone_number"] in numbers] == [
        trunks[0]["sid"]
    ] * COUNT
    registered = [number for number in state["xai"]["numbers"] if number["phone_number"] in numbers]
    assert len(registered) == COUNT
    assert state["counters"] == {"purchases": 0, "releases": 0}
    assert set(project.preview()) == {"same"}
    refused = [entry for entry in sandbox.log() if entry["status"] == 429]
    assert len(refused) > COUNT

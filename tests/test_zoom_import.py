"""Which routing rules of Zoom's `xtel import` takes, and why the others stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from providers.kernel import registry
from providers.kernel.route_import import Found, Unmapped
from providers.kernel.session import Session
from tests.conformance.subjects.zoom import GROUP, NUMBER, OTHER, RULES, Zoom
from tests.conftest import Sandbox

ALONE = rf"^\{NUMBER}$"
Ask = Callable[[], Found]


@pytest.fixture
def zoom(sandbox: Sandbox) -> Zoom:
    return Zoom(sandbox)


@pytest.fixture
def found(zoom: Zoom, monkeypatch: pytest.MonkeyPatch) -> Ask:
    for name, value in zoom.env().items():
        monkeypatch.setenv(name, value)
    declared = registry.carriers()["zoom"]
    assert declared.route_import
    route = declared.route_import.found
    return lambda: Session(declared, lambda key: None).ask(route, NUMBER)


def rule(zoom: Zoom, name: str, pattern: str = ALONE, kind: str = "sip_group", **more: Any) -> None:
    way = {"sip_group_id": zoom.group(GROUP)} if kind == "sip_group" else {}
    zoom.send("POST", RULES, {"name": name, "number_pattern": pattern, "type": kind, **way, **more})


def test_a_rule_for_one_number_alone_is_taken(zoom: Zoom, found: Ask) -> None:
    rule(zoom, "theirs", r"^[+]14155550181$")
    rule(zoom, "everything", r"^\+1")
    taken = found()
    assert (taken.route, taken.ids) == ({"sip_group": GROUP}, {"sbc": NUMBER, "attachment": NUMBER})
    assert (taken.uris, taken.unseen) == ((), "the SBC of SIP group SBC East")


def test_a_sip_group_whose_name_is_that_of_another_is_named_by_its_id(sandbox: Sandbox, zoom: Zoom, found: Ask) -> None:
    sandbox.seed({"zoom": {"sip_groups": [{"name": GROUP}]}})
    rule(zoom, "theirs")
    assert found().route == {"sip_group": zoom.group(GROUP)}


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ((), "no routing rule at Zoom is for it; next: declare the number: pulumi up makes a rule for it alone"),
        (({"pattern": r"^\+1415555\d{4}$"},), r"routing rule r0 is not for it alone: ^\+1415555\d{4}$; next: declare"),
        (
            ({"pattern": rf"\{NUMBER}"},),
            rf"routing rule r0 fits longer numbers too: \{NUMBER}; next: write its pattern",
        ),
        (({"kind": "pstn"},), "routing rule r0 sends its calls to pstn, and to no SIP group"),
        (({"site_id": "hq"},), "routing rule r0 is of a site (site_id hq), and no entry says that"),
        (({"translation": "+14155550199"},), "gives the SBC another number (translation +14155550199)"),
        (({}, {"pattern": r"^[+]14155550181$"}), "2 routing rules are for it; next: remove all but one, then import"),
        (({"pattern": r"^\+1415"}, {}), "routing rule r0 takes its calls first; next: move it behind routing rule r1"),
    ],
    ids=["none", "wider", "not to its end", "to the PSTN", "site", "translation", "several", "later than another"],
)
def test_other_rules_stay_with_a_reason(zoom: Zoom, found: Ask, rules: tuple[dict[str, Any], ...], why: str) -> None:
    for place, given in enumerate(rules):
        rule(zoom, f"r{place}", **given)
    with pytest.raises(Unmapped) as reason:
        found()
    assert why in str(reason.value)
    assert OTHER not in str(reason.value)

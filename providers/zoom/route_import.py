"""From a routing rule for one number alone to the words of the stack file. Reads only.

The rule shows which SIP group gets the number's calls. What the SBC behind that does with them, nobody at Zoom knows.
"""

from __future__ import annotations

from collections.abc import Iterable

from providers.kernel import errors
from providers.kernel.route_import import Found, Unmapped
from providers.kernel.wording import counted
from providers.zoom.api import Api, before, fits, group, taken_by, way
from providers.zoom.api import Found as Rule

_DECLARE = "declare the number: pulumi up makes a rule for it alone"


def numbers(api: Api) -> Iterable[str]:
    """Those that a rule is for alone."""
    return {number for rule in api.rules_read if (number := taken_by(rule)).startswith("+")}


def found(api: Api, number: str) -> Found:
    """The SIP group of the one rule that is for this number, and that no other one comes before."""
    rule = _only(api.rules_read, number)
    named, to = f"routing rule {rule.get('name')}", way(rule).get("type")
    if to != "sip_group":
        raise Unmapped(f"{named} sends its calls to {to}, and to no SIP group")
    for key, what in (("site_id", "is of a site"), ("translation", "gives the SBC another number")):
        if rule.get(key):
            raise Unmapped(f"{named} {what} ({key} {rule[key]}), and no entry says that")
    pattern = str(rule.get("number_pattern"))
    if not (pattern.startswith("^") and pattern.endswith("$")):
        raise Unmapped(f"{named} fits longer numbers too: {pattern}", step="write its pattern from ^ to $, then import")
    for other in before(api.rules_read, rule, number):
        raise Unmapped(f"routing rule {other.get('name')} takes its calls first", step=f"move it behind {named}")
    name = _group(api, rule)
    return Found({"sip_group": name}, {"sbc": number, "attachment": number}, (), unseen=f"the SBC of SIP group {name}")


def _only(rules: list[Rule], number: str) -> Rule:
    own = [rule for rule in rules if taken_by(rule) == number]
    if len(own) == 1:
        return own[0]
    if own:
        raise Unmapped(f"{counted(len(own), 'routing rule')} are for it", step="remove all but one, then import")
    wider = next((rule for rule in reversed(rules) if fits(rule, number)), None)
    if wider is None:
        raise Unmapped("no routing rule at Zoom is for it", step=_DECLARE)
    raise Unmapped(
        f"routing rule {wider.get('name')} is not for it alone: {wider.get('number_pattern')}", step=_DECLARE
    )


def _group(api: Api, rule: Rule) -> str:
    """By its name where that is of one alone, else by its id."""
    id, name = str(group(rule).get("id") or ""), str(group(rule).get("name") or "")
    try:
        return name if api.sip_group(name)["id"] == id else id
    except (errors.NotFound, errors.Conflict):
        return id

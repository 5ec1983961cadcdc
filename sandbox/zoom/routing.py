"""Routing rules and SIP groups of an account, without HTTP."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Mapping

from sandbox.exchange import JsonObject
from sandbox.store import Store
from sandbox.zoom.account import VENDOR, Account, Refusal, wrong

SIP_GROUP = "sip_group"
KINDS = (SIP_GROUP, "pstn", "other_sites")
#: PCRE, as documented.
LONGEST = 255


class Routing:
    """What one account has. SIP groups are Zoom's to make: no call of the API does."""

    def __init__(self, store: Store, account: Account) -> None:
        self.account = account
        self.rules = store.shelf(VENDOR, account.name, "routing_rules")
        self.groups = store.shelf(VENDOR, account.name, "sip_groups")

    def add_group(self, name: str) -> str:
        id = made_id(f"{self.account.name} {name} {len(self.groups)}")
        trunk = {"id": made_id(f"{self.account.name} {name} trunk"), "name": f"{name} trunk"}
        group = {"id": id, "display_name": name, "description": "", "send_sip_group_name": False, "sip_trunk": trunk}
        self.groups.put(id, group, name)
        return id

    def rule(self, id: str) -> JsonObject:
        if (found := self.rules.get(id)) is None:
            raise Refusal(404, 404, "Routing rule does not exist.")
        return found

    def add(self, settings: Mapping[str, object]) -> JsonObject:
        self._checked(settings)
        order = max((each["order"] for each in self.rules.all()), default=0) + 1
        rule = {"routing_rule_id": made_id(), "order": order, **settings}
        self._put(rule)
        return rule

    def change(self, id: str, settings: Mapping[str, object]) -> None:
        """Only what is given changes; a site is no part of it."""
        given = {name: value for name, value in settings.items() if name != "site_id"}
        rule = {**self.rule(id), **given}
        self._checked(rule, but=id)
        self._put(rule)

    def _put(self, rule: JsonObject) -> None:
        if rule["type"] != SIP_GROUP:
            rule.pop("sip_group_id", None)
        if not rule.get("translation"):
            rule.pop("translation", None)
        self.rules.put(rule["routing_rule_id"], rule)

    def _checked(self, rule: Mapping[str, object], but: str = "") -> None:
        pattern = str(rule["number_pattern"])
        try:
            re.compile(pattern)
        except re.error:
            raise wrong("number_pattern", "Invalid number pattern.") from None
        if any(each["number_pattern"] == pattern and each["routing_rule_id"] != but for each in self.rules.all()):
            raise wrong("number_pattern", "Number pattern already exists.")
        if rule["type"] == SIP_GROUP and not self.groups.get(str(rule.get("sip_group_id") or "")):
            raise wrong("sip_group_id", "SIP group does not exist.")

    def remove(self, id: str) -> None:
        self.rule(id)
        self.rules.remove(id)

    def shown(self, rule: JsonObject, without: Collection[str] = ()) -> JsonObject:
        """The shape in which a rule is read: not the one in which it is written."""
        path: JsonObject = {"type": rule["type"]}
        if group := self.groups.get(rule.get("sip_group_id", "")):
            path[SIP_GROUP] = {"id": group["id"], "name": group["display_name"]}
        kept = ("routing_rule_id", "name", "number_pattern", "order", "site_id", "translation")
        return {name: rule[name] for name in kept if name in rule and name not in without} | {"routing_path": path}

    def taking(self, number: str) -> JsonObject | None:
        """The first rule that a dialled number fits. Unverified: that ``order`` decides, the lowest first."""
        ordered = sorted(self.rules.all(), key=lambda rule: rule["order"])
        return next((rule for rule in ordered if re.search(rule["number_pattern"], number)), None)


def made_id(of: str = "") -> str:
    """The same one for the same words; without any, a new one."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, of) if of else uuid.uuid4())

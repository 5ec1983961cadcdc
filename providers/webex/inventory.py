"""What an organisation's dial plans hold: exact numbers among their patterns. Reads only; no name there is a whole marker."""

from __future__ import annotations

import re
from collections.abc import Iterator

from providers.kernel.inventory import Inventory, NamedObject, OwnedNumber
from providers.webex.api import Api


def _numbers(api: Api) -> Iterator[OwnedNumber]:
    for found in api.patterns.all():
        if re.fullmatch(r"\+[1-9][0-9]{6,14}", found["pattern"]):
            remark = f"by dial plan {found['plan'].get('name')} to {found['plan'].get('routeName')}"
            yield OwnedNumber(found["pattern"], NamedObject("dial plan", str(found["plan"]["id"])), remark=remark)


INVENTORY = Inventory[Api](_numbers, lambda api: (), owned=False)

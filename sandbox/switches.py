"""Switches: lasting choices about how the vendors behave, unlike faults, which are used up."""

from __future__ import annotations

from typing import Any

from sandbox.store import Store

# Name: the allowed values, the first being the default. A type instead of values means "any of this type".
# The xAI ones stand for what reports about the live service disagree on: casing of answers, wrapped or bare
# objects, whether an undocumented call exists on this team's plan.
CHOICES: dict[str, tuple[Any, ...]] = {
    "xai.casing": ("snake", "camel"),
    "xai.get": ("wrapped", "bare"),
    "xai.provisioning": (False, True),
    "xai.agents": (True, False),
    "xai.tool_secrets": ("hidden", "shown"),
    "xai.patch": ("on", 405, 501),
    "xai.list": ("on", "off"),
    "xai.get_by_id": ("on", 405),
    "xai.created": (200, 201),
    "xai.deleted": (200, 204),
    # Of its SIP host nothing is documented but name, transport and codecs: the stricter reading is the default.
    "xai.sip_challenge": (401, 407),
    "xai.sip_sha256": (False, True),  # MD5 is among the challenges in any case
    "xai.sip_port_5060": (False, True),  # its page on Telnyx names this port beside transport=tls
    "xai.sip_encryption": ("optional", "required", "off"),
    # Of realtime sessions: whether an unknown field is an error, which of two documented event names are sent, and whether
    # the agent's sound on a call goes by the WebSocket too.
    "xai.unknown_fields": ("refused", "ignored"),
    "xai.event_names": ("output", "plain"),
    "xai.call_audio": (False, True),
    "twilio.key": ("main", "standard"),
    "twilio.enhanced_sip": (True, False),  # without it a <Dial> takes one <Sip> and nothing beside it
    "telnyx.unassign": ("null", "empty"),
    # How a stale version is refused, and how long what was deleted is shown as such: all that were reported.
    "genesys.stale": (409, 408, 400),
    "genesys.deleted": ("shown", "missing"),
    "chime.associations": ("numbers", "connectors"),  # in whose region a number is put on another region's connector
    "webex.gateways": ("online", "offline", "never"),  # whether the local gateways of trunks are there
    "vonage.update": ("replaces", "merges"),  # what an update does to settings that it leaves out
}
# Name: the default, what may be set, and what that is.
RANGES: dict[str, tuple[float, float, str]] = {
    "latency": (0, 60, "seconds"),
    "telnyx.order_seconds": (0.3, 60, "seconds"),  # from ordering a number to having it
    "xai.ring_seconds": (30, 300, "seconds"),  # how long a call waits for somebody to join
    "xai.transfer_seconds": (60, 300, "seconds"),  # how long a transfer may go without an outcome until it is 504
    "xai.webhook_pace": (1, 10, "times the usual 1, 5 and 15 s between the tries of a delivery"),
    "xai.sessions": (10, 10**6, "sessions without a call at once"),  # a team's documented default; 0: no limit
    "xai.session_seconds": (7200, 7200, "seconds"),  # the longest that a session lasts
    "xai.resumption_seconds": (1800, 1800, "seconds"),  # of inactivity, until a conversation is forgotten
    "plivo.rate": (300, 10**6, "requests in 5 seconds"),  # 0: no limit
}
DEFAULTS: dict[str, Any] = {
    **{name: default for name, (default, _, _) in RANGES.items()},
    "xai.sip_host": "sip.voice.x.ai",
    **{name: values[0] for name, values in CHOICES.items()},
}


class Switches:
    def __init__(self, store: Store) -> None:
        self._store = store
        self.load()

    def load(self) -> None:
        self._values: dict[str, Any] = {**DEFAULTS, **self._store.setting("switches", {})}

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def all(self) -> dict[str, Any]:
        return dict(self._values)

    def update(self, wanted: dict[str, Any]) -> None:
        """All or nothing: one bad switch leaves every switch as it was."""
        for name, value in wanted.items():
            self._check(name, value)
        self._values.update(wanted)
        self._store.set("switches", self._values)

    @staticmethod
    def _check(name: str, value: Any) -> None:
        if name not in DEFAULTS:
            raise ValueError(f"unknown switch {name!r}; there are: {', '.join(sorted(DEFAULTS))}")
        if name in RANGES:
            _, high, noun = RANGES[name]
            if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= high:
                raise ValueError(f"{name}: expected {noun}, 0 to {high}")
        elif name == "xai.sip_host":
            if not isinstance(value, str) or not value:
                raise ValueError("xai.sip_host: expected a host name")
        elif not any(type(value) is type(allowed) and value == allowed for allowed in CHOICES[name]):
            raise ValueError(f"{name}: expected one of {', '.join(map(repr, CHOICES[name]))}")

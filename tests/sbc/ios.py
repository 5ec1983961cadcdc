"""IOS as ciscoconfparse2 reads it: what is wrong with a CUBE configuration without a CUBE to run it.

Every class, rule, profile, group and trustpoint that a line names must be there; a dial peer must be whole; TLS must name the
server and check its name. Cisco IOS-XE, CUBE Configuration Guide and Voice Command Reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ciscoconfparse2 import CiscoConfParse

#: What may begin a block: everything else at the margin is a stray line.
BLOCKS = (
    r"voice service voip", r"crypto pki trustpoint (\S+)", r"voice class (?:codec|srtp-crypto|tls-profile|tenant|dpg) (\d+)",
    r"voice class (?:sip-options-keepalive|sip-profiles|e164-pattern-map|stun-usage) (\d+)", r"voice class uri (\d+) sip",
    r"voice translation-rule (\d+)", r"voice translation-profile (\S+)", r"dial-peer voice (\d+) voip", r"!.*",
)  # fmt: skip
#: By the words of a line, the block that it needs.
NAMED = {
    r"trustpoint (\S+)": "crypto pki trustpoint {}",
    r"tls-profile (\d+)": "voice class tls-profile {}",
    r"srtp-crypto (\d+)": "voice class srtp-crypto {}",
    r"sip-profiles (\d+)(?: inbound)?": "voice class sip-profiles {}",
    r"translate called (\d+)": "voice translation-rule {}",
    r"dial-peer (\d+) preference \d+": "dial-peer voice {} voip",
    r"voice-class sip tenant (\d+)": "voice class tenant {}",
    r"voice-class codec (\d+)": "voice class codec {}",
    r"voice-class stun-usage (\d+)": "voice class stun-usage {}",
    r"voice-class sip options-keepalive profile (\d+)": "voice class sip-options-keepalive {}",
    r"translation-profile outgoing (\S+)": "voice translation-profile {}",
    r"destination e164-pattern-map (\d+)": "voice class e164-pattern-map {}",
    r"incoming called e164-pattern-map (\d+)": "voice class e164-pattern-map {}",
    r"incoming uri request (\d+)": "voice class uri {} sip",
    r"destination dpg (\d+)": "voice class dpg {}",
}


def blocks(text: str) -> dict[str, list[str]]:
    """The lines under each line at the margin; a block that is opened twice is one."""
    found: dict[str, list[str]] = {}
    parsed: Any = CiscoConfParse(text.splitlines(), syntax="ios")
    for parent in parsed.find_objects(r"^\S"):
        found.setdefault(parent.text.strip(), []).extend(child.text.strip() for child in parent.all_children)
    return found


def problems(text: str, *, there: frozenset[str] = frozenset()) -> list[str]:
    """What is wrong; ``there`` are blocks that the box has already."""
    found = blocks(text)
    return [*_stray(text, found), *missing(found, there), *_incomplete(found)]


def _stray(text: str, found: dict[str, list[str]]) -> Iterator[str]:
    for line in found:
        if not any(re.fullmatch(pattern, line) for pattern in BLOCKS):
            yield f"at the margin: {line}"
    for line in text.splitlines():
        if not line.isascii() or "?" in line or len(line) > 254:
            yield f"cannot be typed: {line}"
        if line.startswith(" description ") and len(line.removeprefix(" description ")) > 64:
            yield f"longer than IOS takes: {line}"
    opened = [line for line in text.splitlines() if re.match(r"(voice|dial-peer|crypto) ", line)]
    yield from sorted({f"twice: {line}" for line in opened if opened.count(line) > 1})


def missing(found: dict[str, list[str]], there: frozenset[str]) -> Iterator[str]:
    """Every line that names a block which is in neither."""
    for block, lines in found.items():
        for line in lines:
            for pattern, needs in NAMED.items():
                if (names := re.fullmatch(pattern, line)) and needs.format(names[1]) not in found.keys() | there:
                    yield f"{block}: {line}: no {needs.format(names[1])}"


def _incomplete(found: dict[str, list[str]]) -> Iterator[str]:
    for block, lines in found.items():
        needed: tuple[str, ...] = ()
        if block.startswith("dial-peer"):
            needed = ("session protocol sipv2", r"voice-class codec \d+", "dtmf-relay rtp-nte", "no vad")
            incoming = any(line.startswith("incoming ") for line in lines)
            needed += ("destination dpg .*",) if incoming else ("destination e164.*", r"session target dns:\S+")
        elif block.startswith("voice class tls-profile"):
            needed = (r"trustpoint \S+", "cn-san validate server", r"cn-san 1 \S+", "sni send")
        elif block.startswith("voice class tenant"):
            needed = (r"tls-profile \d+", "session transport tcp tls", "url sip")
        yield from (f"{block}: no {n}" for n in needed if not any(re.fullmatch(n, line) for line in lines))

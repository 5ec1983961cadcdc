"""A call's messages in time, as a person reads them: who told whom what, without the secrets in it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

#: This library makes steps of ``sip`` and ``rtp``; who uses it may add those of what a call sets off.
Kind = Literal["sip", "rtp", "http", "websocket"]
MASK: Final = "***"
#: What is secret in a message, each with the part before it as its first group; header fields may be folded.
_SECRETS: Final = (
    # Keys of SRTP (RFC 4568), several in a line too, and of the old k= line.
    re.compile(r"(?im)(\binline:)[^\s|;]+"),
    re.compile(r"(?im)(^k=[a-z0-9]+:).+?(?=\r?$)"),
    # Responses of digest (RFC 7616): with the nonce they allow to try passwords offline.
    re.compile(r'(?i)(\b(?:response|rspauth)\s*=\s*)"(?:[^"\\]|\\.)*"'),
    re.compile(r"(?i)(\b(?:response|rspauth)\s*=\s*)[0-9a-f]{32,}"),
    re.compile(r"(?im)(^(?:proxy-)?authorization\s*:\s*(?:basic|bearer)\s+).+?(?=\r?\n(?![ \t])|\Z)"),
    # Signatures: of the caller (RFC 8224), and of vendors in headers of their own.
    re.compile(r"(?ims)(^(?:identity|y|[\w-]*signature)\s*:\s*).+?(?=\r?\n(?![ \t])|\Z)"),
    # A password in a URI.
    re.compile(r"(?i)(\bsips?:[^\s:@<>;]+:)[^\s@<>;]+(?=@)"),
)


def masked(text: str) -> str:
    """A message without its keys, digest responses, signatures and passwords: ``***`` stands for each."""
    for secret in _SECRETS:
        text = secret.sub(rf"\1{MASK}", text)
    return text


@dataclass(frozen=True)
class Step:
    """One step. ``at`` is in seconds since 1970; source and destination are ``address:port``."""

    at: float
    source: str
    destination: str
    kind: Kind
    line: str
    text: str


Listener = Callable[[Step], None]


class Ladder:
    """Collects steps: ``UserAgent(ladder=ladder)``, or any other function that takes a Step."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def __call__(self, step: Step) -> None:
        self.steps.append(step)

    def lines(self) -> list[str]:
        """The lines of all steps, in time."""
        return [step.line for step in self.steps]

    def __str__(self) -> str:
        return "\n".join(f"{step.at:.3f} {step.source} -> {step.destination} {step.line}" for step in self.steps)


def step(source: str, destination: str, kind: Kind, text: str) -> Step:
    """A step that happens now, masked; its line is the text's first one."""
    whole = masked(text)
    return Step(time.time(), source, destination, kind, whole.partition("\n")[0].strip(), whole)

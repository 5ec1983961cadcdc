"""The page of the catalogue: ``python -m xtel.proof.trace.page > docs/trace.md``. Pure."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from xtel.proof.trace import catalogue
from xtel.proof.trace.model import HOPS
from xtel.proof.trace.subject import Check

_HEAD = """\
# Does a call reach its agent?

`xtel trace` follows a call to each number hop by hop and says at each: pass, fail or cannot tell, why, what mends it,
and which object decides it. No call is placed.

```sh
xtel trace prod
xtel trace prod support --declared
xtel trace prod --live
xtel trace --explain T042
```

| Source | Is told by |
| --- | --- |
| `--declared` | the stack file alone: no Pulumi, no network |
| none of these | the state: what was applied |
| `--plan`, `--from preview.json` | a preview: what would be there after an apply |
| `--live` | the vendors: read-only look-ups of what stands there, whoever made it; with what the state alone knows |

`--probe` adds what this machine sees: DNS (SRV, A, AAAA), TLS (version, name, chain, days left), an OPTIONS to each
target, and DNS and certificate of each webhook. In a shell of the sandbox (`eval "$(xtel sandbox env)"`) xAI's host is
the sandbox's, and webhooks are not tried. Another machine may see other things: a carrier's firewall is not this
one's. It needs the extra: `pip install 'xai-telephony[calls]'`.

Exit code 0: all numbers reach who answers; 2: some do not; 1: it could not be found out. *Cannot tell* is no failure:
with `--strict` it is one, except where only a call can show it. `--format md`, `html` and `svg` write reports, the last
two with the path drawn; `json` is for scripts ([schema](../xtel/proof/trace/trace.schema.json)).

A trace never says pass where it did not look: a file cannot say that an account owns a number, nobody shows a password,
an OPTIONS that is answered says nothing of a number. Every misconfiguration that the sandbox plays is traced by a test
before it is called: what a configuration shows is named at the hop at which the call ends. None of this was ever
compared with a live account.

## Checks

This page is made from the code. The day is the one on which the source was read.
"""
_CALLS = """
## What only a call shows

`xtel call` shows hop, code and every message in the sandbox. What is seen then, and why:
"""


def page() -> str:
    """The page: the same bytes on every machine."""
    asked = _table(catalogue.CHECKS, "Question | How it is decided | Fix")
    seen = _table(catalogue.CALL_ONLY, "Seen | Cause | Fix")
    return "\n".join([_HEAD, *asked, _CALLS, *seen, ""])


def _table(checks: Iterable[Check], heads: str) -> Iterator[str]:
    yield f"| Id | Hop | {heads} | Source |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for each in sorted(checks, key=_order):
        row = (each.id, f"`{each.hop}`", each.question, each.how, each.fix, f"{each.source} ({each.read})")
        yield f"| {' | '.join(map(_cell, row))} |"


def _order(check: Check) -> tuple[int, str]:
    return HOPS.index(check.hop), check.id


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    sys.stdout.write(page())

"""The plans of many stacks as one comment: a row for each, each folded; what needs reading comes first. Pure.

Two hidden lines begin it: the marker by which it is found again, and what was reviewed, for `xtel comment --checksum`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from providers.kernel import escaping
from providers.kernel.escaping import code, markdown
from providers.kernel.secrecy import one_line
from xtel.review.plan.checksum import DIGITS
from xtel.review.plan.model import Review
from xtel.review.report import markdown as one
from xtel.review.report import view
from xtel.review.report.view import Links

#: The worst first: also the order in which stacks are shown.
_ORDER = ("incomplete", "blocked", "dangerous", "needs a look", "safe", "none")
_UNFOLDED = frozenset({"incomplete", "blocked", "dangerous"})
_MARKS = {"incomplete": "❓", "blocked": "⛔", "dangerous": "☑️", "needs a look": "⚠️"}
#: What follows it is not compared: times and links to a run.
_VOLATILE = "<!-- xtel:run -->"
#: The day that an entry under ``accept`` is proposed with: some days from when it is planned.
_UNTIL = re.compile(r"until: \d{4}-\d\d-\d\d(?=\n    why: )")
_CELL = 160
_REVIEWED = "xtel:reviewed"
_CHECKSUM = re.compile(f"[0-9a-f]{{{DIGITS}}}")
_RECORD = re.compile(rf"^<!-- {_REVIEWED} (\{{.*\}}) -->$")


@dataclass(frozen=True)
class Missing:
    """A stack whose plan could not be made, and why."""

    stack: str
    reason: str


Entry = Review | Missing


def marker(name: str = "") -> str:
    """The first line of the comment; ``name`` tells apart the comments of several projects in one repository."""
    return f"<!-- xtel:plan{f' name={name}' if name else ''} -->"


def comment(
    entries: Sequence[Entry], links: Mapping[str, Links], *, name: str = "", job: str = "", planned: str = ""
) -> str:
    """The comment, at most :data:`xtel.review.report.markdown.BUDGET` characters; every verdict is in it."""
    ordered = sorted(entries, key=lambda entry: (_ORDER.index(_verdict(entry)), _stack(entry)))
    begin, end = f"{marker(name)}\n{_record(ordered)}\n", _end(job, planned)
    if len(ordered) == 1:
        return begin + _section(ordered[0], links, job, one.BUDGET - len(begin) - len(end)) + end
    head = f"{begin}{_head(ordered)}\n"
    return head + _folded(ordered, links, job, one.BUDGET - len(head) - len(end)) + end


def _end(job: str, planned: str) -> str:
    """What differs from run to run though the plan is the same."""
    told = [f"planned {planned}" if planned else "", f"[job]({job})" if job else ""]
    said = " · ".join(filter(None, told))
    return f"\n{_VOLATILE}\n{said}\n" if said else ""


def lasting(body: str) -> str:
    """The comment without what differs from run to run: by this two are compared, so that none is edited for nothing."""
    kept, found, _ = body.replace("\r\n", "\n").rpartition(f"\n{_VOLATILE}\n")
    return _UNTIL.sub("until:", kept if found else body.replace("\r\n", "\n")).strip()


def reviewed(body: str) -> dict[str, dict[str, str]]:
    """What the hidden line says: ``{stack: {verdict, checksum}}``, of stacks with a verdict and a checksum alone.

    A job takes the checksum as it is printed: whoever may edit the comment must not write anything else into its outputs.
    """
    for line in body.replace("\r", "").split("\n")[:2]:
        if found := _RECORD.match(line):
            try:
                told: Any = json.loads(found[1])
            except (ValueError, RecursionError):
                return {}
            return {stack: entry for stack, entry in cast(dict[str, Any], told).items() if _is_record(entry)}
    return {}


def _is_record(entry: Any) -> bool:
    if not isinstance(entry, dict):
        return False
    fields = cast(dict[str, Any], entry)
    verdict, sum = fields.get("verdict"), fields.get("checksum")
    return verdict in _ORDER and isinstance(sum, str) and (not sum or _CHECKSUM.fullmatch(sum) is not None)


def _record(entries: Sequence[Entry]) -> str:
    told = {
        entry.plan.stack: {"verdict": entry.verdict, "checksum": entry.plan.checksum}
        for entry in entries
        if isinstance(entry, Review)
    }
    text = escaping.json_text(json.dumps(told, sort_keys=True)).replace("--", "-\\u002d").replace(">", "\\u003e")
    return f"<!-- {_REVIEWED} {text} -->"


def _head(entries: Sequence[Entry]) -> str:
    """The worst verdict, how many there are of each, a row for each stack."""
    counted = Counter(map(_verdict, entries))
    each = ", ".join(f"{counted[word]} {_worded(word)}" for word in _ORDER if counted[word])
    rows = [f"| {_MARKS.get(_verdict(entry), '')} | {' | '.join(_cells(entry))} |" for entry in entries]
    return "\n".join(
        [
            f"### ☎️ {len(entries)} stacks: **{_worded(_verdict(entries[0]))}** · {each}\n",
            "| | Stack | Verdict | | Plan |",
            "|--|--|--|--|--|",
            *rows,
        ]
    )


def _cells(entry: Entry) -> list[str]:
    if isinstance(entry, Missing):
        return [code(entry.stack), "**incomplete**", markdown(one_line(f"no plan: {entry.reason}", _CELL)), "—"]
    word = view.worded(entry)
    shown = f"**{word}**" if entry.verdict in _UNFOLDED else word
    told = " · ".join(filter(None, (one_line(entry.headline, _CELL), view.rehearsed(entry))))
    return [code(entry.plan.stack), shown, markdown(told), code(entry.plan.checksum)]


def _folded(entries: Sequence[Entry], links: Mapping[str, Links], job: str, room: int) -> str:
    """What every stack changes. The harmless are given their share first: what they leave is for those that need it."""
    found: dict[str, str] = {}
    shown = [entry for entry in entries if _verdict(entry) != "none"]
    for left, entry in zip(range(len(shown), 0, -1), reversed(shown), strict=True):
        state = " open" if _verdict(entry) in _UNFOLDED else ""
        begin = f"\n<details{state}><summary>{markdown(_stack(entry))}</summary>\n\n"
        end = "\n</details>\n"
        share = room // left - len(begin) - len(end)
        text = _section(entry, links, job, share)
        found[_stack(entry)] = begin + text + end if text else ""
        room -= len(found[_stack(entry)])
    return "".join(found[_stack(entry)] for entry in shown)


def _section(entry: Entry, links: Mapping[str, Links], job: str, room: int) -> str:
    """One stack; nothing where not even the shortest form fits: its row says the verdict."""
    if isinstance(entry, Missing):
        text = _missing(entry, job)
    else:
        text = one.report(entry, links.get(entry.plan.stack, Links()), room)
    return text if len(text) <= room else ""


def _missing(entry: Missing, job: str) -> str:
    log = f" The [job's log]({job}) has all of it." if job else " The job's log has all of it."
    return (
        f"### ☎️ {markdown(entry.stack)}: **incomplete** · there is no plan\n"
        f"**The plan failed:** {markdown(one_line(entry.reason))}\n\n"
        f"Nothing of this stack was compared: what an apply would change is not known.{log}\n"
    )


def _verdict(entry: Entry) -> str:
    return "incomplete" if isinstance(entry, Missing) else entry.verdict


def _stack(entry: Entry) -> str:
    return entry.stack if isinstance(entry, Missing) else entry.plan.stack


def _worded(verdict: str) -> str:
    return {"none": "no changes", "dangerous": "dangerous, accepted"}.get(verdict, verdict)

"""`xtel comment`: the plans of a pull request as one comment of it, edited in place; drift as one issue.

Found again by a marker in the first line, over all pages, and only among what this token's own login wrote: a comment of
somebody else's that carries the marker is neither edited nor believed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from providers.kernel import errors, reading, registry, secrecy
from providers.kernel.errors import InputError
from xtel.failure import Failure
from xtel.project import layout
from xtel.review import planning, rehearsal, rules
from xtel.review.forge import Forge, Note, github, gitlab
from xtel.review.plan.model import Review
from xtel.review.rehearsal import Rehearsal
from xtel.review.report import Links, comment, outside

FORGES: dict[str, Callable[[str, str], Forge]] = {"github": github.GitHub, "gitlab": gitlab.GitLab}
#: How the name of a stack's rehearsal ends: ``dev.rehearsal.json``.
_REHEARSAL = ".rehearsal"
_TOKENS = ("GITHUB_TOKEN", "GITLAB_TOKEN")
_ATTEMPTS = 3
_Done = TypeVar("_Done")
_COMMIT = re.compile(r"[0-9a-f]{40,64}")


def at(name: str, repository: str, author: str) -> Forge:
    """The forge of this pipeline, or the one that is named."""
    return FORGES[name or _found()](repository, author)


def request(name: str, given: int) -> int:
    """The pull or merge request that is meant."""
    number = given or (gitlab if (name or _found()) == "gitlab" else github).request()
    if not number:
        raise InputError(
            "which pull request is meant is not known", step="--pr N, or run it in a job of a pull request"
        )
    return number


def job(name: str) -> str:
    """A link to the run, for texts that are only printed."""
    return (gitlab if name == "gitlab" or os.environ.get("GITLAB_CI") == "true" else github).job()


def plans(files: Sequence[Path], rehearsals: Sequence[Path] = ()) -> list[comment.Entry]:
    """What `xtel plan --json` wrote; a file that is not there, or is no plan, is a plan that failed.

    ``rehearsals``: what `xtel rehearse --json` wrote of the same stacks; one that is not there failed as well.
    """
    told = {found.stack: found for found in map(_rehearsal, rehearsals)}
    found = [_joined(_plan(file), told) for file in files]
    names = [entry.stack if isinstance(entry, comment.Missing) else entry.plan.stack for entry in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise InputError(f"two files are about the stack {min(twice)}", step="name each stack's plan once")
    return found


def drifts(files: Sequence[Path]) -> list[outside.Entry]:
    """What `xtel drift --json` wrote, and `xtel trace` and `xtel call` beside it, read alike."""
    return [_drift(file) for file in files]


def planned(files: Sequence[Path]) -> str:
    """When the last of these plans was made, in UTC to the minute; empty where none was."""
    times = [file.stat().st_mtime for file in files if file.is_file()]
    return f"{datetime.fromtimestamp(max(times), UTC):%Y-%m-%d %H:%M} UTC" if times else ""


def links(entries: Iterable[comment.Entry]) -> dict[str, Links]:
    """Where each stack's file can be read at the forge; nothing is linked where that is not known."""
    found: dict[str, Links] = {}
    here = layout.here()
    for entry in entries:
        if isinstance(entry, Review):
            try:
                found[entry.plan.stack] = planning.links(here, entry.plan.stack)
            except InputError:  # posted by a job that has no checkout
                continue
    return found


def publish(forge: Forge, request: int, body: str) -> tuple[Note, str]:
    """Post the comment or edit the one that is there: the comment, and what was done. Never two, never somebody else's."""
    body = secrecy.redact(body)
    first = body.partition("\n")[0]

    def write() -> tuple[Note, str]:
        found = _own(forge, forge.comments(request), first)
        if found is None:
            return forge.post(request, body), "posted"
        if comment.lasting(found.body) == comment.lasting(body):
            return found, "unchanged"
        return forge.edit(request, found.id, body), "edited"

    return _surely(write)


def track(forge: Forge, entries: Sequence[outside.Entry]) -> tuple[Note | None, str]:
    """Open the one issue about drift, edit it, or close it: the issue, and what was done."""
    body, title = (secrecy.redact(text) for text in (outside.body(entries, forge.job), outside.title(entries)))

    def write() -> tuple[Note | None, str]:
        found = _own(forge, forge.issues(), outside.MARKER)
        if outside.clean(entries):
            return (found and forge.update(found.id, "Phone network changed outside", body, close=True)), "closed"
        if found is None:
            return forge.open(title, body), "opened"
        return forge.update(found.id, title, body, close=False), "edited"

    return _surely(write)


def checksum(forge: Forge, stack: str, requests: Sequence[int], name: str) -> str:
    """The checksum of a stack's plan as it was reviewed in one of these pull requests. Raises where there is none."""
    for number in requests:
        found = _own(forge, forge.comments(number), comment.marker(name))
        told = comment.reviewed(found.body).get(stack, {}) if found else {}
        if sum := told.get("checksum", ""):
            if told.get("verdict") in {"blocked", "incomplete"}:
                raise InputError(
                    f"the plan of {stack} in {forge.repository} #{number} is {told['verdict']}", step=_fresh(stack)
                )
            return sum
    raise InputError(f"no pull request of this commit holds a plan of {stack} to apply", step=_fresh(stack))


def merged(forge: Forge, commit: str) -> list[int]:
    """The pull requests that this commit came with."""
    commit = commit or os.environ.get("GITHUB_SHA", "") or os.environ.get("CI_COMMIT_SHA", "")
    if not _COMMIT.fullmatch(commit):
        raise InputError("which commit is meant is not known", step="--commit SHA, as 40 hexadecimal digits")
    return forge.merged(commit)


def _fresh(stack: str) -> str:
    return f"xtel plan {stack}, have it read, then xtel apply {stack} --checksum with its sum"


def _found() -> str:
    if os.environ.get("GITLAB_CI") == "true":
        return "gitlab"
    if os.environ.get("GITHUB_ACTIONS") == "true" or os.environ.get("GITHUB_REPOSITORY"):
        return "github"
    raise InputError("this is no job of GitHub or GitLab", step="--forge github or --forge gitlab")


def _own(forge: Forge, notes: Iterable[Note], marker: str) -> Note | None:
    """The oldest of this login's with that marker; none is edited or believed that somebody else wrote."""
    me = forge.me()
    return next((note for note in notes if note.marker == marker and note.author == me), None)


def _surely(write: Callable[[], _Done]) -> _Done:
    """Look and write; after an outcome that is not known look again, so that nothing is written twice."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return write()
        except errors.Unavailable:
            if attempt == _ATTEMPTS:
                raise
    raise AssertionError


def _plan(file: Path) -> comment.Entry:
    text = _text(file)
    if isinstance(text, comment.Missing):
        return text
    try:
        return Review.model_validate_json(text)
    except ValidationError:
        return comment.Missing(file.stem, f"{file.name} is not what xtel plan --json prints")


def _joined(entry: comment.Entry, told: Mapping[str, Rehearsal]) -> comment.Entry:
    if isinstance(entry, comment.Missing) or entry.plan.stack not in told:
        return entry
    return rules.rehearsed(entry, told[entry.plan.stack])


def _rehearsal(file: Path) -> Rehearsal:
    text, stack = _text(file), file.stem.removesuffix(_REHEARSAL)
    if isinstance(text, comment.Missing):
        return rehearsal.failed(stack, text.reason)
    try:
        return Rehearsal.model_validate_json(text)
    except ValidationError:
        return rehearsal.failed(stack, f"{file.name} is not what xtel rehearse --json prints")


def _drift(file: Path) -> outside.Entry:
    text = _text(file)
    if isinstance(text, comment.Missing):
        return text
    try:
        told: Any = json.loads(text)
        if "calls" in told:
            return outside.Unreached(str(told["stack"]), "xtel call", tuple(_unanswered(told["calls"])))
        if "source" in told:
            return outside.Unreached(str(told["stack"]), "xtel trace", tuple(_ending(told["numbers"])))
        return outside.Outside(str(told["stack"]), {key: told[key] for key in ("drift", "stopped_ringing", "numbers")})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return comment.Missing(file.stem, f"{file.name} is not what xtel drift --json prints")


def _unanswered(calls: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """What `xtel call --json` says of numbers that nobody answered."""
    for call in calls:
        if not call["good"]:
            told = call["outcome"]
            code = f" {told['code']}" if told.get("code") else ""
            yield f"{call['key']} · {call['number']}", f"{told['hop']}{code}: {told['reason']}"


def _ending(numbers: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """What `xtel trace --json` says of numbers whose calls end on their way."""
    for number in numbers:
        if number["verdict"] == "fail":
            why = next((hop["why"] for hop in number["hops"] if hop["hop"] == number["ends_at"]), "")
            yield f"{number['key']} · {number['number']}", f"{number['ends_at']}: {why}"


def _text(file: Path) -> str | comment.Missing:
    """The file; where it is missing or empty, why: the last error in the ``.log`` beside it."""
    secrecy.register(*map(os.environ.get, _TOKENS))
    registry.register_credentials(os.environ)
    try:
        text = reading.text(file, reading.RECORDED)
    except reading.Unreadable:
        text = ""
    if text.strip():
        return _failure(file, text) or text
    try:
        log = reading.content(file.with_suffix(".log"), reading.RECORDED).decode(errors="replace")
    except reading.Unreadable:
        log = ""
    said = [line.removeprefix("error: ") for line in log.splitlines() if line.startswith("error: ")]
    return comment.Missing(file.stem, secrecy.one_line(said[-1]) if said else "it ended without a word")


def _failure(file: Path, text: str) -> comment.Missing | None:
    """What the verb printed where it failed."""
    try:
        told = Failure.model_validate_json(text)
    except ValidationError:
        return None
    return comment.Missing(file.stem, f"{told.error}; next: {told.next}" if told.next else told.error)

"""`xtel render`: the files that a stack's routes offer, written atomically, never over something a person wrote."""

from __future__ import annotations

import getpass
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp

from providers.kernel import escaping
from providers.kernel.errors import InputError
from providers.kernel.files import Files, intact
from stacks import document, graph
from stacks.model import Auth
from xtel import terminal
from xtel.authoring.render_report import BundleReport, FileReport, FileState, LeftReport
from xtel.project import layout

PASSWORD = "XTEL_DIGEST_PASSWORD"  # noqa: S105 -- the name of a variable
_WHERE = "they come with `route: {carrier: sip, platform: …}` and `route: {carrier: twilio, mode: twiml}`"
#: The state of each file.
States = Mapping[str, FileState]
#: What a file is once it was dealt with, where it was not just written.
_DONE: Mapping[FileState, FileState] = {"left": "removed", "same": "same"}


@dataclass(frozen=True)
class RenderedBundle:
    """One number's bundle: what its files should be, and where."""

    key: str
    number: str
    files: Files
    folder: Path
    #: Whether the stack makes its digest password, which then stands in the state alone.
    made: bool = False

    def states(self) -> dict[str, FileState]:
        """Each file's state on disk: same, missing, outdated, foreign, or left (of an earlier bundle).

        The secret one is among them once it was written: nobody must have it, and it is the same with any password.
        """
        states: dict[str, FileState] = {
            name: _state(self.folder / name, text) for name, text in self.files.texts.items()
        }
        if self.files.secret and os.path.lexists(self.folder / self.files.secret):
            states[self.files.secret] = _sealed_state(self.folder / self.files.secret, self.files)
        for path in sorted(self.folder.rglob("*")) if self.folder.is_dir() else ():
            name = path.relative_to(self.folder).as_posix()
            if name not in states and _is_ours(path):
                states[name] = "left"
        return states


@dataclass(frozen=True)
class LeftBundle:
    """The folder of a number that the stack has no files for any more: what it tells stands on the PBX all the same."""

    number: str
    folder: Path

    @property
    def secrets(self) -> tuple[str, ...]:
        """The files in it that hold a password."""
        try:
            names = (self.folder / ".gitignore").read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return ()
        return tuple(name for name in names if not name.startswith("#") and (self.folder / name).is_file())

    def report(self) -> LeftReport:
        """For ``--json``."""
        return LeftReport(number=self.number, folder=str(self.folder), secret_files=self.secrets)


@dataclass(frozen=True)
class WrittenFile:
    """A bundle with what was found, or done, of each file; ``secret`` is the path of a secret file that was written."""

    bundle: RenderedBundle
    states: States
    secret: str = ""

    def report(self) -> BundleReport:
        """For ``--json``."""
        files, shas = self.bundle.files, self.bundle.files.content
        return BundleReport(
            key=self.bundle.key,
            number=self.bundle.number,
            platform=files.platform,
            folder=str(self.bundle.folder),
            sha256=files.sha256,
            files=tuple(
                FileReport(path=name, state=state, sha256=shas.get(name)) for name, state in self.states.items()
            ),
            secret_file=files.secret or None,
            secret_written=bool(self.secret),
            page=files.page,
        )


def bundles(stack: str, file: Path, number: str, out: Path) -> list[RenderedBundle]:
    """The bundles of a stack, or the one of a number (its key, or E.164). Raises InputError when there is none."""
    found: list[RenderedBundle] = []
    for key, declared in document.read(file).numbers.items():
        leg = graph.leg(key, declared, stack.rpartition("/")[2])
        if declared.route and declared.number and (files := declared.route.files(leg)):
            given = isinstance(declared.auth, Auth) and declared.auth.digest and declared.auth.digest.password
            found.append(RenderedBundle(key, leg.number, files, out / leg.number, made=not given))
    chosen = [bundle for bundle in found if not number or number in {bundle.key, bundle.number}]
    if not chosen and (number or not left([], out)):
        keys = ", ".join(bundle.key for bundle in found)
        raise InputError(
            f"{stack} has no number {number} with files to apply" if number else f"{stack} has no files to apply",
            step=f"name one of {keys}" if keys else _WHERE,
        )
    return chosen


def left(found: list[RenderedBundle], out: Path) -> list[LeftBundle]:
    """The bundles of numbers that were rendered into this folder once, and are not among those of the stack now."""
    here = {bundle.folder for bundle in found}
    folders = sorted(out.iterdir()) if out.is_dir() else []
    return [
        LeftBundle(folder.name, folder)
        for folder in folders
        if re.fullmatch(r"\+[0-9]{1,20}", folder.name)
        and folder not in here
        and folder.is_dir()
        and any(_is_ours(path) for path in sorted(folder.rglob("*")))
    ]


def check(found: list[RenderedBundle]) -> list[WrittenFile]:
    """What is on disk, and nothing written."""
    return [WrittenFile(bundle, bundle.states()) for bundle in found]


#: The password that a stack made for a number; empty while it made none.
Made = Callable[[str], str]


def write(found: list[RenderedBundle], made: Made, *, force: bool, with_secrets: bool) -> list[WrittenFile]:
    """Write every file that is not the same; refused before anything is written when one is somebody's own."""
    states = [bundle.states() for bundle in found]
    secret = _secret(found, made) if with_secrets else None
    if not force:
        _refuse_foreign(found, states, secret)
    return [_write(bundle, was, secret) for bundle, was in zip(found, states, strict=True)]


def _write(bundle: RenderedBundle, states: States, secret: tuple[str, str] | None) -> WrittenFile:
    done: dict[str, FileState] = {}
    try:
        for name, state in states.items():
            path = bundle.folder / name
            if name == bundle.files.secret:
                done |= {} if secret else {name: state}
                continue
            if state == "left":
                path.unlink()
            elif state != "same":
                _replace(path, bundle.files.texts[name], 0o644)
            done[name] = _DONE.get(state, "written")
        if secret:
            _replace(bundle.folder / secret[0], secret[1], 0o600)
    except OSError as error:
        reason = f"{layout.shown(bundle.folder)} cannot be written: {layout.unwritten(error)}"
        raise InputError(reason, step="name another folder with --out") from None
    return WrittenFile(bundle, done, secret[0] if secret else "")


def _replace(path: Path, text: str, mode: int) -> None:
    """The whole file or the old one; a secret one is never readable by others, not even while it is written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = mkstemp(prefix=".xtel-", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _refuse_foreign(found: list[RenderedBundle], states: Sequence[States], secret: tuple[str, str] | None) -> None:
    foreign = [
        bundle.folder / name
        for bundle, was in zip(found, states, strict=True)
        for name, state in was.items()
        if state == "foreign" and name != bundle.files.secret
    ]
    if secret and _state(found[0].folder / secret[0], secret[1]) == "foreign":
        foreign.append(found[0].folder / secret[0])
    if foreign:
        named = ", ".join(layout.shown(path) for path in foreign[:3]) + (" and more" if len(foreign) > 3 else "")
        raise InputError(
            f"not written here, or changed by hand since: {named}; nothing was written",
            step="move it away, or overwrite it with --force",
        )


def _secret(found: list[RenderedBundle], made: Made) -> tuple[str, str]:
    """Path and text of the secret file of the one bundle that has one."""
    holders = [bundle for bundle in found if bundle.files.secret]
    sealed = holders[0].files.sealed if holders else None
    if len(found) != 1 or sealed is None:
        reason = "no bundle here logs in with a digest" if not holders else "a password belongs to one number"
        raise InputError(f"--with-secrets: {reason}", step="name a number with a digest: --number KEY")
    password = os.environ.get(PASSWORD) or (_made(holders[0], made) if holders[0].made else _asked(holders[0]))
    try:
        return holders[0].files.secret, sealed(password)
    except ValueError as error:
        raise InputError(str(error), step=f"give it in {PASSWORD}, or choose another one") from None


def _made(bundle: RenderedBundle, made: Made) -> str:
    if password := made(bundle.number):
        return password
    raise InputError(f"{bundle.number} has no password yet: the stack makes it", step="pulumi up, then this again")


def _asked(bundle: RenderedBundle) -> str:
    if not sys.stdin.isatty():
        raise InputError(
            f"--with-secrets needs the digest password of {bundle.number}",
            step=f"export {PASSWORD}=…, or run it in a terminal",
        )
    return getpass.getpass(escaping.line(f"digest password of {bundle.number} (user {bundle.files.username}): "))


def _state(path: Path, text: str) -> FileState:
    if not os.path.lexists(path):
        return "missing"
    if path.is_symlink() or not path.is_file():
        return "foreign"
    if path.read_bytes() == text.encode():
        return "same"
    return "outdated" if _is_ours(path) else "foreign"


#: Stands for the password; no language spells it in another way.
_ANY = "x7password7x"


def _sealed_state(path: Path, files: Files) -> FileState:
    """Of the file with the password, whatever the password is: what else stands there says as whom, and where."""
    if not _is_ours(path) or not files.sealed:
        return "foreign"
    wanted = [_unsigned(part) for part in files.sealed(_ANY).split(_ANY)]
    pattern = r"[^\n]*".join(map(re.escape, wanted))
    return "same" if re.fullmatch(pattern, _unsigned(path.read_text(encoding="utf-8"))) else "outdated"


def _unsigned(text: str) -> str:
    """Without the hash, which is of the password too."""
    return re.sub(r"(?<=Content sha256:)[0-9a-f]{64}", "", text, count=1)


def _is_ours(path: Path) -> bool:
    """Whether a file was written here and not changed since."""
    if path.is_symlink() or not path.is_file():
        return False
    try:
        return intact(path.read_bytes().decode("utf-8"))
    except UnicodeDecodeError:
        return False


def show(written: list[WrittenFile], *, checked: bool) -> None:
    """One line per file that is not the same, one per bundle that is."""
    for item in written:
        folder = layout.shown(item.bundle.folder)
        terminal.line(f"{item.bundle.key}: {item.bundle.files.platform} bundle of {item.bundle.number} in {folder}")
        for line in _lines(item):
            terminal.line(f"  {line}")
        if item.bundle.files.secret and not (item.secret or item.bundle.files.secret in item.states or checked):
            terminal.note(f"  the password is in no file: --with-secrets writes {item.bundle.files.secret} (mode 0600)")


def show_left(gone: list[LeftBundle]) -> None:
    """One line for each number that the stack has no files for any more."""
    for each in gone:
        text = f"left: {each.number} in {layout.shown(each.folder)}: the stack has no files for it any more"
        terminal.line(f"{text}; its README.md says how to take it back, then remove the folder")
        for name in each.secrets:
            terminal.line(f"  {name} holds a password")


def _lines(item: WrittenFile) -> Iterator[str]:
    secret = item.bundle.files.secret
    different = {name: state for name, state in item.states.items() if state != "same"}
    if not different:
        yield f"all {len(item.states)} files are as they should be"
    for name, state in different.items():
        yield f"{state}: {name}{' (with the password: --with-secrets writes it)' if name == secret else ''}"
    if item.secret:
        yield f"written: {item.secret} (mode 0600, not for git)"


def agrees(written: list[WrittenFile], gone: list[LeftBundle]) -> bool:
    """Whether every file on disk is what it should be, and none is left of a number that is gone."""
    return not gone and all(state == "same" for item in written for state in item.states.values())

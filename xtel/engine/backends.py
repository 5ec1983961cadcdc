"""Where Pulumi keeps its states and what encrypts their secrets: any backend, the sandbox's own, a folder after a kill."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from providers.kernel.wording import counted
from xtel.engine import cli
from xtel.project import layout
from xtel.project.sandbox import STACK, LocalSandbox

_SCHEME = "file://"
_SUFFIX = ".attrs"
#: Where a state can be: Pulumi Cloud (or an own one), a folder, a bucket.
SCHEMES = ("https", "file", "s3", "gs", "azblob")
PASSPHRASES = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")


@dataclass(frozen=True)
class Backend:
    """Where the states are, and whose login that is."""

    url: str
    user: str


def current(root: Path, environment: Mapping[str, str]) -> Backend:
    """The backend that Pulumi uses in a project. Raises cli.PulumiUnavailable where nobody is logged in."""
    told = json.loads(cli.run(["whoami", "--verbose", "--json"], root, environment))
    return Backend(str(told.get("url", "")), str(told.get("user", "")))


def is_cloud(url: str) -> bool:
    """Whether a service keeps the states, which then also encrypts their secrets."""
    return urlsplit(url).scheme == "https"


def folder(url: str, root: Path) -> Path | None:
    """The folder that a URL means; None where it is none."""
    if not url.startswith(_SCHEME):
        return None
    parts = urlsplit(url)
    return root / Path(parts.netloc + parts.path).expanduser()


def encryption(root: Path, stack: str) -> str:
    """What encrypts the secrets of a stack: ``passphrase``, a provider's URL, empty for a service or a stack not made yet."""
    told = layout.settings(root / f"Pulumi.{stack.rpartition('/')[2]}.yaml")
    if provider := str(told.get("secretsprovider") or ""):
        return "passphrase" if provider == "passphrase" else provider
    return "passphrase" if told.get("encryptionsalt") else ""


def lacks_passphrase(environment: Mapping[str, str]) -> bool:
    """Whether neither variable gives one. An empty passphrase is one too: Pulumi takes it."""
    return PASSPHRASES[0] not in environment and not environment.get(PASSPHRASES[1])


def select_sandbox_stack(sandbox: LocalSandbox) -> None:
    """Make the sandbox's backend folder and select the stack in it; raises cli.PulumiUnavailable without a Pulumi."""
    with sandbox.alone():  # two Pulumis at once would both try to create it
        sandbox.backend.mkdir(parents=True, exist_ok=True)
        cli.run(["stack", "select", "--create", STACK], sandbox.project.root, sandbox.environment())


def mend(stack: str, root: Path, environment: Mapping[str, str]) -> list[str]:
    """Remove the metadata that a killed write left half-written; with them Pulumi cannot read the state ("EOF").

    Pulumi renames a new state into place, and before that writes a content type and a checksum into a file beside it.
    Nothing needs that file, and without it the state is read as it is. Answers the names of what was removed; nothing is
    touched where the backend is no folder.
    """
    states = folder(current(root, environment).url, root)
    broken = [file for file in _metadata(states / ".pulumi", stack) if not _whole(file)] if states else []
    for file in broken:
        file.unlink(missing_ok=True)
    return [file.name for file in broken]


@dataclass(frozen=True)
class Copy:
    """A whole copy of a stack's state, which Pulumi left beside it."""

    file: Path
    written: datetime
    resources: int

    def __str__(self) -> str:
        return f"{self.file.name} of {self.written:%Y-%m-%d %H:%M:%S}, with {counted(self.resources, 'resource')}"


@dataclass(frozen=True)
class Damage:
    """A state of a folder backend that cannot be believed, and the newest copy that can; None where there is none."""

    file: Path
    what: str
    copy: Copy | None

    @property
    def remedy(self) -> str:
        """What takes its place."""
        return str(self.copy) if self.copy else "an empty one (there is no whole copy): what exists is taken over"

    def restore(self) -> None:
        """Put the copy in the state's place, or an empty state; what stood there is kept beside it."""
        if self.file.exists():
            self.file.replace(self.file.with_name(f"{self.file.name}.damaged"))
        self.file.with_name(f"{self.file.name}{_SUFFIX}").unlink(missing_ok=True)
        if self.copy:
            shutil.copy(self.copy.file, self.file)
        else:
            name = f"organization/{self.file.parent.name}/{self.file.stem}"
            self.file.write_text(json.dumps({"version": 3, "checkpoint": {"stack": name, "latest": None}}))


def damage(stack: str, root: Path, environment: Mapping[str, str]) -> Damage | None:
    """What is wrong with a stack's state: cut by a full disk, or emptied though nothing was destroyed. None: nothing."""
    if not (states := folder(current(root, environment).url, root)):
        return None
    project, name = layout.settings(root / "Pulumi.yaml").get("name"), stack.rpartition("/")[2]
    file = states / ".pulumi/stacks" / str(project) / f"{name}.json"
    held = _resources(file)
    if held or not file.exists():
        return None
    beside = states / ".pulumi"
    found = [file.with_name(f"{file.name}.bak")]
    found += [*(beside / "backups" / str(project) / name).glob("*.json")]
    found += (beside / "history" / str(project) / name).glob("*.checkpoint.json")
    whole = [Copy(each, _written(each), count) for each in found if (count := _resources(each))]
    newest = max(whole, key=lambda copy: copy.written, default=None)
    if held is None:
        return Damage(file, "is cut: a disk was full, or a run was killed while it wrote", newest)
    if newest is None or _destroyed(beside / "history" / str(project) / name):
        return None
    return Damage(file, "is empty, and nothing was destroyed", newest)


def _resources(file: Path) -> int | None:
    """How many resources a checkpoint holds; None where it is no whole one."""
    try:
        latest: Any = json.loads(file.read_bytes())["checkpoint"].get("latest") or {}
        listed: list[Any] = latest.get("resources") or []
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return len(listed)


def _written(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)


def _destroyed(history: Path) -> bool:
    """Whether the last run that succeeded was a destroy, or none is known: then an empty state is as it should be."""
    for file in sorted(history.glob("*.history.json"), reverse=True):
        try:
            told: Any = json.loads(file.read_bytes())
        except (OSError, ValueError):
            continue
        if told.get("result") == "succeeded":
            return told.get("kind") == "destroy"
    return True


def holders(stack: str, root: Path, environment: Mapping[str, str]) -> list[str]:
    """Who locks a stack of a file backend, worded as Pulumi itself says it; other backends say it only to who is refused."""
    states = folder(current(root, environment).url, root)
    files = [file for file in states.glob(".pulumi/locks/**/*.json") if file.parent.name == stack] if states else []
    return [text for file in sorted(files) if (text := _holder(file))]


def _holder(file: Path) -> str:
    try:
        told: Any = json.loads(file.read_bytes())
        return "created by {username}@{hostname} (pid {pid}) at {timestamp}".format_map(told)
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _metadata(states: Path, stack: str) -> Iterator[Path]:
    """Those of the stack's state, its copies and its locks."""
    for file in states.rglob(f"*{_SUFFIX}"):
        if file.name.startswith(f"{stack}.json") or file.parent.name == stack:
            yield file


def _whole(file: Path) -> bool:
    try:
        return isinstance(json.loads(file.read_bytes()), dict)
    except ValueError:
        return False
    except FileNotFoundError:
        return True

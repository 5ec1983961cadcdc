"""Where a rehearsal happens: a temporary folder with copies of the project, a sandbox and a Pulumi backend of its own.

All of it is gone at the end, however that comes. No credential of whoever rehearses is seen there.
"""

from __future__ import annotations

import os
import posixpath
import shutil
import tarfile
import tempfile
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, cast

from ruamel.yaml import YAML

from providers.kernel import registry
from providers.kernel.errors import InputError, XtelError
from stacks.document import Document
from xtel.engine import cli, interrupts
from xtel.project import layout, sandbox, sources
from xtel.project.layout import Project
from xtel.project.sandbox import LocalSandbox
from xtel.proof.rehearsal import made

#: Never part of what a stack is made from: hidden files are none, and these may be large.
_LEFT_OUT = frozenset({"__pycache__", "node_modules"})
#: What must not come from the shell: where a real state lies, and what opens it.
_EMPTIED = ("PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_CONFIG", "PULUMI_STACK", "XTEL_OFFLINE")


@dataclass(frozen=True)
class Stage:
    """A private sandbox, and what makes Pulumi talk to it and to nothing else."""

    folder: Path
    stack: str
    url: str
    environment: Mapping[str, str]
    #: Values that were made for config secrets: the same before and after.
    secrets: dict[str, str] = field(default_factory=dict[str, str], repr=False)

    def seed(self, documents: Iterable[Document]) -> None:
        """Let the vendors have what these stack files name, and nothing else."""
        vendors = cast(dict[str, Any], sandbox.ask(self.url, "GET", "state")).keys()
        sandbox.ask(self.url, "POST", "reset", made.seed(documents, vendors))

    def set(self, project: Project, declared: Document | None) -> None:
        """Give a copy of the project a configuration of its own, and make the stack where it is not there yet."""
        named = layout.settings(project.root / "Pulumi.yaml")
        file = project.root / f"Pulumi.{self.stack}.yaml"
        written = layout.configuration(file)
        config = made.configuration(str(named.get("name", "")), declared, written, self.secrets)
        _dump(file, {**self._salt(), "config": config})
        if not self._salt():
            cli.run(["stack", "init", self.stack], project.root, self.environment)
            _dump(self.folder / "salt.yaml", {"encryptionsalt": layout.settings(file)["encryptionsalt"]})

    def _salt(self) -> dict[str, Any]:
        return layout.settings(self.folder / "salt.yaml")


@contextmanager
def opened(stack: str) -> Generator[Stage]:
    """A stage for a stack, as long as the block lasts."""
    folder = Path(tempfile.mkdtemp(prefix="xtel-rehearsal-"))
    box = LocalSandbox(Project(folder))
    try:
        for name in ("home", "tmp"):
            (folder / name).mkdir()
        running, _ = box.up(0)
        box.backend.mkdir()
        if "XTEL_SANDBOX_SIP" not in box.environment():
            raise XtelError(
                "a rehearsal places calls, and their libraries are not here", step="pip install 'xai-telephony[calls]'"
            )
        yield Stage(folder, stack, running.url, _environment(folder, box))
    finally:
        with interrupts.unheeded():
            try:
                box.down()
            finally:
                shutil.rmtree(folder, ignore_errors=True)


def _environment(folder: Path, box: LocalSandbox) -> dict[str, str]:
    credentials = (item.env for vendor in registry.vendors().values() for item in vendor.credentials)
    emptied = {name: "" for name in (*credentials, *_EMPTIED) if os.environ.get(name)}
    # What the engine leaves behind in its temporary folder goes with ours.
    own = {"PULUMI_HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp")}
    return {**emptied, **box.environment(), **own}


def copied(project: Project, to: Path) -> Project:
    """The project as it stands in the working tree."""

    def left_out(folder: str, names: Sequence[str]) -> set[str]:
        return {name for name in names if not _taken(Path(folder) / name, to.parent)}

    try:
        shutil.copytree(project.root, to, ignore=left_out, ignore_dangling_symlinks=True)
    except (OSError, shutil.Error) as error:
        raise InputError(
            f"the project cannot be copied: {_why(error)}", step="see that its files can be read"
        ) from None
    return _runnable(project, to)


def checked_out(project: Project, revision: str, to: Path) -> Project:
    """The project as it stood at a git revision."""
    with tarfile.open(fileobj=BytesIO(sources.tree(revision, project.root))) as archive:
        if filtered := getattr(tarfile, "data_filter", None):  # Python before 3.11.4 has none, as on Debian 12
            archive.extraction_filter = filtered
        archive.extractall(to, [member for member in archive if _stays(member)])  # noqa: S202 -- git made it
    return _runnable(project, to)


def _stays(member: tarfile.TarInfo) -> bool:
    """Whether it is a file or a folder, or a link to one of the same project."""
    if not member.issym():
        return member.isfile() or member.isdir()
    target = posixpath.normpath(posixpath.join(posixpath.dirname(member.name), member.linkname))
    return not (posixpath.isabs(target) or target == ".." or target.startswith("../"))


def _taken(path: Path, stage: Path) -> bool:
    """Whether it may be part of what a stack is made from; never the copy itself, nor a link to what the link is in."""
    if path.name.startswith(".") or path.name in _LEFT_OUT or (path / "pyvenv.cfg").is_file():
        return False
    found = path.resolve()
    if found == stage.resolve() or (path.is_symlink() and path.parent.resolve().is_relative_to(found)):
        return False
    return path.is_dir() or path.is_file()


def _runnable(project: Project, to: Path) -> Project:
    """With the virtual environment that the project's Pulumi.yaml names, and nothing of its configuration at vendors."""
    file = to / "Pulumi.yaml"
    if not file.is_file():
        raise XtelError("there is no Pulumi.yaml, which pulumi up needs", step="rehearse in the project's folder")
    told = layout.settings(file)
    virtualenv = layout.virtualenv(to)
    place = project.root.resolve() / virtualenv
    if virtualenv and not Path(virtualenv).is_absolute() and place.is_dir() and not (to / virtualenv).exists():
        (to / virtualenv).parent.mkdir(parents=True, exist_ok=True)
        (to / virtualenv).symlink_to(place)
    config = layout.configuration(file)
    vendors = registry.vendors()
    if any(key.partition(":")[0] in vendors for key in config):
        _dump(file, {**told, "config": {key: config[key] for key in config if key.partition(":")[0] not in vendors}})
    return Project(to)


def _dump(file: Path, tree: Mapping[str, Any]) -> None:
    yaml = YAML(typ="safe")
    yaml.default_flow_style = False
    with file.open("w", encoding="utf-8") as stream:
        yaml.dump(dict(tree), stream)  # pyright: ignore[reportUnknownMemberType]


def _why(error: Exception) -> str:
    """The first reason of many."""
    several = cast(list[Any], error.args[0]) if isinstance(error, shutil.Error) and error.args else []
    return str(several[0][-1]) if several else str(getattr(error, "strerror", None) or error)

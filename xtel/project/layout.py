"""Where things are: the project's root, its stack files, what a person calls them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any, cast

from providers.kernel import reading
from providers.kernel.errors import InputError

if TYPE_CHECKING:
    from stacks import document


#: The stack of the phone network on this machine.
SANDBOX = "sandbox"


@dataclass(frozen=True)
class Project:
    """A folder with a Pulumi.yaml, and the stack files below it."""

    root: Path

    @property
    def is_pulumi(self) -> bool:
        """Whether Pulumi could run here."""
        return (self.root / "Pulumi.yaml").is_file()

    def stack_files(self) -> list[Path]:
        """Every stack file in ``stacks/`` but examples; none is an error: then the verb was run in the wrong folder."""
        files = sorted(path for path in _stacks(self.root) if path.is_file())
        if not files:
            raise InputError(
                f"there is no stack file in {shown(self.root / 'stacks')}",
                step="run it in the project's folder, or name a file: xtel validate FILE",
            )
        return files

    def stacks(self) -> list[str]:
        """Every stack that has a file: by the file's name, or by the configuration that names the file.

        The sandbox's is none of them: what it tries out is another stack's file, and its backend is on this machine alone.
        """
        files = {path.resolve(): path.stem for path in self.stack_files()}
        named = {path.stem.removeprefix("Pulumi."): path for path in self.root.glob("Pulumi.*.yaml")}
        named.pop(SANDBOX, None)
        told = {stack: file for stack, path in named.items() if (file := configuration(path).get("xtel:file"))}
        for file in told.values():
            files.pop((self.root / str(file)).resolve(), None)
        found = sorted({*files.values(), *told} - {SANDBOX})
        if not found:
            raise InputError(
                f"there is no stack in {shown(self.root / 'stacks')} but the sandbox's",
                step="write stacks/prod.yaml, or name the sandbox's: xtel plan sandbox",
            )
        return found

    def names(self) -> list[str]:
        """What stacks are called here, the sandbox's too, by the names of files alone."""
        configured = {path.stem.removeprefix("Pulumi.") for path in self.root.glob("Pulumi.*.yaml")}
        return sorted(configured | {path.stem for path in _stacks(self.root)})

    def stack_file(self, stack: str) -> Path:
        """The file of a stack: config ``xtel:file``, else ``stacks/<stack>.yaml``."""
        name = stack.rpartition("/")[2]  # Pulumi also takes organisation/project/stack
        return existing(self.root / (self._configured(name) or f"stacks/{name}.yaml"), self)

    def file(self, named: str) -> Path:
        """A stack file by its path, or by the name of its stack."""
        path = Path(named)
        if path.suffix in {".yaml", ".yml"} or ("/" in named and path.is_file()):
            return existing(path, self)
        return self.stack_file(named)

    def _configured(self, stack: str) -> str | None:
        for file in (self.root / f"Pulumi.{stack}.yaml", self.root / "Pulumi.yaml"):
            value = configuration(file).get("xtel:file")
            value = cast(dict[str, Any], value).get("value") if isinstance(value, dict) else value
            if isinstance(value, str):
                return value
        return None


def here() -> Project:
    """The project around the working directory: the nearest folder upward with a Pulumi.yaml, else this folder."""
    cwd = Path.cwd()
    return Project(next((folder for folder in (cwd, *cwd.parents) if (folder / "Pulumi.yaml").is_file()), cwd))


def shown(path: Path) -> str:
    """A path as short as it can be clicked: relative to the working directory, unless it lies far away."""
    relative = os.path.relpath(path)
    return relative if relative.count("..") <= 2 else str(path)


def relative(path: Path) -> Path:
    """The same file under the name that findings show."""
    return Path(shown(path))


def existing(path: Path, project: Project) -> Path:
    """The path, or an error with the stacks that there are."""
    if _is_file(path):
        return relative(path)
    if os.path.lexists(path):
        told = f"there is no stack file {shown(path)}: what has this name is no file"
        raise InputError(told, step="put a stack file there, or name another stack")
    stacks = ", ".join(sorted(file.stem for file in _stacks(project.root) if _is_file(file)))
    step = (
        f"name one of the stacks that exist: {stacks}"
        if stacks
        else "go to the project's folder, or begin one: xtel new DIR"
    )
    raise InputError(f"there is no stack file {shown(path)}", step=step)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # its name is longer than a file system takes
        return False


def rewrite(file: Path, before: str, text: str, agrees: Callable[[document.Document], bool] | None = None) -> None:
    """Replace a stack file as a whole, once ``text`` is known to be a good one that ``agrees`` with what was wanted."""
    from stacks import document

    file = file.resolve()
    if file.read_bytes().decode("utf-8") != before:
        raise InputError(f"{shown(file)} was changed meanwhile; nothing was written", step="run it again")
    with NamedTemporaryFile("wb", dir=file.parent, prefix=f".{file.stem}-", suffix=".yaml", delete=False) as draft:
        draft.write(text.encode())
    try:
        found = document.read(Path(draft.name))
        if agrees and not agrees(found):
            raise InputError(f"{shown(file)} cannot hold this as it is; nothing was written", step="write it by hand")
        shutil.copymode(file, draft.name)
        os.replace(draft.name, file)
    except document.Refused as refused:
        wrong = refused.findings[0]
        raise InputError(
            f"{shown(file)}: {wrong.path}: {wrong.message}; nothing was written", step="correct it first"
        ) from None
    finally:
        Path(draft.name).unlink(missing_ok=True)


def _stacks(root: Path) -> list[Path]:
    return [file for file in (root / "stacks").glob("*.yaml") if not file.name.endswith(".example.yaml")]


def settings(file: Path) -> dict[str, Any]:
    """A Pulumi file as a whole; one that cannot be read is Pulumi's to complain about."""
    try:
        tree: Any = reading.yaml(file)
    except reading.Unreadable:
        return {}
    return cast(dict[str, Any], tree) if isinstance(tree, dict) else {}


def virtualenv(root: Path) -> str:
    """The folder of the virtual environment that a project's Pulumi.yaml names, as it stands there; empty: none."""
    told: Any = settings(root / "Pulumi.yaml")
    for name in ("runtime", "options", "virtualenv"):
        told = cast(dict[str, Any], told).get(name) if isinstance(told, dict) else None
    return told if isinstance(told, str) else ""


def configuration(file: Path) -> dict[str, Any]:
    """The ``config`` of a Pulumi file."""
    config: Any = settings(file).get("config")
    return cast(dict[str, Any], config) if isinstance(config, dict) else {}


def unwritten(error: OSError) -> str:
    """Why a file or a folder cannot be made, in a word."""
    if isinstance(error, FileNotFoundError):
        return "the folder it would be in is not there"
    return error.strerror or str(error)

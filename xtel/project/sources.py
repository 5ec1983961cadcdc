"""The files that decide what an apply does, and what they hold that a plan must know."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from providers.kernel import registry
from providers.kernel.errors import InputError
from providers.kernel.secrecy import one_line
from stacks.document import Document
from xtel.project.layout import Project, configuration

_SECONDS = 30


def sources(project: Project, stack: str, stack_file: Path) -> dict[str, bytes]:
    """The program, its configuration and the stack file, by names that are the same on every machine."""
    name = stack.rpartition("/")[2]
    root = project.root
    files = [root / "Pulumi.yaml", root / f"Pulumi.{name}.yaml", *sorted(root.glob("*.py"))]
    found = {path.name: path.read_bytes() for path in files if path.is_file()}
    return {**found, "stack file": stack_file.read_bytes(), "xai-telephony": version("xai-telephony").encode()}


def read_by(project: Project, stack: str, declared: Document) -> list[str]:
    """Every file that a plan of this stack is made from, by its path from the project's root."""
    root = project.root.resolve()
    name = stack.rpartition("/")[2]
    named = [agent.instructions_file for agent in declared.network.agents.values() if agent.instructions_file]
    files = [root / "Pulumi.yaml", root / f"Pulumi.{name}.yaml", root / "requirements.txt", *root.glob("*.py")]
    files += [Path(declared.file), *(root / file for file in named)]
    inside = (file.resolve() for file in files if file.is_file())
    return sorted({file.relative_to(root).as_posix() for file in inside if file.is_relative_to(root)})


def plain_secrets(project: Project, stack: str, more: Iterable[str]) -> tuple[str, ...]:
    """Keys of the stack's configuration that hold secrets and stand there unencrypted; ``more`` are the stack file's."""
    secret = {item.config for vendor in registry.vendors().values() for item in vendor.credentials if item.secret}
    secret |= set(more)
    found: set[str] = set()
    for file in ("Pulumi.yaml", f"Pulumi.{stack.rpartition('/')[2]}.yaml"):
        for key, value in configuration(project.root / file).items():
            named = key in secret or key.rpartition(":")[2] in secret
            if named and not (isinstance(value, dict) and "secure" in value):
                found.add(key)
    return tuple(sorted(found))


def at(revision: str, file: Path) -> bytes | None:
    """A file as it stood at a git revision; None where it did not exist. Raises InputError where git cannot say."""
    if revision.startswith("-"):
        raise InputError(f"{revision} is no git revision", step="name a branch, a tag or a commit, such as origin/main")
    path = file.resolve()
    folder = next(each for each in path.parents if each.is_dir())  # its own may be gone in this working tree
    named = path.relative_to(folder).as_posix()
    _git(
        folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", failing=f"git has no revision {revision}"
    )
    listed = _git(folder, "ls-tree", "--name-only", revision, "--", named, failing="git cannot list files")
    if not listed.strip():
        return None
    return _git(folder, "show", f"{revision}:./{named}", failing=f"git cannot show {file.name}")


def tree(revision: str, root: Path) -> bytes:
    """A folder as it stood at a git revision, as a tar archive. Raises InputError where git cannot say."""
    if revision.startswith("-"):
        raise InputError(f"{revision} is no git revision", step="name a branch, a tag or a commit, such as origin/main")
    _git(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", failing=f"git has no revision {revision}")
    return _git(root, "archive", "--format=tar", revision, "--", ".", failing=f"git cannot give {revision}")


def _git(folder: Path, *arguments: str, failing: str) -> bytes:
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"git cannot be run: {one_line(str(error))}", step="install git") from None
    if done.returncode:
        reason = one_line(done.stderr.decode(errors="replace"))
        if "not a git repository" in reason:
            raise InputError(
                "this project is in no git repository", step="`git init` and commit it, or leave --base out"
            )
        raise InputError(
            f"{failing}{': ' if reason else ''}{reason}", step="name a branch, a tag or a commit that was fetched"
        )
    return done.stdout

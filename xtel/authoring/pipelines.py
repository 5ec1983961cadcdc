"""`xtel new --ci`: pipelines for a project, new or there already; nothing that exists is overwritten."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from providers.kernel import registry
from providers.kernel.errors import InputError
from stacks import document
from xtel import terminal
from xtel.project import layout, sources
from xtel.project.layout import Project

#: The Pulumi CLI of the pipelines: the release that this package is tested with.
PULUMI = "3.258.0"
#: Actions by commit, so that a moved tag changes nothing; the version is for people and for Dependabot.
PINS = {
    "checkout": "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
    "python": "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0",
    "pulumi": "pulumi/actions@8e5e406f4007fca908480587cb9893c07090f58d # v7.0.0",
    "upload": "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0",
    "download": "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1",
}
_COMMON = {".pre-commit-config.yaml": "pre-commit-config.yaml", ".devcontainer/devcontainer.json": "devcontainer.json"}
SYSTEMS: dict[str, dict[str, str]] = {
    "github": {
        f".github/workflows/xtel-{name}.yml": f"github/{name}.yml" for name in ("validate", "plan", "apply", "drift")
    },
    "gitlab": {".gitlab-ci.yml": "gitlab-ci.yml"},
}
#: What no stack reads: a merge that touches nothing else applies nothing. Everything else may be read, now or tomorrow (the
#: instructions of an agent stand in any file), and a change that is not applied is worse than an apply without a change.
UNREAD = (
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", ".gitignore", ".pre-commit-config.yaml"),
    *(".github/**", ".devcontainer/**"),
)
#: A stack's name stands in paths and shell lines of the pipelines.
_STACK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True)
class Added:
    """What was written beside a project's own files, and what was there and stays."""

    folder: Path
    stacks: tuple[str, ...]
    files: tuple[str, ...]
    kept: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        told = {"folder": str(self.folder), "stacks": list(self.stacks)}
        return {**told, "files": list(self.files), "kept": list(self.kept)}


def texts(
    system: str, called: str, stacks: Sequence[str], vendors: Iterable[str], read: Collection[str] = ()
) -> dict[str, str]:
    """Every file by its path; ``vendors`` are those whose credentials a plan needs beside xAI's, ``read`` the files that
    the stacks are made from.
    """
    unread = [path for path in UNREAD if not any(file.startswith(path.removesuffix("**")) for file in read)]
    values = {
        "paths": ["**", *(f"!{path}" for path in unread)],
        "project": called, "stacks": list(stacks), "pins": PINS, "pulumi": PULUMI,
        "environment": _environment(vendors),
    }  # fmt: skip
    # ${{ }} is GitHub's own, so Jinja's marks are others. Nothing here is HTML: escaping would spoil it.
    jinja = Environment(  # noqa: S701
        loader=FunctionLoader(_template), undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True,
        block_start_string="<%", block_end_string="%>", variable_start_string="<%=", variable_end_string="%>",
        comment_start_string="<%#", comment_end_string="#%>",
    )  # fmt: skip
    chosen = {**SYSTEMS[system], **_COMMON}
    return {path: jinja.get_template(f"{name}.j2").render(values) for path, name in chosen.items()}


def add(folder: Path, system: str) -> Added:
    """Write the pipelines of a project that exists, for all its stacks but the sandbox's."""
    here = Project(folder.resolve())
    read = {name: document.read(here.stack_file(name)) for name in here.stacks()}
    if odd := [name for name in read if not _STACK.fullmatch(name)]:
        raise InputError(f"{odd[0]} is no name for a stack", step="rename its stack file")
    files = {file for name, found in read.items() for file in sources.read_by(here, name, found)}
    routes = (number.route for found in read.values() for number in found.network.numbers.values())
    made = texts(system, here.root.name, sorted(read), [route.delivers for route in routes if route], files)
    written, kept = _write(here.root, made)
    return Added(here.root, tuple(sorted(read)), written, kept)


def show(added: Added) -> None:
    """What was written, what was there already, and what comes next."""
    terminal.line(f"{layout.shown(added.folder)}: pipelines for {', '.join(added.stacks)}", "green")
    for file in added.files:
        terminal.line(f"  {file}")
    if added.kept:
        terminal.note(f"there already, and left as they are: {', '.join(added.kept)}")
    terminal.line("next: their secrets and permissions, as docs/pipelines.md says")


def _write(root: Path, made: dict[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    written: list[str] = []
    for path, text in made.items():
        try:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            with (root / path).open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            continue
        except OSError as error:
            reason = f"{layout.shown(root / path)} cannot be written: {layout.unwritten(error)}"
            raise InputError(reason, step="make room for it, then run it again") from None
        written.append(path)
    return tuple(written), tuple(path for path in made if path not in written)


def _environment(vendors: Iterable[str]) -> list[tuple[str, str]]:
    """Pulumi's own variables and every credential, as GitHub's secrets; where the state lies is no secret."""
    engine = [
        ("PULUMI_BACKEND_URL", "${{ vars.PULUMI_BACKEND_URL }}"),
        *((name, f"${{{{ secrets.{name} }}}}") for name in ("PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE")),
    ]
    found = [
        credential
        for name in ["xai", *sorted({*vendors} - {"xai"})]
        for credential in registry.vendor(name).credentials
    ]
    return [*engine, *((item.env, f"${{{{ {'secrets' if item.secret else 'vars'}.{item.env} }}}}") for item in found)]


def _template(name: str) -> str:
    return (files("templates") / "pipeline" / name).read_text(encoding="utf-8")


def is_project(folder: Path) -> bool:
    """Whether there is a project to add to."""
    return os.path.lexists(folder / "Pulumi.yaml")

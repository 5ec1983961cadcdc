"""`xtel new`: a user's own project, whole or not at all, that `pulumi up` takes as it is."""

from __future__ import annotations

import json
import os
import re
import shutil
import sysconfig
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from ipaddress import ip_network
from pathlib import Path
from secrets import token_urlsafe
from tempfile import TemporaryDirectory
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from providers.kernel import registry
from providers.kernel.capabilities import Capability
from providers.kernel.errors import InputError
from providers.kernel.vendor import Carrier
from stacks import document
from xtel import terminal
from xtel.authoring import backend, pipelines
from xtel.engine import backends, cli
from xtel.project import layout, sandbox
from xtel.review.rules import is_production

#: What Pulumi takes as the name of a stack, and what is safe as the name of a file.
STACK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_MAX_NAMED = 5


@dataclass(frozen=True)
class NewProject:
    """A project as it was written; ``note`` says why its stack is not selected, or what else is worth knowing."""

    folder: Path
    project: str
    stack: str
    carrier: str
    files: tuple[str, ...]
    selected: bool
    note: str
    keeping: backend.Keeping = field(default_factory=backend.Keeping)

    @property
    def steps(self) -> tuple[str, ...]:
        """What to type next, line by line."""
        here = self.folder.samefile(Path.cwd())
        return (
            *(() if here else (f"cd {_quoted(layout.shown(self.folder))}",)),
            *(() if _is_first_on_path() else (f'export PATH={_quoted(sysconfig.get_path("scripts"))}:"$PATH"',)),
            *(("unset PULUMI_BACKEND_URL",) if self.keeping.is_hidden else ()),
            *((backend.EXPORT,) if backend.FILE in self.files else ()),
            *(() if self.selected else (self.keeping.command(self.stack),)),
            f"xtel validate {self.stack}",
            "pulumi preview",
            "pulumi up",
        )

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "backend": self.keeping.backend or None,
            "folder": str(self.folder),
            "project": self.project,
            "stack": self.stack,
            "carrier": self.carrier,
            "files": list(self.files),
            "selected": self.selected,
            "note": self.note,
            "next": list(self.steps),
        }


def make(folder: Path, stack: str, name: str, ci: str = "", keeping: backend.Keeping | None = None) -> NewProject:
    """Write the project and select its stack; ``name`` is the carrier's. Raises InputError before anything is written."""
    folder, keeping = folder.resolve(), keeping or backend.Keeping()
    called = project_name(folder)
    texts = _texts(called, stack, registry.carriers()[name], keeping)
    if ci:
        texts.update(pipelines.texts(ci, called, [stack], [name]))
    try:
        _refuse_occupied(folder)
        _write(folder, texts, stack)
    except OSError as error:
        reason = f"{layout.shown(folder)} cannot be made: {layout.unwritten(error)}"
        raise InputError(reason, step="name a folder that can be written") from None
    selected, note = _select(folder, stack, keeping)
    if backend.FILE in texts:
        note = "; ".join(filter(None, (backend.KEEP, note)))
    return NewProject(folder, called, stack, name, tuple(texts), selected, note, keeping)


def project_name(folder: Path) -> str:
    """A name that Pulumi takes, as near to the folder's as can be."""
    letters = unicodedata.normalize("NFKD", folder.name).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", letters).strip("-._")[:100].rstrip("-._")
    return name or "phone-network"


def show(made: NewProject) -> None:
    """What was written, and what to type next."""
    title = registry.carriers()[made.carrier].title
    terminal.line(f"{layout.shown(made.folder)}: project {made.project}, stack {made.stack}, {title}", "green")
    for file in made.files:
        terminal.line(f"  {file}")
    if made.note:
        terminal.note(made.note)
    terminal.line(f"next: your numbers and your webhook into stacks/{made.stack}.yaml, then")
    for step in made.steps:
        terminal.line(f"  {step}")


def _texts(called: str, stack: str, delivers: Carrier[Any], keeping: backend.Keeping) -> dict[str, str]:
    """Every file of the project by its path in it."""
    fallback = delivers.can.get(Capability.FALLBACK)
    begun = delivers.route.model_validate({"carrier": delivers.name, **delivers.example_route})
    values: dict[str, Any] = {
        "project": called,
        "stack": stack,
        "number": delivers.example,
        "carrier": delivers,
        "backend": keeping.backend,
        "create": keeping.command(stack),
        "passphrase": backend.FILE if keeping.makes_passphrase else "",
        "allowlist": delivers.auth == "allowlist",
        "ranges": ", ".join(begun.sources()),
        "extras": ",".join(sorted({"calls", *filter(None, [delivers.extra])})),
        "reported": ", ".join(f'"{network}"' for network in delivers.example_allow),
        # A network of RFC 5737 stands for a machine of the user's own; what was reported of a carrier is public.
        "own_address": not any(ip_network(network).is_global for network in delivers.example_allow),
        "fallback": fallback is not None and fallback.able,
        "production": is_production(stack),
        "vendors": [registry.vendor("xai"), delivers],
    }
    # Nothing here is HTML: escaping would spoil it.
    jinja = Environment(  # noqa: S701
        loader=FunctionLoader(_template), undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    templates = {
        "Pulumi.yaml": "Pulumi.yaml",
        **({} if stack == sandbox.STACK else {f"Pulumi.{sandbox.STACK}.yaml": "Pulumi.sandbox.yaml"}),
        "__main__.py": "__main__.py",
        f"stacks/{stack}.yaml": "stack.yaml",
        ".gitignore": "gitignore",
        "README.md": "README.md",
        "requirements.txt": "requirements.txt",
    }
    made = {path: jinja.get_template(f"{template}.j2").render(values) for path, template in templates.items()}
    if keeping.makes_passphrase:
        made[backend.FILE] = f"{token_urlsafe(32)}\n"
    schema = files("stacks") / "schema" / "stack.json"
    return {**made, "stacks/schema/stack.json": schema.read_text(encoding="utf-8")} if schema.is_file() else made


def _template(name: str) -> str:
    return (files("templates") / "new" / name).read_text(encoding="utf-8")


def _refuse_occupied(folder: Path) -> None:
    if not folder.is_dir():
        if os.path.lexists(folder):
            raise InputError(f"{layout.shown(folder)} is there already, and no folder", step="name another one")
        return
    found = sorted(path.name for path in folder.iterdir())
    if found:
        more = f" and {len(found) - _MAX_NAMED} more" if len(found) > _MAX_NAMED else ""
        named = ", ".join(found[:_MAX_NAMED])
        raise InputError(f"{layout.shown(folder)} is not empty: {named}{more}", step="name a new or an empty folder")


def _write(folder: Path, texts: Mapping[str, str], stack: str) -> None:
    """All files or none: a draft beside their place, on the same disk, is then moved there.

    A folder that exists keeps being the same one, because a shell may stand in it; of one that does not, the topmost
    missing parent is moved, so that no half of its path can be left behind.
    """
    top = folder
    while not (top.exists() or top.parent.exists()):
        top = top.parent
    with TemporaryDirectory(prefix=".xtel-new-", dir=folder if folder.exists() else top.parent) as temporary:
        draft = Path(temporary, "draft")
        inner = draft / folder.relative_to(top)
        for path, text in texts.items():
            (inner / path).parent.mkdir(parents=True, exist_ok=True)
            (inner / path).touch(0o600 if path == backend.FILE else 0o666)
            (inner / path).write_text(text, encoding="utf-8")
        _refuse_invalid(inner / f"stacks/{stack}.yaml", stack)
        if folder.exists():
            _move_entries(draft, folder)
        else:
            draft.rename(top)


def _refuse_invalid(file: Path, stack: str) -> None:
    """A carrier of another distribution may need keys in its route that nobody can make up."""
    try:
        document.read(file)
    except document.Refused as refused:
        found = refused.findings[0]
        text = f"a first stack file cannot be made for this carrier: {found.path}: {found.message}"
        raise InputError(text, step=f"take another --carrier, then change stacks/{stack}.yaml") from None


def _move_entries(draft: Path, folder: Path) -> None:
    moved: list[Path] = []
    try:
        for entry in sorted(draft.iterdir()):
            moved.append(entry.rename(folder / entry.name))
    except BaseException:
        for path in moved:
            path.rename(draft / path.name)
        raise


def _select(folder: Path, stack: str, keeping: backend.Keeping) -> tuple[bool, str]:
    """Create and select the stack, where there is a Pulumi with a backend that answers; what to tell about it."""
    if not cli.found():
        return False, f"there is no pulumi on PATH: install it, then {keeping.command(stack)}"
    variables = keeping.environment(folder)
    own = sandbox.LocalSandbox(layout.here())
    if os.environ.get("PULUMI_BACKEND_URL") == own.engine_environment()["PULUMI_BACKEND_URL"]:
        own.backend.mkdir(parents=True, exist_ok=True)  # a sandbox outside any project has none yet
    try:
        if states := backends.folder(keeping.backend, folder):
            states.mkdir(parents=True, exist_ok=True)
        with terminal.working(keeping.command(stack)):
            cli.run(keeping.arguments(stack), folder, variables)
            held = _resources(folder, variables)
    except OSError as error:
        return False, f"no stack was selected: {keeping.backend} cannot be made: {layout.unwritten(error)}"
    except cli.PulumiUnavailable as error:
        return False, f"no stack was selected: {error}"
    if held:
        return True, (
            f"the backend had this stack already, with {held} resources: pulumi up makes them what the stack file says"
        )
    return True, ""


def _resources(folder: Path, variables: Mapping[str, str]) -> int:
    """How many resources the selected stack holds: none, unless another folder made it before."""
    told: list[dict[str, Any]] = json.loads(cli.run(["stack", "ls", "--json"], folder, variables))
    return next((int(stack.get("resourceCount") or 0) for stack in told if stack.get("current")), 0)


def _is_first_on_path() -> bool:
    """Whether the ``python3`` that Pulumi would start in this shell is the one that holds us."""
    first = shutil.which("python3")
    return first is not None and Path(first).parent == Path(sysconfig.get_path("scripts"))


def _quoted(path: str) -> str:
    return path if sandbox.plain(path) else sandbox.quoted(path)

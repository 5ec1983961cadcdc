"""`xtel import`, second half: writes the entries, brings the objects into the state, renames them, and proves the plan.

Until the plan is known to hold renames alone nothing has changed at any vendor, and everything here can be undone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from providers.kernel.errors import XtelError
from stacks import document
from stacks.resource import NUMBER
from xtel import terminal
from xtel.engine import cli, events
from xtel.engine.step import UNKNOWN
from xtel.operations import gate
from xtel.operations.gate import ApplyResult, Order
from xtel.operations.importing import entries
from xtel.operations.importing.live import NAMES, ImportedResource, project_name
from xtel.operations.importing.number import ImportedNumber
from xtel.operations.importing.survey import Survey
from xtel.project import layout, sandbox
from xtel.review import planning

#: One state per object on a file backend, and a rename at most: generous also for a hundred numbers.
_SECONDS = 1800
#: Inputs that only steer a preview.
_STEERING = frozenset({"dry_run", "blocked"})


class ImportRefused(XtelError):
    """The plan after the import would change something, or is stopped; everything was undone. ``exit`` as `apply` has it."""

    def __init__(self, message: str, *, step: str = "", exit: int = 1) -> None:
        super().__init__(message, step=step)
        self.exit = exit


def take_over(found: layout.Project, stack: str, wanted: Survey) -> ApplyResult:
    """Import what was surveyed, and how that ended. Raises XtelError; where it says "undone" everything is as it was."""
    pulumi = _Pulumi(found, stack)
    if waiting := pulumi.differing():
        raise XtelError(
            f"the stack has changes that are not applied ({', '.join(sorted(waiting))}); nothing was done",
            step="pulumi up, or take them out of the stack file; then import",
        )
    with _kept(wanted.file, found.root / f"Pulumi.{pulumi.stack}.yaml"), pulumi.forgotten(wanted.taken):
        for taken in wanted.taken:
            for name, value in taken.secrets.items():
                pulumi.run("config", "set", "--secret", name, given=value)
        write(wanted)
        pulumi.bring(wanted.taken)
        if waiting := pulumi.differing(but=NAMES):
            told = "; ".join(f"{name}: {', '.join(paths)}" for name, paths in sorted(waiting.items()))
            raise ImportRefused(
                f"the plan would change {told}; undone", step="report it: entry and object should agree"
            )
        order = Order(command="xtel import")
        planned = gate.prepare(found, stack, order, terminal.silent)
        stopped = gate.refused(planned, order)
        if stopped and stopped.exit:
            planning.show(planned.review)
            raise ImportRefused(f"{stopped.error}; undone", step=stopped.step, exit=stopped.exit)
    result = gate.carry_out(found, planned, order, terminal.silent)
    pulumi.finish(result)
    return result


def write(wanted: Survey) -> None:
    """The stack file with the entries, once it reads as exactly what was surveyed."""
    text = entries.appended(wanted.text, {taken.key: taken.entry for taken in wanted.taken})
    expected = {**wanted.document.numbers, **{taken.key: taken.declared for taken in wanted.taken}}

    def agrees(read: document.Document) -> bool:
        return read.numbers == expected and read.network.defaults == wanted.document.network.defaults

    layout.rewrite(wanted.file, wanted.text, text, agrees)


@contextmanager
def _kept(*files: Path) -> Generator[None]:
    """Puts files back as they were when the block fails, however it fails."""
    before = {file: file.read_bytes() if file.is_file() else None for file in files}
    try:
        yield
    except BaseException:
        for file, content in before.items():
            if content is None:
                file.unlink(missing_ok=True)
            elif file.read_bytes() != content:
                file.write_bytes(content)
        raise


class _Pulumi:
    """The CLI on one stack."""

    def __init__(self, found: layout.Project, stack: str) -> None:
        self.stack, self._named = stack.rpartition("/")[2], stack
        self._root, self._environment = found.root, sandbox.reading(found, stack)
        self._project = project_name(found)

    def run(self, *arguments: str, given: str = "") -> str:
        environment = {"PULUMI_PARALLEL": "32", **self._environment}
        if "PULUMI_PARALLEL" in os.environ:
            environment.pop("PULUMI_PARALLEL")
        options = [*arguments, "--stack", self._named]
        return cli.run(options, self._root, environment, given=given, seconds=_SECONDS)

    def differing(self, but: Iterable[str] = ()) -> dict[str, list[str]]:
        """What an apply would do, by resource: the properties that change, or the operation; the stack's outputs apart."""
        told = self._preview()
        waiting: dict[str, list[str]] = {}
        for step in cast(list[dict[str, Any]], told.get("steps") or []):
            if step["op"] == "same" or "::pulumi:" in str(step["urn"]):
                continue
            changed = _changed(step)
            if step["op"] != "update" or not changed or changed - set(but):
                waiting[str(step["urn"]).rpartition("::")[2]] = sorted(changed - set(but)) or [str(step["op"])]
        errors = [str(item["message"]) for item in told.get("diagnostics") or () if item.get("severity") == "error"]
        if errors and not waiting:
            raise XtelError(f"the stack cannot be previewed: {errors[0]}", step="pulumi preview")
        return waiting

    def _preview(self) -> dict[str, Any]:
        """The plan; one that refuses something ends with an error and says all the same what it would do."""
        with TemporaryDirectory(prefix="xtel-import-") as folder:
            written = Path(folder) / "events"
            arguments = ["preview", "--json", "--stack", self._named, "--event-log", str(written)]
            # without the variable there is no --event-log
            done = cli.ask(arguments, self._root, {**self._environment, "PULUMI_DEBUG_COMMANDS": "1"}, _SECONDS)
            events.relay(written.read_bytes() if written.is_file() else b"")
        if done.returncode and not done.stdout.lstrip().startswith("{"):
            raise cli.PulumiUnavailable(f"pulumi preview: {cli.reason(done.stderr or done.stdout)}")
        return json.loads(done.stdout)

    def bring(self, numbers: Iterable[ImportedNumber]) -> None:
        """Into the state, from a file that only this user can read and that is gone afterwards."""
        with TemporaryDirectory(prefix="xtel-import-") as folder:
            file = Path(folder) / "import.json"
            file.touch(mode=0o600)
            file.write_text(json.dumps({"resources": list(_resources(numbers))}))
            plain = ("--yes", "--generate-code=false", "--protect=false", "--skip-preview", "--suppress-outputs")
            self.run("import", "--file", str(file), *plain)

    @contextmanager
    def forgotten(self, numbers: Iterable[ImportedNumber]) -> Generator[None]:
        """Takes the numbers out of the state again when the block fails; nothing is deleted at a vendor."""
        try:
            yield
        except BaseException:
            for taken in numbers:
                urn = f"urn:pulumi:{self.stack}::{self._project}::xtel:network:Number::{taken.number}"
                with suppress(cli.PulumiUnavailable):  # it was not imported yet
                    self.run("state", "delete", urn, "--target-dependents", "--yes")
            raise

    def finish(self, result: ApplyResult) -> None:
        """Renames, dependencies and outputs are applied; now the plan must be empty."""
        if result.outcome == "interrupted":
            gate.show_numbers(result)
            raise KeyboardInterrupt
        if result.exit:
            for item in result.warnings:
                terminal.note(f"warning: {item}")
            told = f"imported, but not everything got its new name: {result.error}"
            raise XtelError(told, step=f"xtel apply {self._named}")
        if waiting := self.differing():
            told = "; ".join(f"{name}: {', '.join(paths)}" for name, paths in sorted(waiting.items()))
            raise XtelError(f"imported, but the plan still changes {told}", step="pulumi preview --diff")


def _changed(step: Mapping[str, Any]) -> set[str]:
    """The inputs that an update changes; the id of an object that is only renamed is not known to a preview."""
    paths = cast(dict[str, Any], step.get("detailedDiff") or {})
    state = cast(dict[str, Any], step.get("newState") or {})
    inputs = cast(dict[str, Any], state.get("inputs") or {})
    names = {path.split(".")[0].split("[")[0] for path in paths} - _STEERING
    return {name for name in names if inputs.get(name) != UNKNOWN}


def _resources(numbers: Iterable[ImportedNumber]) -> Generator[Mapping[str, Any]]:
    """The import file: a component and its objects for each number."""
    for count, taken in enumerate(numbers):
        parent = f"number{count}"
        yield {"type": NUMBER, "name": parent, "logicalName": taken.number, "component": True}
        for index, item in enumerate(taken.objects):
            yield {
                "name": f"{parent}x{index}",
                "logicalName": item.name,
                "parent": parent,
                "id": item.id,
                **_full(item),
            }


def _full(item: ImportedResource) -> dict[str, Any]:
    from providers.kernel import engine as face

    return face.imported(item.vendor, item.kind, item.inputs, item.state)

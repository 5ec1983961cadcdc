"""The live objects of one stack's vendors as its state would hold them. Reads only."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from providers.kernel import marker, operation, registry, secrecy, spec
from providers.kernel.errors import InputError
from providers.kernel.reconciler import Reconciler, operation_on
from providers.kernel.route_import import Unmapped
from providers.kernel.session import Session
from providers.kernel.vendor import Carrier
from stacks import document
from stacks.model import Common
from xtel.engine import cli
from xtel.project import sandbox
from xtel.project.layout import Project, settings

AnswerT = TypeVar("AnswerT")
#: What a name says; importing renames objects, and changes nothing else at any vendor.
NAMES = frozenset({"marker", "name"})
#: What to do about an object that another stack marked.
ELSEWHERE = "import it in that stack; if that stack is gone, take the marker out of the name first"


@dataclass(frozen=True)
class ImportedResource:
    """One live object as a Pulumi resource. ``before`` and ``after`` are its names at the vendor."""

    vendor: str
    kind: str
    name: str
    id: str
    inputs: Mapping[str, Any] = field(repr=False)
    state: Mapping[str, Any] = field(repr=False)
    before: str = ""
    after: str = ""

    def as_json(self) -> dict[str, Any]:
        """For ``--json``; the names alone, because a state holds secrets."""
        renamed = {"renamed": {"from": self.before, "to": self.after}} if self.before != self.after else {}
        return {"type": f"{self.vendor}:{self.kind}", "name": self.name, "id": self.id, **renamed}


class LiveStack:
    """A stack, its file, and sessions to xAI and to one carrier with what ``pulumi up`` would use."""

    def __init__(self, found: Project, stack: str, declared: Carrier[Any]) -> None:
        self.carrier, self.stack, self.project = declared, stack.rpartition("/")[2], project_name(found)
        self.file = found.stack_file(stack)
        self.text = self.file.read_bytes().decode("utf-8")
        self.document = document.read(self.file)
        self._config = cli.config(found.root, stack, sandbox.reading(found, stack), reveal=True)
        vendors = (declared, registry.vendor("xai"))
        self._sessions = {vendor.name: Session(vendor, self._config.get) for vendor in vendors}
        self._keys = {*self.document.network.numbers}

    @property
    def defaults(self) -> Common:
        """What the file says for every number."""
        return self.document.network.defaults

    def ask(self, vendor: str, what: str, call: Callable[..., AnswerT], *arguments: Any, number: str = "") -> AnswerT:
        """Call something with a vendor's client; ``what`` and ``number`` are for its errors."""
        with operation.operating(operation.Operation(vendor=vendor, object=what, number=number)):
            return self._sessions[vendor].ask(call, *arguments)

    def account(self) -> str:
        """Whose account at the carrier it is, in words."""
        session = self._sessions[self.carrier.name]
        return f"{self.carrier.title} {self.carrier.account_name} {session.account()}"

    def own(self, number: str) -> str:
        """The marker of this stack on a number's objects."""
        return marker.marker(self.project, self.stack, number)

    def key(self, name: str, number: str) -> str:
        """A label that no other number has, out of a display name."""
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:50].strip("-")
        base = slug if slug and not slug.isdigit() else f"number-{number[1:]}"
        key = base if base not in self._keys else f"{base}-{number[-4:]}"
        key = key if key not in self._keys else f"{base}-{number[1:]}"
        self._keys.add(key)
        return key

    def secret_name(self, key: str, suffix: str) -> str:
        """A name in the stack's config that nothing has yet, such as ``supportSigningSecret``."""
        head, *tail = re.split(r"[^A-Za-z0-9]+", key)
        base = f"{head}{''.join(word.capitalize() for word in tail)}{suffix}"
        base = base if base[0].isalpha() else f"n{base}"
        taken = {name.rpartition(":")[2] for name in self._config}
        return next(name for name in (base, *(f"{base}{n}" for n in range(2, 1000))) if name not in taken)

    def secret_value(self, name: str) -> str:
        """A config secret that the file's defaults refer to."""
        value = self._config.get(name) or self._config.get(f"{self.project}:{name}")
        if not value:
            raise Unmapped(f"the config secret {name} is not set", step=f"pulumi config set --secret {name}")
        return value

    def recorded(self, vendor: str, kind: str, name: str, id: str, inputs: Mapping[str, Any]) -> ImportedResource:
        """A live object as the state would hold it; Unmapped where it is not what the file would say."""
        session = self._sessions[vendor]
        reconciler = Reconciler(session.vendor.object(kind), session)
        checked = reconciler.check({}, inputs)
        if checked.problems:
            raise Unmapped(f"{name}: {checked.problems[0]}")
        with operation.operating(operation_on(vendor, kind, checked.inputs)):
            seen, state = reconciler.recorded(id, checked.inputs)
        before = str(seen.get("marker") or "")
        if before.startswith("xtel/") and before != checked.inputs["marker"]:
            raise Unmapped(f"{kind} {id} is marked by another stack: {before}", step=ELSEWHERE)
        differing = [path for path in reconciler.diff(seen, checked.inputs).changed if path not in NAMES]
        if differing:
            told = "; ".join(_difference(path, seen, checked.inputs) for path in differing)
            raise Unmapped(f"no entry says it as it stands: {name}: {told}")
        return ImportedResource(vendor, kind, name, id, seen, state, before, checked.inputs["marker"])


def _difference(path: str, seen: Any, declared: Any) -> str:
    sides = [json.dumps(spec.at(side, path), ensure_ascii=False) for side in (seen, declared)]
    there, declares = (secrecy.one_line(side, 80) for side in sides)
    return f"{path} is {there}, an entry would make it {declares}"


def project_name(found: Project) -> str:
    """The name in Pulumi.yaml, which is part of every marker."""
    name = settings(found.root / "Pulumi.yaml").get("name")
    if not isinstance(name, str) or not name:
        raise InputError("Pulumi.yaml has no name: every marker begins with it", step="write name: NAME into it")
    return name

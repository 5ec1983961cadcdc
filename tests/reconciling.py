"""A reconciler on a real session to the sandbox, without the engine: what conformance and unit tests drive."""

from __future__ import annotations

from typing import Any

from providers.kernel import operation, registry
from providers.kernel.reconciler import Reconciler, operation_on
from providers.kernel.session import Session


class Hand:
    """Does to one object what the engine would: check, create, read, update, delete, keeping the state in between."""

    def __init__(self, token: str, env: dict[str, str], monkeypatch: Any) -> None:
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        vendor_name, _, kind = token.partition(":")
        self.vendor, self.kind = registry.vendor(vendor_name), kind
        self.warnings: list[str] = []
        #: Seconds that one step may wait.
        self.budget = 120.0
        self.restart()
        self.lose()

    def lose(self) -> None:
        """What no state holds any more, or not yet."""
        self.id, self.state, self.inputs = "", dict[str, Any](), dict[str, Any]()

    def restart(self) -> None:
        """A new provider process: nothing remembered but the state."""
        session = Session(self.vendor, lambda key: None)
        self.reconciler = Reconciler(self.vendor.object(self.kind), session, sleep=lambda seconds: None)

    def _doing(self, inputs: dict[str, Any]) -> Any:
        return operation.operating(
            operation_on(self.vendor.name, self.kind, inputs, warn=self.warnings.append, budget=self.budget)
        )

    def check(self, **inputs: Any) -> dict[str, Any]:
        checked = self.reconciler.check(self.inputs, inputs)
        assert not checked.problems, checked.problems
        assert not checked.refusal, checked.refusal
        return checked.inputs

    def up(self, **inputs: Any) -> str:
        """What `pulumi up` does with one resource, in a process of its own; answers the operation."""
        self.restart()
        checked = self.check(**inputs)
        with self._doing(checked):
            if not self.id:
                self.id, self.state = self.reconciler.create(checked)
                step = "create"
            else:
                difference = self.reconciler.diff(self.state, checked)
                if not difference.changed:
                    return "same"
                if difference.replaces:
                    self.reconciler.delete(self.id, self.state)
                    self.inputs = {}
                    checked = self.check(**inputs)
                    self.id, self.state = self.reconciler.create(checked)
                    step = "replace"
                else:
                    self.state = self.reconciler.update(self.id, self.state, checked)
                    step = "update"
        self.inputs = checked
        return step

    def refresh(self) -> bool:
        """What `pulumi refresh` does, in a process of its own; answers whether the object is still there."""
        self.restart()
        with self._doing(self.state):
            seen = self.reconciler.read(self.id, self.state)
        if seen is None:
            self.lose()
            return False
        self.state, self.inputs = seen
        return True

    def destroy(self) -> None:
        self.restart()
        with self._doing(self.state):
            self.reconciler.delete(self.id, self.state)
        self.lose()

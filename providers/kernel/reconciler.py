"""The life cycle every object goes through: look, then make; compare, then change; never lose, never double.

Pure of Pulumi: :mod:`providers.kernel.engine` calls it with plain dictionaries, and so do tests.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from providers.kernel import consent, errors, marker, operation, secrecy
from providers.kernel.object import NAMED, Live, Object, Obstacle
from providers.kernel.session import Session
from providers.kernel.spec import CONTROL, Problem, Spec, changed, problems, secret_values, spelled
from providers.kernel.values import UNKNOWN, has_unknown
from providers.kernel.verification import Verification, waits

#: Fields that say which object it is.
_IDENTITY = frozenset({"marker", "phone_number"})
#: Seconds between a 404 or an empty look-up and the second look that makes it count.
SECOND_LOOK = 1.0


@dataclass(frozen=True)
class Checked:
    """Inputs in canonical form, and what stands in the way: refusals need consent, problems need correction."""

    inputs: dict[str, Any]
    problems: list[Problem] = field(default_factory=list[Problem])
    refusal: str = ""


@dataclass(frozen=True)
class Difference:
    """Inputs that changed, and those among them that no call can change in place."""

    changed: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.changed:
            return "unchanged"
        return f"{', '.join(self.changed)} changed" + (
            f", {', '.join(self.replaces)} not in place" if self.replaces else ""
        )


class Reconciler:
    """Brings one kind of object to what is declared."""

    def __init__(self, object: Object[Any, Any], session: Session, sleep: Callable[[float], None] = time.sleep) -> None:
        self.object = object
        self.session = session
        self._sleep = sleep
        self._verification = Verification(object, session, sleep)

    # -- before any request ------------------------------------------------------------------------------------------

    def check(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> Checked:
        """Validate and spell inputs; refuse a replacement that nobody consented to. Makes no request."""
        given = {name: value for name, value in new.items() if value is not None}
        try:
            spec = self.object.spec.model_validate(given)
            inputs = self.object.resolve(spec.canonical(), old)
            self.object.spec.model_validate(inputs)  # what create gets: a replacement deletes before that sees it
        except ValidationError as error:
            return Checked(dict(given), problems(error))
        except ValueError as error:  # together they are what none of them is: networks that cover the whole internet
            return Checked(dict(given), [Problem("", str(error))])
        secrecy.register(*secret_values(self.object.spec, inputs))
        if isinstance(number := inputs.get("phone_number"), str):
            self.session.declared.add(number)
        return Checked(inputs, refusal=self._refusal(old, inputs))

    def _refusal(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
        if not old:
            return ""
        differing = list(changed(self._comparable(old), _compared(new)))
        if final := [path for path in differing if path.split(".")[0] in self.object.final]:
            return f"{', '.join(final)} cannot change: {self.object.loss(final)}"
        paths = [path for path in differing if self.object.guarded and path.split(".")[0] in self.object.replaces]
        number = str(old.get("phone_number") or new.get("phone_number") or "")
        if not paths or new.get("replace") == "accept" or consent.consented(number):
            return ""
        allow = f"`replace: accept` on the number, or XTEL_ALLOW_REPLACE={number}"
        return f"{', '.join(paths)} cannot change in place: {self.object.loss(paths)}. To allow it: {allow}"

    def look(self, inputs: Mapping[str, Any]) -> tuple[str, str]:
        """What stands in the way of making this, and what would be taken over: for previews, reads only.

        Both are empty where nothing is there yet. What a vendor refuses is in the way now and would be in the update; one
        that does not answer says nothing, so it is no obstacle.
        """
        return self._told(lambda: self.ahead(inputs))

    def reach(self) -> tuple[str, str]:
        """What stands in the way of changing an object that is there: credentials that are missing or refused."""

        def account() -> tuple[None, str]:
            self.session.account()
            return None, ""

        return ("", "") if self.object.state_only else self._told(account)

    def _told(self, asked: Callable[[], tuple[Obstacle | None, str]]) -> tuple[str, str]:
        if self.session.refusal:
            return self.session.refusal, ""
        try:
            obstacle, notice = asked()
        except (errors.CredentialError, errors.Unauthenticated) as error:
            return self.session.refused(error), ""
        except errors.Unreachable as error:
            return "", self.session.without_object(error)
        except (errors.Temporary, errors.Unsupported) as error:
            return "", f"could not look who holds it now: {error}"
        except errors.XtelError as error:
            return str(error), ""
        return str(obstacle or ""), notice

    def ahead(self, inputs: Mapping[str, Any]) -> tuple[Obstacle | None, str]:
        """The obstacle to making this, and what would be taken over, as far as reading shows. Raises what a vendor refuses.

        Of what belongs to a number that is still to be bought only the credentials are known.
        """
        if has_unknown(inputs.get("phone_number")):
            self.session.account()
            return None, ""
        spec = self.object.spec.model_validate(dict(inputs))
        found = self.session.ask(self.object.find, spec, fresh=False)
        operation.decided(f"found {found.id}, {'ours' if found.ours else 'not ours'}" if found else "nothing there yet")
        if found is None:
            return self.session.full(self.object, spec) or self.session.ask(self.object.preflight, spec), ""
        obstacle = self.object.obstacle(found, spec)
        return obstacle, "" if obstacle else self.object.taking(found, spec)

    def diff(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> Difference:
        """What differs between the state and canonical inputs.

        An id not known yet is not a change of a reference, except where there was none: then its object is new.
        """
        before, after = self._comparable(old), _compared(new)
        for name in self.object.references & before.keys():
            if has_unknown(after.get(name)):
                after[name] = before[name]
        paths = tuple(changed(before, after))
        replaces = tuple(sorted(_fields(paths) & self.object.replaces))
        return Difference(paths, replaces)

    def _comparable(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """The declared part of a state in today's spelling, so that a new release with a new default shows no change."""
        known = {name: value for name, value in state.items() if name in self.object.spec.model_fields}
        try:
            return _compared(self.object.spec.model_validate(known).canonical())
        except ValidationError:  # written by a release with other rules, or changed outside to something we refuse
            return _compared(known)

    # -- requests ----------------------------------------------------------------------------------------------------

    def create(self, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Look first; take over what is ours (or may be); else make it once, and look again if the answer is lost."""
        number = str(inputs.get("phone_number") or "")
        try:
            made = self._created(inputs)
        except errors.CarrierError as error:
            raise self._down(error, number) if number in self.session.down else error from None
        self.session.down.discard(number)
        return made

    def _created(self, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        spec = self.object.spec.model_validate(dict(inputs))
        account = self.session.account()
        live, made = self._make(spec)
        try:
            live = self._verification.written(live, inputs)
        except errors.NotApplied as error:
            live = self._corrected(error, live, spec, inputs, made=made)
        left = self.session.left.pop(str(inputs.get("phone_number") or ""), {}) if self.object.guarded else {}
        live = replace(live, outputs={**live.outputs, **{name: value for name, value in left.items() if value}})
        return live.id, self._state(inputs, live, account)

    def _down(self, error: errors.CarrierError, number: str) -> errors.CarrierError:
        """A creation that failed after this very run deleted what it replaces."""
        return error.reworded(
            reason=f"{number} is down: the old one was deleted, and the new one failed: {error.reason}",
            step="mend that, then `pulumi up` makes it again",
        )

    def _make(self, spec: Spec) -> tuple[Live, bool]:
        """The object, and whether it was made here and now."""
        found = self.session.ask(self.object.find, spec, fresh=False)
        if found:
            return self._take(found, spec)
        try:
            live = self.session.ask(self.object.create, spec)
            operation.decided(f"created {live.id}")
            return live, True
        except errors.Unavailable as error:
            found = self._look_again(spec)
            operation.decided(f"the answer was lost; looked again: {found.id if found else 'nothing there'}")
            if found and found.ours:
                return self._take(found, spec, just_made=True)
            raise error.reworded(
                reason=f"{error.reason}; it was not made as far as can be seen",
                step="run `pulumi up` again: it looks before it makes anything",
            ) from None
        except errors.Conflict as error:
            raise self._made_by_another(error, spec) from None

    def _made_by_another(self, error: errors.Conflict, spec: Spec) -> errors.Conflict:
        """Nothing was there when this create looked: another run made it in between, and has it in its state."""
        found = self.session.ask(self.object.find, spec, fresh=True)
        operation.decided(f"refused; looked again: {found.id if found else 'nothing there'}")
        if found is None:
            return error
        who = "another run of this stack" if found.ours else found.holder
        return error.reworded(
            reason=f"it was made meanwhile by {who}: {error.reason}",
            step="let that run end; then keep the number in one stack alone",
        )

    def _look_again(self, spec: Spec) -> Live | None:
        for wait in (0.0, SECOND_LOOK, 2 * SECOND_LOOK):
            self._sleep(wait)
            if found := self.session.ask(self.object.find, spec, fresh=True):
                return found
        return None

    def _take(self, found: Live, spec: Spec, *, just_made: bool = False) -> tuple[Live, bool]:
        obstacle = self.object.obstacle(found, spec)
        if obstacle and not (just_made and obstacle.unless_just_made):
            raise errors.Conflict(obstacle.reason, step=obstacle.step)
        live = self.session.ask(self.object.adopt, found, spec)
        operation.decided(f"found {found.id}: {operation.TAKEN if live.id == found.id else operation.ANEW}")
        operation.current().progress(operation.TAKEN if live.id == found.id else operation.ANEW)
        return live, live.id != found.id

    def _corrected(
        self, error: errors.NotApplied, live: Live, spec: Spec, inputs: Mapping[str, Any], *, made: bool
    ) -> Live:
        """A creation that does not hold. Its answer may have named another object: then ours is found by its marker.

        One that is ours and not as declared stays for the next run, where that finds it: else it is undone. So is one with a
        secret that is shown once, which cannot be kept beside an error.
        """
        if not error.fields or _IDENTITY & set(error.fields):
            found = self.session.ask(self.object.find, spec, fresh=True)
            if found and found.ours and found.id != live.id:
                return self._verification.written(self._take(found, spec, just_made=made)[0], inputs)
            if made and found is None and "marker" in error.fields:  # nobody can tell whose it is, so it stays
                again = f"look at {live.id} there: if nobody uses it, remove it; then run `pulumi up` again"
                raise error.reworded(step=again) from None
        elif made and not self.object.references & set(error.fields) and not self._found_again(live, spec):
            self.session.ask(self.object.delete, live.id, {**inputs, **live.outputs})
            raise error.reworded(reason=f"{error.reason}; undone") from None
        raise error

    def _found_again(self, made: Live, spec: Spec) -> bool:
        """Whether the next run can go on with what this one made."""
        if any(made.outputs.get(name) for name in self.object.secrets):
            return False
        found = self.session.ask(self.object.find, spec, fresh=True)
        return found is not None and found.id == made.id and self.object.obstacle(found, spec) is None

    def update(self, id: str, old: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Change in place. When the answer is lost, what the object says counts."""
        account = str(old.get("account", ""))
        self.session.require_account(account)
        spec = self.object.spec.model_validate(dict(inputs))
        difference = self.diff(old, inputs)
        if not difference.changed:
            operation.decided("unchanged")
            return {**old, **inputs}
        try:
            live = self.session.ask(self.object.update, id, spec, old)
        except errors.Unavailable:
            if not (live := self._done_all_the_same(id, old, inputs, difference.changed)):
                raise
        else:
            if _fields(difference.changed) - self.object.unreadable:
                live = self._verification.written(live, inputs, old)
        operation.decided(f"updated {', '.join(difference.changed)}")
        return self._state(inputs, live, account, old)

    def _done_all_the_same(
        self, id: str, old: Mapping[str, Any], inputs: Mapping[str, Any], changes: tuple[str, ...]
    ) -> Live | None:
        """After a lost answer: the object, where it shows all that was to change."""
        if _fields(changes) & _fields(self.object.unreadable):
            return None
        try:
            live = self._verification.written(Live(id, {}), inputs, old)
        except errors.NotApplied:
            return None
        return live if _fields(changes) <= live.inputs.keys() else None

    def read(self, id: str, state: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """State and inputs as they stand at the vendor; None only when it is gone beyond doubt."""
        self.session.require_account(str(state.get("account", "")))
        live = self._verification.seen(id, state, fresh=False) or self._second_look(id, state)
        if live is None:
            return None
        declared = self.object.spec.model_fields
        known = {name: value for name, value in state.items() if name in declared}
        inputs = spelled(self.object.spec, {**known, **live.inputs})
        if not any(changed(self._comparable(state), _compared(inputs))):
            inputs = known  # the spelling of another release is no drift
        others = {name: value for name, value in state.items() if name not in declared}  # what was cleared is absent
        return {**others, **inputs, **live.outputs}, inputs

    def recorded(self, id: str, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Inputs and state of an object made elsewhere, as though it had been made from ``inputs``: what the vendor shows
        wins, the rest is taken as declared. Reads only.
        """
        live = self.session.ask(self.object.recorded, id, self.object.spec.model_validate(dict(inputs)))
        if live is None:
            raise errors.NotFound(f"{id} is not there any more", status=404, step="run it again")
        seen = spelled(self.object.spec, {**inputs, **live.inputs})
        return seen, self._state(seen, live, self.session.account())

    def _second_look(self, id: str, state: Mapping[str, Any]) -> Live | None:
        """After a first 404: vendors answer 404 for objects that exist at times. None only where another look agrees.

        What a list still shows is looked at for as long as the vendor may need to settle.
        """
        self._sleep(SECOND_LOOK)
        for wait in waits(self.object.settle):
            if wait:
                operation.current().progress("not found, but still listed: looking again")
                self._sleep(wait)
            live = self._verification.seen(id, state, fresh=True)
            operation.decided(f"{id} was not found; second look: {'it is there' if live else 'it is gone'}")
            if live:
                return live
            if not self.session.answers():
                raise errors.Unavailable("not found, but the account does not answer either", step="run it again later")
            if not self.session.ask(self.object.listed, id, state):
                return None
            operation.decided(f"{id} is still listed")
        raise errors.Unavailable(
            f"{id} is not found, but the vendor still lists it; the state keeps it", step="run it again later"
        )

    def delete(self, id: str, state: Mapping[str, Any]) -> None:
        """Delete or detach; what is gone already is fine. A number that this run declares is not given back."""
        self.session.require_account(str(state.get("account", "")))
        if state.get("phone_number") in self.session.declared:
            state = {**state, "on_delete": "stays"}
        try:
            self._delete(id, state)
        except errors.NotFound:
            if not self._second_look(id, state):
                return
            self._delete(id, state)
        self._verification.deleted(id, state)
        if self.object.guarded and (number := str(state.get("phone_number") or "")) in self.session.declared:
            self.session.down.add(number)
            self.session.left[number] = {name: state.get(was) for name, was in self.object.inherited.items()}

    def _delete(self, id: str, state: Mapping[str, Any]) -> None:
        """What others use too is not deleted with our part of it: it gets the name back that it had."""
        if others := self.session.listed(self.object.carries, id, state):
            name = str(state.get(NAMED) or marker.unmarked(str(state.get("marker", ""))))
            name = self.session.ask(self.object.rename, id, name, state) or name
            operation.decided(f"gave {id} back")
            operation.current().warn(f"it stays, called {name!r}, for it also carries {', '.join(others)}")
            return
        self.session.ask(self.object.delete, id, state)
        operation.decided(f"deleted {id}")

    def _state(
        self, inputs: Mapping[str, Any], live: Live, account: str, old: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """What is kept: every input as declared, what the vendor alone knows, and whose account it is in."""
        kept = {name: old[name] for name in self.object.outputs if old and name in old}
        if NAMED in self.object.outputs and (name := str((old or {}).get("marker") or "")) and not marker.marks(name):
            kept[NAMED] = name
        secrecy.register(*(live.outputs.get(name) for name in self.object.secrets))
        return {**kept, **live.outputs, **inputs, "account": account}


def _fields(paths: Iterable[str]) -> set[str]:
    """The declared fields that paths lead into."""
    return {path.split(".")[0] for path in paths}


def _compared(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs that count as a change."""
    return {name: value for name, value in inputs.items() if name not in CONTROL}


def operation_on(vendor: str, object: str, inputs: Mapping[str, Any], **channels: Any) -> operation.Operation:
    """The operation an error names: vendor, object, and the number it is about."""
    number = inputs.get("phone_number") or str(inputs.get("marker", "")).rsplit("/", 1)[-1]
    shown = number if isinstance(number, str) and number is not UNKNOWN else ""
    return operation.Operation(vendor=vendor, object=object, number=shown, **channels)

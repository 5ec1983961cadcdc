"""Asks every vendor in reach at once and puts carriers, xAI and the stack files together. Reads only."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from providers.kernel import errors, operation, registry, secrecy, values, waiting
from providers.kernel.inventory import Inventory, NamedObject, OwnedNumber, from_routes
from providers.kernel.session import Session
from providers.kernel.vendor import Carrier, Vendor
from xai_resources.client import Client
from xai_resources.models import RegisteredNumber
from xtel.operations.inventory.declared import Declared
from xtel.operations.inventory.model import (
    HeldObject,
    InventoryNumber,
    NetworkInventory,
    Orphan,
    Registration,
    VendorAnswer,
)

AnswerT = TypeVar("AnswerT")
XAI = "xai"


@dataclass(frozen=True)
class Holdings:
    """What one vendor answered."""

    answer: VendorAnswer
    numbers: Sequence[OwnedNumber] = ()
    objects: Sequence[NamedObject] = ()
    registered: Sequence[RegisteredNumber] = field(default=(), repr=False)

    @property
    def account(self) -> str:
        return self.answer.account or ""


def carriers() -> dict[str, Carrier[Any]]:
    """Every installed carrier that can be asked what it holds."""
    return {name: each for name, each in registry.carriers().items() if each.inventory or each.route_import}


def survey(declared: Declared, carrier: str = "", told: Callable[[str], None] = lambda title: None) -> NetworkInventory:
    """The inventory of xAI and every carrier, or of one; ``told`` hears of each vendor that is done. Never raises for one."""
    asked = [each for name, each in carriers().items() if carrier in {"", name}]
    vendors: list[Vendor[Any]] = [registry.vendor(XAI), *asked]

    def ask(vendor: Vendor[Any]) -> Holdings:
        try:
            return _ask(vendor)
        finally:
            told(vendor.title)

    return _Joined(declared, waiting.at_once(ask, vendors), whole=not carrier).inventory()


def _ask(vendor: Vendor[Any]) -> Holdings:
    session = Session(vendor, lambda key: None)
    try:
        with operation.operating(operation.Operation(vendor=vendor.name, object="inventory")):
            return _holdings(vendor, session)
    except Exception as error:
        if os.environ.get("XTEL_DEBUG") == "1" and not isinstance(error, errors.XtelError):
            raise
        known = errors.of(error)
        missing = known.missing if isinstance(known, errors.CredentialError) else ""
        step = known.step if known else "run it again with XTEL_DEBUG=1 and report it"
        return Holdings(
            _answer(
                vendor,
                status="no_credentials" if missing else "failed",
                error=known.summary if known else secrecy.one_line(f"{type(error).__name__}: {error}"),
                # What a stack's configuration holds is not read: this is about no stack.
                next=f"export {missing}=…" if missing else step or None,
            )
        )


def _holdings(vendor: Vendor[Any], session: Session) -> Holdings:
    answer = _answer(vendor, status="answered", account=session.account())
    if not isinstance(vendor, Carrier):
        return Holdings(answer, registered=session.ask(Client.numbers))
    inventory = _of(vendor)
    return Holdings(answer, session.ask(_all(inventory.numbers)), session.ask(_all(inventory.objects)))


def _all(listed: Callable[[Any], Iterable[AnswerT]]) -> Callable[[Any], list[AnswerT]]:
    """The whole list: what fails on a later page fails where errors are understood."""
    return lambda api: list(listed(api))


def _of(carrier: Carrier[Any]) -> Inventory[Any]:
    if carrier.inventory:
        return carrier.inventory
    assert carrier.route_import  # carriers() has no other
    return from_routes(carrier.route_import)


def _answer(vendor: Vendor[Any], **more: Any) -> VendorAnswer:
    return VendorAnswer(vendor=vendor.name, title=vendor.title, account_name=vendor.account_name, **more)


class _Joined:
    """What the carriers hold beside what xAI has registered. ``whole``: every carrier was asked, not one alone."""

    def __init__(self, declared: Declared, found: Sequence[Holdings], *, whole: bool) -> None:
        self._declared, self._found, self._whole = declared, found, whole
        self._xai, *self._carriers = found
        self._registered = {each.phone_number: each for each in self._xai.registered}
        self._known = self._xai.answer.status == "answered"
        self._hosts = {values.SIP_HOST, *(each.sip_host.lower() for each in self._xai.registered if each.sip_host)}

    def inventory(self) -> NetworkInventory:
        held = [self._held(carrier, number) for carrier in self._carriers for number in carrier.numbers]
        numbers = sorted((*held, *self._alone(held)), key=lambda each: (each.number, each.vendor))
        failed = any(each.answer.status == "failed" for each in self._found)
        return NetworkInventory(
            exit=1 if failed or self._declared.unread else 0,
            project=self._declared.project,
            vendors=tuple(each.answer for each in self._found),
            numbers=tuple(numbers),
            orphans=(*map(_orphan, (each for each in numbers if each.orphan)), *self._undeclared(held)),
            unread=tuple(self._declared.unread),
        )

    def _held(self, carrier: Holdings, number: OwnedNumber) -> InventoryNumber:
        """A carrier's number. Its calls may be sent on as another number, whose registration counts then."""
        keys = list(self._called(number.number, number.targets))
        registered = next((self._registered[key] for key in [*keys, number.number] if key in self._registered), None)
        lost = self._known and keys and not any(key in self._registered for key in keys)
        names = [each for each in (number.attached and number.attached.name, registered and registered.name) if each]
        return InventoryNumber(
            number=number.number,
            vendor=carrier.answer.vendor,
            account=carrier.account,
            attached=_object(number.attached) if number.attached else None,
            targets=tuple(map(secrecy.one_line, number.targets)),
            remark=number.remark,
            registered=bool(registered) if self._known else None,
            registration=self._registration(registered) if registered else None,
            declared_by=self._declared.by(number.number, *names),
            orphan="number_without_registration" if lost else None,
        )

    def _called(self, number: str, targets: Iterable[str]) -> Iterator[str]:
        """The numbers that are called at xAI: a URI without one gets the dialled number."""
        for uri in targets:
            try:
                target = values.target(uri)
            except ValueError:  # a URL, or what no call could be sent to
                continue
            if target.host in self._hosts:
                yield target.number or number

    def _alone(self, held: Sequence[InventoryNumber]) -> Iterator[InventoryNumber]:
        """Registrations whose number no carrier in reach has; not looked for where one carrier alone was asked."""
        reached = {each.number for each in held} | {each.registration.number for each in held if each.registration}
        for each in self._xai.registered if self._whole else ():
            if each.phone_number in reached:
                continue
            yield InventoryNumber(
                number=each.phone_number,
                vendor=XAI,
                account=self._xai.account,
                attached=None,
                targets=(),
                remark="",
                registered=True,
                registration=self._registration(each),
                declared_by=self._declared.by(each.phone_number, each.name),
                orphan="registration_without_number" if self._lost(each) else None,
            )

    def _lost(self, registered: RegisteredNumber) -> bool:
        """Whether its number should have been seen: not one of xAI's own, nor one whose carrier was not asked."""
        if registered.origin == "xai_provisioned":
            return False
        answered = {each.answer.vendor for each in self._carriers if each.answer.status == "answered"}
        if routes := self._declared.numbers.get(registered.phone_number):
            return all(carrier in answered for carrier in routes.values() if carrier)
        return not any(each.answer.status == "failed" for each in self._carriers)

    def _undeclared(self, held: Sequence[InventoryNumber]) -> Iterator[Orphan]:
        """What carries a marker of this project, and stands in no stack file."""
        for carrier in self._carriers:
            for each in carrier.objects:
                if stack := self._declared.undeclared("", each.name):
                    yield _undeclared(carrier, _object(each), "", stack)
        shown = {each.registration.id for each in held if each.registration}
        for each in self._xai.registered:
            stack = self._declared.undeclared(each.phone_number, each.name)
            if stack and (self._whole or each.phone_number_id in shown):
                object = HeldObject(kind="phone number", id=each.phone_number_id, name=secrecy.one_line(each.name))
                yield _undeclared(self._xai, object, each.phone_number, stack)

    def _registration(self, found: RegisteredNumber) -> Registration:
        return Registration(
            number=found.phone_number,
            id=found.phone_number_id,
            account=self._xai.account,
            name=secrecy.one_line(found.name),
            origin=found.origin,
            agent_id=found.agent_id,
            webhook_id=found.webhook_id,
        )


def _object(found: NamedObject) -> HeldObject:
    return HeldObject(kind=found.kind, id=found.id, name=secrecy.one_line(found.name))


def _orphan(number: InventoryNumber) -> Orphan:
    assert number.orphan
    return Orphan(
        kind=number.orphan, vendor=number.vendor, account=number.account, number=number.number,
        object=number.attached, stack="",
    )  # fmt: skip


def _undeclared(holder: Holdings, object: HeldObject, number: str, stack: str) -> Orphan:
    return Orphan(
        kind="undeclared_object", vendor=holder.answer.vendor, account=holder.account, number=number, object=object,
        stack=stack,
    )  # fmt: skip

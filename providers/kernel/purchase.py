"""Buying a number: one is chosen, which costs nothing, and the chosen one is bought, once.

They are two objects, so that the choice is kept before money is spent: a run that is killed at any point buys, when it is
run again, the number it had chosen, unless it has it already. A number is given back only when the stack file and the
environment both say so, and only when no entry of the stack file has it any more.
"""

from __future__ import annotations

import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar, cast

import phonenumbers
from pydantic import AfterValidator, BeforeValidator, Field

from providers.kernel import consent, errors, marker, operation, waiting
from providers.kernel.call_handling import CallHandling
from providers.kernel.object import Live, Object, Obstacle
from providers.kernel.route import CarrierRoute
from providers.kernel.spec import Spec, StrictModel
from providers.kernel.values import E164, pretty

ApiT = TypeVar("ApiT")
SpecT = TypeVar("SpecT", bound=Spec)
#: The variable that names the numbers, in E.164, which may be given back.
ALLOW_RELEASE = "XTEL_ALLOW_RELEASE"
_NORTH_AMERICA = 1
#: Seconds between two looks at a number that was ordered.
_LOOK = 1.0


def _country(text: str) -> str:
    code = text.upper()
    if not phonenumbers.country_code_for_region(code):
        raise ValueError("must be a country in two letters (ISO 3166-1 alpha-2), for example US or GB")
    return code


def _digits(value: Any) -> Any:
    whole = value.is_integer() if isinstance(value, float) else isinstance(value, int) and not isinstance(value, bool)
    return str(int(value)) if whole else value


Country = Annotated[str, Field(pattern=r"^[A-Za-z]{2}$"), AfterValidator(_country)]
AreaCode = Annotated[
    str,
    Field(pattern=r"^[1-9][0-9]{0,5}$"),
    BeforeValidator(_digits, json_schema_input_type=str | Annotated[int, Field(ge=1, le=999999)]),
]


class Buy(StrictModel):
    """What kind of number is to be bought."""

    country: Country = Field(description="Country in two letters (ISO 3166-1 alpha-2), such as US.", examples=["US"])
    type: Literal["local", "mobile", "toll_free"] = Field(default="local", description="local, mobile or toll_free.")
    area_code: AreaCode | None = Field(
        default=None,
        description="Area code: digits after the country code, without a leading 0, for example 415.",
        examples=["415"],
    )

    def __str__(self) -> str:
        area = f" with area code {self.area_code}" if self.area_code else ""
        return f"{self.type.replace('_', '-')} number in {self.country}{area}"

    @property
    def prefix(self) -> str:
        """How the numbers begin: ``+1415``."""
        return f"+{phonenumbers.country_code_for_region(self.country)}{self.area_code or ''}"


def like(number: str) -> Buy:
    """What finds this number in a search: its country and type by the numbering plan."""
    parsed = phonenumbers.parse(number, None)
    calling = parsed.country_code or 0
    # Only North America's countries are sold apart: +44 7911 is Guernsey by the plan and GB in a shop.
    region = phonenumbers.region_code_for_number(parsed) if calling == _NORTH_AMERICA else None
    country = region or phonenumbers.region_code_for_country_code(calling)
    kinds = {phonenumbers.PhoneNumberType.MOBILE: "mobile", phonenumbers.PhoneNumberType.TOLL_FREE: "toll_free"}
    kind = kinds.get(phonenumbers.number_type(parsed), "local")
    return Buy(country=country, type=cast(Any, kind), area_code=None)


class Route(CarrierRoute):
    """The route of a carrier that sells numbers."""

    buy: Buy | None = Field(
        default=None,
        description="Buys a number of this kind, in place of `number`; destroy keeps it.",
        examples=[{"country": "US", "area_code": "415"}],
    )


@dataclass(frozen=True)
class Offer:
    """A number for sale; ``price`` in words, empty where the carrier does not tell."""

    number: str
    price: str = ""


@dataclass(frozen=True)
class Holding:
    """A number of this account. ``status`` is empty once it can be used; ``waits``: it will be, after a while."""

    id: str
    status: str = ""
    waits: bool = False


class Shop(ABC, Generic[ApiT]):
    """What a carrier says to sell numbers. Stateless; errors as in :class:`~providers.kernel.object.Object`."""

    @abstractmethod
    def offers(self, api: ApiT, buy: Buy, number: str = "") -> list[Offer]:
        """Numbers for sale now, or only ``number`` if it is among them. Search only."""

    @abstractmethod
    def holding(self, api: ApiT, number: str, *, fresh: bool) -> Holding | None:
        """The number, when this account has it or has ordered it."""

    @abstractmethod
    def inventory(self, api: ApiT, number: str) -> Holding | None:
        """The same by another call than :meth:`holding`, the account's own list: what is not in it is bought, or gone."""

    @abstractmethod
    def buy(self, api: ApiT, number: str) -> None:
        """Buy exactly this number, or order it: the kernel waits until it can be used."""

    @abstractmethod
    def release(self, api: ApiT, holding: Holding) -> None:
        """Give the number back: it may be gone for good."""


def price(amount: object, currency: str = "", once: object = "") -> str:
    """``1.15 USD a month``, with ``once`` also ``, 1.00 USD once``; empty for what is no amount."""
    unit = f" {currency.upper()}" if currency else ""
    try:
        monthly = f"{Decimal(str(amount)):.2f}{unit} a month"
        first = Decimal(str(once or 0))
    except InvalidOperation:
        return ""
    return f"{monthly}, {first:.2f}{unit} once" if first else monthly


class _Sold(Object[ApiT, SpecT], Generic[ApiT, SpecT]):
    """What the two objects have in common."""

    shop: ClassVar[Shop[Any]]

    def resolve(self, new: dict[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
        """The marker stays the one it was made with: no vendor carries it, so a renamed key changes nothing here."""
        return {**new, "marker": old["marker"]} if old.get("marker") else new

    def listed(self, api: ApiT, id: str, state: Mapping[str, Any]) -> bool:
        """By the account's list of numbers: a number that is forgotten in error is bought a second time."""
        return self.shop.inventory(api, id) is not None


class ChoiceSpec(Spec):
    """A number to be bought."""

    buy: Buy = Field(description="What kind of number.")


#: What this process chose, by client, so that numbers chosen at once differ.
_chosen: weakref.WeakKeyDictionary[Any, set[str]] = weakref.WeakKeyDictionary()
_choosing = threading.Lock()


#: What a preview of this process would buy, by client: not owned yet, and all the same no mistake.
_coming: weakref.WeakKeyDictionary[Any, set[str]] = weakref.WeakKeyDictionary()


def coming(api: Any) -> set[str]:
    """The numbers that this account does not own yet because the run is still to buy them."""
    return _coming.setdefault(api, set())


class Choice(_Sold[ApiT, ChoiceSpec]):
    """The number that is to be bought, chosen among those for sale and kept in the state. Choosing costs nothing.

    Calls: the carrier's search, reads only. Never changes. Delete: forgets it.
    """

    kind = "Choice"
    spec: ClassVar[type[Spec]] = ChoiceSpec
    final = frozenset({"buy"})
    state_only = True
    outputs = ("e164", "price")

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """Nothing for calls."""
        return CallHandling()

    def loss(self, paths: list[str]) -> str:
        """Nobody can consent: what is bought is bought."""
        return "a number was chosen and bought for it. To buy another one, declare it under another key"

    def find(self, api: ApiT, spec: ChoiceSpec, *, fresh: bool) -> Live | None:
        """A choice is in the state alone."""
        return None

    def preflight(self, api: ApiT, spec: ChoiceSpec) -> Obstacle | None:
        """Shows the first offer and its price."""
        offer = self._choose(api, spec)
        if offer is None:
            return Obstacle(*_nothing(spec.buy))
        cost = f", {offer.price}" if offer.price else " (this API tells no price)"
        operation.current().inform(f"would buy {pretty(offer.number)}, a {spec.buy}{cost}")
        return None

    def create(self, api: ApiT, spec: ChoiceSpec) -> Live:
        """The same offers give the same choice, and another one for another number of the stack."""
        offer = self._choose(api, spec)
        if offer is None:
            reason, step = _nothing(spec.buy)
            raise errors.NotFound(reason, step=step)
        return Live(offer.number, {}, {"e164": offer.number, "price": offer.price})

    def _choose(self, api: ApiT, spec: ChoiceSpec) -> Offer | None:
        offers = [each for each in self.shop.offers(api, spec.buy) if each.number.startswith(spec.buy.prefix)]
        with _choosing:
            taken = _chosen.setdefault(api, set())
            for offer in sorted(offers, key=lambda each: marker.digest(f"{spec.marker} {each.number}")):
                if offer.number not in taken:
                    taken.add(offer.number)
                    return offer
        return None

    def read(self, api: ApiT, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """It stands as long as the number is ours or for sale; sold to somebody else, another one must be chosen."""
        if self.shop.holding(api, id, fresh=fresh):
            return Live(id, {})
        offered = self.shop.offers(api, Buy.model_validate(state["buy"]), id)
        return Live(id, {}) if any(each.number == id for each in offered) else None

    def delete(self, api: ApiT, id: str, state: Mapping[str, Any]) -> None:
        """Nothing is at the carrier."""


def _nothing(buy: Buy) -> tuple[str, str]:
    return f"no {buy} is for sale now", "try another area code or type, or buy the number in the carrier's console"


class PurchaseSpec(Spec):
    """A number of this account."""

    phone_number: E164 = Field(description="The number that is bought.")
    owned: bool = Field(False, description="The account has it already: it is never bought.")
    on_delete: Literal["keep", "release"] = Field("keep", description="What destroy does; release needs consent too.")


class Purchase(_Sold[ApiT, PurchaseSpec]):
    """A number of this account, bought when it does not have it yet.

    Changes in place: ``on_delete``. Delete: keeps the number, unless ``on_delete: release`` and XTEL_ALLOW_RELEASE both say
    that it is given back, and nothing in the stack has it any more.
    """

    kind = "Purchase"
    spec: ClassVar[type[Spec]] = PurchaseSpec
    final = frozenset({"phone_number"})
    unreadable = frozenset({"owned", "on_delete"})
    outputs = ("number_id",)

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """Whose it is: having a number sends its calls nowhere."""
        return CallHandling(rents=not inputs.get("owned"), releases=inputs.get("on_delete") == "release")

    def loss(self, paths: list[str]) -> str:
        """Nobody can consent: what is bought is bought."""
        return "this number was bought. To buy another one, declare it under another key"

    def find(self, api: ApiT, spec: PurchaseSpec, *, fresh: bool) -> Live | None:
        """By number, which nobody else can have: what a killed run has bought is found, also while it is ordered."""
        return _held(spec.phone_number, self.shop.holding(api, spec.phone_number, fresh=fresh))

    def preflight(self, api: ApiT, spec: PurchaseSpec) -> Obstacle | None:
        """Says what would be bought; a number that should be there already stands in the way."""
        if spec.owned:
            return Obstacle(*_missing())
        coming(api).add(spec.phone_number)
        operation.current().inform(f"would buy {pretty(spec.phone_number)}")
        return None

    def create(self, api: ApiT, spec: PurchaseSpec) -> Live:
        """Buys it and waits until it can be used."""
        if held := self.shop.inventory(api, spec.phone_number):
            operation.decided(f"{spec.phone_number} is in the account's list: nothing is bought")
            return self.adopt(api, cast(Live, _held(spec.phone_number, held)), spec)
        if spec.owned:
            reason, step = _missing()
            raise errors.NotFound(reason, step=step)
        coming(api).discard(spec.phone_number)
        try:
            self.shop.buy(api, spec.phone_number)
        except (errors.Invalid, errors.NotFound, errors.Conflict) as error:
            raise error.reworded(
                reason=f"it was not bought: {error.reason}",
                step="if somebody else has it by now, `pulumi up --refresh` chooses another one",
            ) from None
        return self._usable(api, spec.phone_number)

    def adopt(self, api: ApiT, found: Live, spec: PurchaseSpec) -> Live:
        """It is there; an order may still need its time."""
        return found if not found.raw.status else self._usable(api, spec.phone_number)

    def _usable(self, api: ApiT, number: str) -> Live:
        doing = operation.current()
        while True:
            holding, seen = self._look(api, number)
            if holding and not holding.status:
                return cast(Live, _held(number, holding))
            if holding and not holding.waits:
                raise errors.Conflict(
                    f"it is bought, but its status is {holding.status}",
                    step="see what the carrier's console asks for, then run `pulumi up` again: it buys nothing twice",
                )
            if (left := doing.remaining()) <= 0:
                break
            doing.progress(f"ordered ({seen}), waiting until it can be used")
            waiting.pause(min(_LOOK, left))
        raise errors.Temporary(
            f"it is ordered, but cannot be used yet ({seen})",
            step="run `pulumi up` again later: it buys nothing twice",
        )

    def _look(self, api: ApiT, number: str) -> tuple[Holding | None, str]:
        """How far the order is; a look that fails for now is as good as none: the money is spent."""
        try:
            holding = self.shop.holding(api, number, fresh=True)
        except errors.Temporary as error:
            return None, error.reason
        return holding, holding.status if holding else "not shown yet"

    def read(self, api: ApiT, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """Whether the account has it."""
        return _held(id, self.shop.holding(api, id, fresh=fresh))

    def update(self, api: ApiT, id: str, spec: PurchaseSpec, state: Mapping[str, Any]) -> Live:
        """What destroy is to do is kept in the state alone."""
        return Live(id, {})

    def delete(self, api: ApiT, id: str, state: Mapping[str, Any]) -> None:
        """Both keys release it; else it stays, and costs. One that the stack still has stays without a word."""
        if state.get("on_delete") == "stays":
            return
        wanted = state.get("on_delete") == "release"
        if not _releases(id, state):
            way = f"set {ALLOW_RELEASE}={id}" if wanted else f"write `on_delete: release` and set {ALLOW_RELEASE}={id}"
            operation.current().warn(f"{id} stays in this account and is billed; to give it back as well: {way}")
        elif holding := self.shop.holding(api, id, fresh=True):
            self.shop.release(api, holding)

    def remains(self, api: ApiT, seen: Live, state: Mapping[str, Any]) -> str:
        """One that is kept is there; one that was to be given back is paid for as long as it is."""
        return "this account still has it, and pays for it" if _releases(seen.id, state) else ""


def _releases(id: str, state: Mapping[str, Any]) -> bool:
    return state.get("on_delete") == "release" and consent.consented(id, ALLOW_RELEASE)


def _missing() -> tuple[str, str]:
    return "this account does not own the number", "buy or port it, or correct the number"


def _held(number: str, holding: Holding | None) -> Live | None:
    if holding is None:
        return None
    return Live(number, {"phone_number": number}, {"number_id": holding.id}, raw=holding)


def sold_by(shop: Shop[ApiT]) -> tuple[type[Object[ApiT, Any]], ...]:
    """The two objects of a carrier that sells numbers."""
    make = cast(Any, type)
    return tuple(make(kind.__name__, (kind,), {"shop": shop, "__doc__": kind.__doc__}) for kind in (Choice, Purchase))

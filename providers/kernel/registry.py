"""Every vendor that is installed, found by entry point: a new one touches no file of the kernel."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import Any, get_args

from providers.kernel import errors, secrecy
from providers.kernel.vendor import Carrier, Vendor
from providers.kernel.wording import did_you_mean


@cache
def carriers() -> dict[str, Carrier[Any]]:
    """Every installed carrier by name (entry points ``xtel.carriers``)."""
    return {point.name: point.load() for point in sorted(entry_points(group="xtel.carriers"), key=lambda p: p.name)}


@cache
def vendors() -> dict[str, Vendor[Any]]:
    """Every installed vendor by name: the carriers, and who answers (entry points ``xtel.vendors``)."""
    others: dict[str, Vendor[Any]] = {point.name: point.load() for point in entry_points(group="xtel.vendors")}
    return {**others, **carriers()}


def no_carrier(name: object) -> str:
    """Why a name is no carrier's: the one that was meant, or the platform that it is, else those that there are."""
    problem = f"no carrier {name!r} is installed"
    for carrier in carriers().values():
        platform = carrier.route.model_fields.get("platform")
        if platform and str(name).lower() in get_args(platform.annotation):
            return f"{problem}: it is a platform, write {{carrier: {carrier.name}, platform: {str(name).lower()}}}"
    guess = did_you_mean(name, carriers())
    return f"{problem}: {guess}" if guess else f"{problem}; installed: {', '.join(carriers())}"


def register_credentials(environment: Mapping[str, str]) -> None:
    """No credential of any vendor that stands in the environment may reach a text, whoever repeats it."""
    secrets = (
        credential for declared in vendors().values() for credential in declared.credentials if credential.secret
    )
    secrecy.register(*(environment.get(credential.env, "") for credential in secrets))


def vendor(name: str) -> Vendor[Any]:
    """A vendor by name; an error that says what to do when it is not installed (any more)."""
    try:
        return vendors()[name]
    except KeyError:
        raise errors.InputError(
            f"the carrier {name!r} is not installed here",
            step=f"install the package that provides it (installed: {', '.join(sorted(vendors()))})",
        ) from None

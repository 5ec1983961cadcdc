"""One vendor in one process: settings, client and account, each made once."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

from providers.kernel import errors, limits, operation
from providers.kernel.object import Object, Obstacle
from providers.kernel.spec import Spec
from providers.kernel.vendor import Settings, Vendor

AnswerT = TypeVar("AnswerT")


class Session:
    """The connection to one vendor, opened when the first object needs it."""

    def __init__(self, vendor: Vendor[Any], config: Callable[[str], str | None]) -> None:
        self.vendor = vendor
        self._config = config
        self._lock = threading.RLock()
        self._api: Any = None
        self._account = ""
        #: Why the vendor takes nothing that this run asks: a look need not find it out for every object again.
        self.refusal = ""
        #: What a look found out of the vendor and of no object: said once is enough.
        self.of_all = set[str]()
        #: Numbers that this run declares: what deletes something of theirs replaces it, and never gives them back.
        self.declared = set[str]()
        #: Those among them whose object this run deleted to replace it, which is not made yet.
        self.down = set[str]()
        #: What those leave to their replacement, by number.
        self.left: dict[str, dict[str, Any]] = {}
        self._planned = set[str]()

    @property
    def api(self) -> Any:
        """The vendor's client. Raises CredentialError when a credential is missing."""
        with self._lock:
            if self._api is None:
                settings = Settings(self.vendor, self._config, os.environ)
                for credential in self.vendor.credentials:
                    if credential.required:
                        _ = settings[credential.name]
                limit = limits.Limit(self.vendor.max_requests, self.vendor.rate)
                self._api = self.vendor.connect(settings, limit)
            return self._api

    def ask(self, call: Callable[..., AnswerT], *arguments: Any, **options: Any) -> AnswerT:
        """Call something with the client; an answer that our code or the SDK cannot read is an error of ours."""
        api = self.api
        try:
            return call(api, *arguments, **options)
        except errors.XtelError:
            raise
        except Exception as error:
            if os.environ.get("XTEL_DEBUG") == "1":
                raise
            if ours := errors.of(error):
                raise ours from None
            operation.decided(f"an answer was not understood: {type(error).__name__}: {error}")
            raise errors.Unavailable(
                "an answer was not understood",
                step="run it again; if it stays so, run it with XTEL_DEBUG=1 and report it",
            ) from None

    def listed(self, call: Callable[..., Iterable[str]], *arguments: Any) -> list[str]:
        """The same of what tells one thing after the other, told to its end."""

        def whole(api: Any) -> list[str]:
            return list(call(api, *arguments))

        return self.ask(whole)

    def account(self) -> str:
        """Whose account the credentials open; asked once per process."""
        with self._lock:
            if not self._account:
                self._account = self.ask(self._asked_account)
            return self._account

    def _asked_account(self, api: Any) -> str:
        account = self.vendor.account(api)
        if not isinstance(cast(object, account), str) or not account.strip():
            raise errors.Unavailable("the answer does not say whose credentials these are")
        return account

    def full(self, declared: Object[Any, Any], spec: Spec) -> Obstacle | None:
        """What stands in the way of one more object where an account may have only so many: those that are there count,
        and those that this run makes.
        """
        kind, most, way_out = self.vendor.object_limit or ("", 0, "")
        if kind != declared.kind or (names := self.ask(declared.names)) is None:
            return None
        with self._lock:
            self._planned.add(spec.marker)
            count = sum(name not in self._planned for name in names) + len(self._planned)
        if count <= most:
            return None
        return Obstacle(
            f"an account at {self.vendor.title} has at most {most} of these: there are {len(names)} already",
            f"remove those that nobody needs, or {way_out}",
        )

    def answers(self) -> bool:
        """Whether the account itself answers right now: only then does a 404 mean that an object is gone."""
        try:
            return bool(self.ask(self._asked_account))
        except errors.CarrierError:
            return False

    def refused(self, error: errors.XtelError) -> str:
        """Keep why this run's credentials are taken for nothing, and answer it."""
        with self._lock:  # several may ask at once: the first one's words, with its request's id, are everybody's
            self.refusal = self.refusal or self.without_object(error)
            return self.refusal

    def without_object(self, error: errors.XtelError) -> str:
        """An error of the vendor in words that name no object, because it is about none."""
        subject, title = operation.current().subject, self.vendor.title
        text = f"{title}: {str(error).removeprefix(f'{subject}: ').removeprefix(f'{title}: ')}"
        self.of_all.add(text)
        return text

    def require_account(self, account: str) -> None:
        """Raise AccountError unless the credentials open this account."""
        mine = self.account()
        if account and account != mine:
            raise errors.AccountError(
                f"{self.vendor.title}: this object is in {self.vendor.account_name} {account}, "
                f"but the credentials are of {mine}; nothing was changed",
                step=f"use the credentials of {account}",
            )

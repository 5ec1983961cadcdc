"""boto3 on our HTTP policy: its own retries would create twice, so a public hook sends its signed requests by ours."""

from __future__ import annotations

import io
import threading
from functools import cache
from importlib import import_module
from typing import Any

from providers.kernel import errors, http, limits, secrecy
from providers.kernel.vendor import Credential, Settings

#: Keys as AWS names them everywhere, or a profile of its own files.
CREDENTIALS = (
    Credential("access_key", "AWS_ACCESS_KEY_ID", "aws:accessKey", secret=False, required=False),
    Credential("secret_key", "AWS_SECRET_ACCESS_KEY", "aws:secretKey", required=False),
    Credential("token", "AWS_SESSION_TOKEN", "aws:token", required=False),
    Credential("profile", "AWS_PROFILE", "aws:profile", secret=False, required=False),
)
BASE_URL_ENV = "AWS_BASE_URL"


class Wire:
    """The AWS clients of one account, one for each service and region, made when they are first needed."""

    def __init__(self, name: str, settings: Settings, limit: limits.Limit) -> None:
        """``name``: of the carrier whose requests they are."""
        self._name, self._settings, self._limit = name, settings, limit
        self._session, self._keys = _session(settings)
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str, region: str) -> Any:
        """The client of a service in a region."""
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._made(service, region)
            return self._clients[service, region]

    def account(self, region: str) -> str:
        """Whose credentials they are: STS GetCallerIdentity, which needs no right. 403: AWS does not take them."""
        try:
            return str(self.client("sts", region).get_caller_identity()["Account"])
        except errors.Denied as error:
            raise errors.CredentialError(
                f"AWS does not take these credentials ({error.status})",
                step="check the key, its secret, and a session token that ended",
            ) from None

    def _made(self, service: str, region: str) -> Any:
        config: Any = import_module("botocore.config").Config(
            retries={"mode": "standard", "total_max_attempts": 1},  # both: what is left out comes from the environment
            ignore_configured_endpoint_urls=True,
        )
        place = {"region_name": region, "endpoint_url": self._settings.base_url or None}
        with _making:
            client: Any = self._session.client(service, **place, config=config, **self._keys)
        origin = str(client.meta.endpoint_url)
        wire = http.client(self._name, self._limit, self._settings.conventions, base_url=origin)
        client.meta.events.register("before-send", _Sender(wire))
        return client


class _Sender:
    """Sends a request that boto3 has signed; what fails leaves its client call as the error of ours that it is."""

    def __init__(self, wire: Any) -> None:
        self._wire = wire

    def __call__(self, request: Any, **_: Any) -> Any:
        headers = {
            str(name): value.decode() if isinstance(value, bytes) else str(value)
            for name, value in request.headers.items()
            if name.lower() not in {"content-length", "host"}
        }
        answer = self._wire.request(request.method, request.url, content=request.body or b"", headers=headers)
        response: Any = import_module("botocore.awsrequest").AWSResponse
        return response(request.url, answer.status_code, dict(answer.headers), _Raw(answer.content))


class _Raw(io.BytesIO):
    """A body as boto3 reads it."""

    def stream(self) -> Any:
        """All of it at once."""
        yield self.getvalue()


#: A session makes one client at a time, and one without credentials is shared by every account.
_making = threading.Lock()


def _session(settings: Settings) -> tuple[Any, dict[str, str | None]]:
    """The session that makes clients, and the keys that each is given where it has none itself.

    Keys, else a profile, as AWS has it too; never the metadata address of a machine, which nobody wrote down. Whoever has
    neither has no AWS, and is not told to install its SDK.
    """
    profile = settings.get("profile")
    if profile and not (settings.get("access_key") and settings.get("secret_key")):
        return _boto3().Session(botocore_session=_profile(profile)), {}
    keys = {
        "aws_access_key_id": settings["access_key"],
        "aws_secret_access_key": settings["secret_key"],
        "aws_session_token": settings.get("token") or None,
    }
    return _keyless(_boto3()), keys


@cache
def _keyless(boto3: Any) -> Any:
    """One in a process, for it takes longer to make than a client; it has no credentials, and looks for none."""
    return boto3.Session(botocore_session=_core())


def _boto3() -> Any:
    try:
        return import_module("boto3")
    except ImportError:
        raise errors.CredentialError(
            "AWS: boto3 is not installed", step="pip install 'xai-telephony[aws]', then run it again"
        ) from None


def _core(**options: Any) -> Any:
    """A session that reads the SDK's models, which are large, once in a process."""
    session: Any = import_module("botocore.session").Session(**options)
    session.register_component("data_loader", _loader())
    return session


@cache
def _loader() -> Any:
    return import_module("botocore.loaders").Loader()


def _profile(name: str) -> Any:
    """A profile of AWS's own files, with whatever it says of where its keys come from (SSO, a role, a program)."""
    session = _core(profile=name)
    library: Any = import_module("botocore.exceptions").BotoCoreError
    try:
        for machine in ("container-role", "iam-role"):
            session.get_component("credential_provider").remove(machine)
        found = session.get_credentials()
        keys = found.get_frozen_credentials() if found else None
    except library as error:
        raise errors.CredentialError(
            f"AWS_PROFILE: {error}",
            step=f"`aws configure list-profiles` shows those that there are, `aws sso login --profile {name}` renews one",
        ) from None
    if keys is None:
        raise errors.CredentialError(
            f"AWS_PROFILE: the profile {name} has no keys", step=f"`aws configure --profile {name}`, or another profile"
        )
    secrecy.register(keys.secret_key, keys.token or "")
    return session

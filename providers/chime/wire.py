"""boto3 on our HTTP policy: its own retries would create twice, so a public hook sends its signed requests by ours."""

from __future__ import annotations

import io
import threading
from importlib import import_module
from typing import Any, cast

from providers.kernel import errors, http, limits
from providers.kernel.conventions import Refusal
from providers.kernel.vendor import Settings

#: What AWS answers with 403 to credentials that are wrong, and not to a right that is missing.
_BAD_KEYS = frozenset(
    {
        "UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException", "SignatureDoesNotMatch",
        "ExpiredTokenException", "ExpiredToken", "IncompleteSignature", "MissingAuthenticationToken",
    }
)  # fmt: skip


class Wire:
    """The AWS clients of one account, one for each service and region, made when they are first needed."""

    def __init__(self, settings: Settings, limit: limits.Limit) -> None:
        self._settings, self._limit = settings, limit
        self._session = _session(settings)
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str, region: str) -> Any:
        """The client of a service in a region."""
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._made(service, region)
            return self._clients[service, region]

    def _made(self, service: str, region: str) -> Any:
        config: Any = import_module("botocore.config").Config(
            retries={"mode": "standard", "total_max_attempts": 1},  # both: what is left out comes from the environment
            ignore_configured_endpoint_urls=True,
        )
        client: Any = self._session.client(
            service, region_name=region, endpoint_url=self._settings.base_url or None, config=config
        )
        origin = str(client.meta.endpoint_url)
        wire = http.client("chime", self._limit, self._settings.conventions, base_url=origin)
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


def _session(settings: Settings) -> Any:
    """Keys, or a profile: never the metadata address of a machine, which nobody wrote down."""
    try:
        boto3: Any = import_module("boto3")
        exceptions: Any = import_module("botocore.exceptions")
    except ImportError:
        raise errors.CredentialError(
            "Amazon Chime: boto3 is not installed", step="pip install 'xai-telephony[aws]', then run it again"
        ) from None
    if profile := settings.get("profile"):
        try:
            return boto3.Session(profile_name=profile)
        except exceptions.BotoCoreError as error:
            raise errors.CredentialError(
                f"Amazon Chime: AWS_PROFILE: {error}", step="`aws configure list-profiles` shows those that there are"
            ) from None
    return boto3.Session(
        aws_access_key_id=settings["access_key"],
        aws_secret_access_key=settings["secret_key"],
        aws_session_token=settings.get("token") or None,
    )


def refusal(body: object) -> Refusal:
    """``{"Code", "Message"}`` or ``{"message"}``; where a code stands in a header, that one counts."""
    fields = cast(dict[str, Any], body) if isinstance(body, dict) else {}
    return Refusal(str(fields.get("Code") or ""), str(fields.get("Message") or fields.get("message") or ""))


def refused_in_success(body: object) -> Refusal | None:
    """A 200 that names numbers for which it was not done: ``{"PhoneNumberErrors": [{"ErrorCode", "ErrorMessage"}]}``."""
    fields = cast(dict[str, Any], body) if isinstance(body, dict) else {}
    for failed in cast(list[dict[str, Any]], fields.get("PhoneNumberErrors") or []):
        return Refusal(str(failed.get("ErrorCode") or ""), str(failed.get("ErrorMessage") or "it was not done"))
    return None


def kind(status: int, refusal: Refusal) -> type[errors.CarrierError] | None:
    """Numbers that are elsewhere are a conflict, and too many requests can be told in a success too."""
    if status == 200:
        return {
            "PhoneNumberAssociationsExist": errors.Conflict, "Conflict": errors.Conflict, "NotFound": errors.NotFound,
            "Forbidden": errors.Denied, "AccessDenied": errors.Denied, "Unprocessable": errors.Invalid,
            "Throttled": errors.Unavailable, "Throttling": errors.Unavailable,
            "ServiceFailure": errors.Unavailable, "ServiceUnavailable": errors.Unavailable,
        }.get(refusal.code)  # fmt: skip
    return None


def advice(status: int, refusal: Refusal, path: str) -> str:
    """403 is the answer to bad keys and to missing rights alike: the code tells which."""
    if refusal.code in _BAD_KEYS:
        return (
            "check the AWS credentials (`xtel doctor` shows where they come from): key, secret, and a token that ended"
        )
    return "allow its user or role the `chime:` action of this call in IAM" if status == 403 else ""

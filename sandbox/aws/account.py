"""Who may ask AWS: Signature Version 4, checked as AWS documents it; and how AWS says no."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from urllib.parse import quote

from sandbox.exchange import Call

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([A-Z0-9]+)/(\d{8})/([a-z0-9-]+)/([a-z]+)/aws4_request,"
    r" ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})"
)


#: What is said of keys and signatures, before any service is asked.
KEYS = ("MissingAuthenticationTokenException", "UnrecognizedClientException", "InvalidSignatureException")


class Refusal(Exception):
    """AWS says no: status, code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True, slots=True)
class Account:
    """An account and the one key of it. In AWS's format (12 digits; 20 and 40 characters), and plainly no real one."""

    name: str
    id: str
    key: str
    secret: str


ACCOUNTS = tuple(
    Account(name, id, f"AKIASANDBOX{name.upper()}".ljust(20, "0"), f"Sandbox/secret+{name}".ljust(40, "0"))
    for name, id in (("main", "111111111111"), ("other", "222222222222"))
)


@dataclass(frozen=True, slots=True)
class Asker:
    account: Account
    region: str
    service: str


def authenticate(call: Call) -> Asker:
    match = _AUTHORIZATION.fullmatch(call.header("authorization"))
    if not match:
        raise Refusal(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    key, day, region, service, signed, signature = match.groups()
    account = next((each for each in ACCOUNTS if each.key == key), None)
    if account is None:
        raise Refusal(403, "UnrecognizedClientException", "The security token included in the request is invalid.")
    when = call.header("x-amz-date")
    scope = f"{day}/{region}/{service}/aws4_request"
    text = "\n".join(("AWS4-HMAC-SHA256", when, scope, _sha256(_canonical(call, signed).encode())))
    secret = f"AWS4{account.secret}".encode()
    for part in (day, region, service, "aws4_request"):
        secret = hmac.digest(secret, part.encode(), "sha256")
    if not when.startswith(day) or not hmac.compare_digest(
        hmac.digest(secret, text.encode(), "sha256").hex(), signature
    ):
        said = "The request signature we calculated does not match the signature you provided."
        raise Refusal(403, "InvalidSignatureException", said)
    return Asker(account, region, service)


def _canonical(call: Call, signed: str) -> str:
    """Path segments are encoded twice, as for every service but S3; an ARN after `/tags/` is one segment."""
    head, tags, arn = call.path.partition("/tags/")
    path = quote(quote(head + tags, safe="/-_.~") + quote(arn, safe="-_.~"), safe="/-_.~")
    query = "&".join(sorted(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in call.query))
    headers = "".join(f"{name}:{' '.join(call.header(name).split())}\n" for name in signed.split(";"))
    return "\n".join((call.method, path, query, headers, signed, _sha256(call.body)))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def unknown(call: Call, status: int) -> Refusal:
    return Refusal(status, "UnknownOperationException", "no such operation")

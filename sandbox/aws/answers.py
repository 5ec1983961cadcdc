"""Answers of AWS: errors named in a header, ids of requests, lists by token, and STS in XML."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sandbox import shapes
from sandbox.aws.account import ACCOUNTS, KEYS, Account, Asker, Refusal
from sandbox.credentials import named
from sandbox.exchange import Answer, Call, JsonObject, json_answer, pairs
from sandbox.shapes import Model


def body(call: Call, model: Model, required: Sequence[str]) -> JsonObject:
    return shapes.read(shapes.parse(call.body), model, required)


def asked(call: Call, *known: str) -> dict[str, str]:
    found = dict(call.query)
    for name in found:
        if name not in known or len(found) < len(call.query):
            raise Refusal(400, "BadRequestException", f"unknown or repeated parameter {name}")
    return found


def page(call: Call, found: list[JsonObject], name: str, *filters: str) -> Answer:
    """A token is a position; a last page has none."""
    given = asked(call, "max-results", "next-token", *filters)
    size, start = given.get("max-results", "100"), given.get("next-token", "0")
    if not size.isdigit() or not 1 <= int(size) <= 100 or not start.isdigit():
        raise Refusal(400, "BadRequestException", "max-results is 1 to 100, and next-token as it was given")
    end = int(start) + int(size)
    more = {"NextToken": str(end)} if end < len(found) else {}
    return json_answer(200, {name: found[int(start) : end], **more})


def identity(call: Call, asker: Asker) -> Answer:
    """STS GetCallerIdentity: the query protocol, answered in XML."""
    form = dict(pairs(call.body))
    if (
        call.method != "POST"
        or form != {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
        or asker.service != "sts"
    ):
        raise Refusal(400, "InvalidAction", "Could not find operation")
    id = asker.account.id
    text = (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        f"<Arn>arn:aws:iam::{id}:user/xtel</Arn><UserId>AIDASANDBOX</UserId><Account>{id}</Account>"
        f"</GetCallerIdentityResult><ResponseMetadata><RequestId>{_request_id(call)}</RequestId></ResponseMetadata>"
        "</GetCallerIdentityResponse>"
    )
    return Answer(200, text.encode(), {"content-type": "text/xml", "x-amzn-requestid": _request_id(call)})


def _request_id(call: Call | None) -> str:
    return hashlib.sha256(call.header("amz-sdk-invocation-id").encode() if call else b"").hexdigest()[:32]


def named_request(call: Call, answer: Answer) -> Answer:
    return Answer(answer.status, answer.body, {**answer.headers, "x-amzn-requestid": _request_id(call)})


def refuse(refusal: Refusal, call: Call | None = None) -> Answer:
    """As a JSON service says it; what stands in front of all services words itself otherwise, and without a code."""
    document = {"Code": refusal.code.removesuffix("Exception"), "Message": refusal.message}
    if refusal.code in KEYS:
        document = {"message": refusal.message}
    headers = {"x-amzn-errortype": refusal.code, "x-amzn-requestid": _request_id(call)}
    return json_answer(refusal.status, document, headers)


def refuse_in_xml(refusal: Refusal, call: Call) -> Answer:
    """As STS says it, whose codes differ."""
    code = {
        "UnrecognizedClientException": "InvalidClientTokenId",
        "InvalidSignatureException": "SignatureDoesNotMatch",
        "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    }
    text = (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        f"<Code>{code.get(refusal.code, refusal.code)}</Code><Message>{refusal.message}</Message></Error>"
        f"<RequestId>{_request_id(call)}</RequestId></ErrorResponse>"
    )
    return Answer(refusal.status, text.encode(), {"content-type": "text/xml", "x-amzn-requestid": _request_id(call)})


def staged(status: int) -> Answer:
    """An error of this status, for faults."""
    codes = {403: "ForbiddenException", 404: "NotFoundException", 409: "ConflictException"}
    busy = {429: "ThrottledClientException", 500: "ServiceFailureException", 503: "ServiceUnavailableException"}
    code = {**codes, **busy}.get(status, "BadRequestException")
    return refuse(Refusal(status, code, "staged by a fault of the sandbox"))


def account(name: str) -> Account:
    return named(ACCOUNTS, name)


def environment(name: str, origin: str) -> dict[str, str]:
    it = account(name)
    return {"AWS_ACCESS_KEY_ID": it.key, "AWS_SECRET_ACCESS_KEY": it.secret, "AWS_BASE_URL": origin}

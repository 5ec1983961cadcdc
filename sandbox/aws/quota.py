"""Service Quotas: what AWS has granted an account in a region, and the request that tells it."""

from __future__ import annotations

from sandbox.aws.account import Asker, Refusal
from sandbox.exchange import Answer, Call, JsonObject, json_answer
from sandbox.shapes import Model, choice, parse, read, text, whole
from sandbox.store import Store

VENDOR = "aws"
#: External voice transfer connectors per account; AWS's default is 0, and people grant more.
TRANSFER = "L-2BE4D75F"
SEED: Model = {"code": choice(TRANSFER), "value": whole(0), "region": text(1, 30)}
_TARGET = "ServiceQuotasV20190624.GetServiceQuota"
_ASKED: Model = {"ServiceCode": text(1, 63), "QuotaCode": text(1, 128)}


def grant(store: Store, account: str, region: str, value: int) -> None:
    store.shelf(VENDOR, account, "quotas").put(region, {"value": value})


def granted(store: Store, account: str, region: str) -> int:
    found = store.shelf(VENDOR, account, "quotas").get(region)
    return int(found["value"]) if found else 0


def served(call: Call, store: Store, asker: Asker) -> Answer:
    """The JSON protocol: what is asked for stands in a header."""
    if call.method != "POST" or call.header("x-amz-target") != _TARGET:
        raise Refusal(400, "UnknownOperationException", "no such operation")
    wanted = read(parse(call.body), _ASKED, tuple(_ASKED))
    if (wanted["ServiceCode"], wanted["QuotaCode"]) != ("connect", TRANSFER):
        raise Refusal(400, "NoSuchResourceException", "The request failed because the specified quota does not exist.")
    quota: JsonObject = {
        "ServiceCode": "connect",
        "ServiceName": "Amazon Connect",
        "QuotaArn": f"arn:aws:servicequotas:{asker.region}:{asker.account.id}:connect/{TRANSFER}",
        "QuotaCode": TRANSFER,
        "QuotaName": "External voice transfer connectors per account",
        "Value": float(granted(store, asker.account.id, asker.region)),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }
    return json_answer(200, {"Quota": quota}, {"content-type": "application/x-amz-json-1.1"})

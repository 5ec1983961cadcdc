"""Numbers wired up at the vendors, through their APIs; every argument is one thing that may be wrong."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import boto3
import websockets.exceptions
import websockets.sync.client
from botocore.config import Config

from signaling import Settings, UserAgent, client_context
from signaling.uri import SipUri
from stacks.resource import Resource
from tests.sandbox.conftest import Server

WEBHOOK = "https://voice.example.com/calls"
TWIML = "https://voice.example.com/twiml"
NUMBERS = {
    "twilio": "+14155550100",
    "telnyx": "+13125550142",
    "plivo": "+12125550177",
    "vonage": "+14155550164",
    "genesys": "+14155550191",
    "chime": "+14155550173",
    "chime_by_a_lambda": "+442079460077",
    "connect": "+14155550186",
    "webex": "+14155550171",
    "zoom": "+14155550181",
    "sip": "+498912345670",
}
TARGET = "sip:sip.voice.x.ai;transport=tls"
PASSWORD = "rightPassword1!"
#: Every address of every carrier here; an allowlist that lets all of them in.
EVERYBODY = ("0.0.0.0/1", "128.0.0.0/1")

Event = dict[str, Any]


class Receiver:
    """The application behind a webhook: joins each call that is announced, and keeps what it saw.

    ``status``: what a delivery is answered; ``joins``: whether it joins; ``key``: with which API key; ``script``: what
    it does once it has joined; ``query``: what it adds to the URL by which it joins.
    """

    def __init__(self, sandbox: Server) -> None:
        self.sandbox, self.key = sandbox, sandbox.env["XAI_API_KEY"]
        self.status, self.joins, self.twiml, self.query = 200, True, "", ""
        self.script: Callable[[Any, str], None] = greet
        self.documents: dict[str, str] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.deliveries: list[tuple[dict[str, str], str]] = []
        self.events: list[Event] = []
        self.refused: list[int] = []
        self.closed = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                receiver.take(self, body)

            def log_message(self, *arguments: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.stand_in()

    def stand_in(self) -> None:
        """The sandbox delivers here; until its next reset."""
        for url, path in ((WEBHOOK, "calls"), (TWIML, "twiml")):
            self.sandbox.control("POST", "receivers", {"url": url, "deliver_to": f"{self.url}/{path}"})

    def serves(self, url: str, document: str) -> str:
        """Stands in for a URL that says what is to be done with a call."""
        path = f"/documents/{len(self.documents)}"
        self.documents[path] = document
        self.sandbox.control("POST", "receivers", {"url": url, "deliver_to": f"{self.url}{path}"})
        return url

    def take(self, request: BaseHTTPRequestHandler, body: str) -> None:
        document = self.twiml if request.path == "/twiml" else self.documents.get(request.path)
        told, status = (document or "").encode(), self.status if document is None else 200
        if document is not None:
            self.asked.append((request.path, dict(parse_qsl(body))))
        self.deliveries.append(({name.lower(): value for name, value in request.headers.items()}, body))
        request.send_response(status)
        request.send_header("content-length", str(len(told)))
        request.end_headers()
        request.wfile.write(told)
        if request.path == "/calls" and status == 200 and self.joins:
            threading.Thread(target=self.join, args=(json.loads(body)["data"]["call_id"],), daemon=True).start()

    def join(self, call_id: str) -> None:
        url = f"{self.sandbox.url.replace('http', 'ws')}/v1/realtime?call_id={call_id}{self.query}"
        headers = {"Authorization": f"Bearer {self.key}"}
        try:
            with (
                suppress(websockets.exceptions.ConnectionClosed),
                websockets.sync.client.connect(url, additional_headers=headers, proxy=None) as socket,
            ):
                self.script(socket, call_id)
                for text in socket:
                    self.events.append(json.loads(text))
        except websockets.exceptions.InvalidStatus as error:
            self.refused.append(error.response.status_code)
        self.closed.set()

    def kinds(self) -> list[str]:
        return [str(event["type"]) for event in self.events]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def greet(socket: Any, call_id: str) -> None:
    socket.send(json.dumps({"type": "session.update", "session": {"voice": "eve", "instructions": "Help."}}))
    socket.send(json.dumps({"type": "response.create"}))


def call(sandbox: Server, number: str, patience: float = 30, **more: Any) -> dict[str, Any]:
    """Places a call and waits for its end."""
    id = begin(sandbox, number, **more)
    return until(sandbox, id, {"failed", "ended"}, patience)


def begin(sandbox: Server, number: str, **more: Any) -> str:
    return sandbox.control("POST", "calls", {"to": number, **more})["id"]


def until(sandbox: Server, id: str, states: set[str], patience: float = 30) -> dict[str, Any]:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        found = sandbox.control("GET", f"calls/{id}")
        if found["state"] in states:
            return found
        time.sleep(0.03)
    raise AssertionError(f"still not {states}: {found}")


def phone(sandbox: Server, session_expires: int = 1800, ca: str = "", **handlers: Any) -> UserAgent:
    """A telephone of somebody else's, which finds the sandbox's public port by the name of the SIP host.

    ``ca``: trusts this authority, for a proxy on the way that is called by its address.
    """
    host, _, port = sandbox.env["XTEL_SANDBOX_SIP"].partition(":")

    async def resolve(uri: SipUri) -> tuple[str, int]:
        return (uri.host, uri.port) if uri.port else (host, int(port))

    tls = client_context(ca or sandbox.env["XTEL_SANDBOX_CA"])
    settings = Settings("sip:+12025550143@pbx.example.com", media_address="127.0.0.1", session_expires=session_expires)
    return UserAgent(settings, tls=tls, resolver=resolve, **handlers)


def the_call(sandbox: Server, number: str) -> dict[str, Any]:
    """The one call that there was to a number, when it is over."""
    (found,) = sandbox.control("GET", f"calls?to={number}")
    return until(sandbox, found["id"], {"failed", "ended"})


def ok(answer: Any) -> Any:
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


def xai(
    sandbox: Server,
    number: str,
    *,
    allow: Sequence[str] = (),
    digest: str = "",
    agent: bool | str = False,
    webhook: bool = True,
) -> str:
    """Registers a number; answers its id."""
    body: dict[str, Any] = {"origin": "byo_trunk", "name": "Line", "phone_number": number}
    if allow:
        body["sip_auth"] = {"allowed_addresses": list(allow)}
    if digest:
        body["sip_auth"] = {"auth_username": digest, "auth_password": PASSWORD}
    if agent:
        made = ok(sandbox.xai("POST", "/v1/agents", {"name": "Sales", "instructions": "Greet."}))["agent"]["agent_id"]
        body["agent_id"] = made
    elif webhook:
        body["webhook"] = {"url": WEBHOOK}
    id = ok(sandbox.xai("POST", "/v2/phone-numbers", body))["phone_number"]["phone_number_id"]
    if agent == "deleted":
        unbound = {"phone_number": {}, "field_mask": {"paths": ["agent_id"]}}
        ok(sandbox.xai("PATCH", f"/v2/phone-numbers/{id}", unbound))
        ok(sandbox.xai("DELETE", f"/v1/agents/{made}"))
    return id


def twilio(
    sandbox: Server,
    *,
    urls: Sequence[str | dict[str, Any]] = (TARGET,),
    attach: bool | str = True,
    number: dict[str, str] | None = None,
    **trunk: str,
) -> None:
    """A trunk with origination URLs and the number on it. ``attach``: "other", on another trunk that has no URL."""
    sid = ok(sandbox.twilio("POST", "/v1/Trunks", {"FriendlyName": "xai", **trunk}))["sid"]
    for place, url in enumerate(urls):
        given = url if isinstance(url, dict) else {"SipUrl": url}
        form = {"Weight": 10, "Priority": place, "Enabled": "true", "FriendlyName": "xai", **given}
        ok(sandbox.twilio("POST", f"/v1/Trunks/{sid}/OriginationUrls", form))
    owned = sandbox.owned(NUMBERS["twilio"])["sid"]
    holder = sid
    if attach == "other":
        holder = ok(sandbox.twilio("POST", "/v1/Trunks", {"FriendlyName": "other"}))["sid"]
    if number:
        ok(sandbox.twilio("POST", f"~/IncomingPhoneNumbers/{owned}.json", number))
    if attach:
        ok(sandbox.twilio("POST", f"/v1/Trunks/{holder}/PhoneNumbers", {"PhoneNumberSid": owned}))
    else:
        ok(sandbox.twilio("POST", f"~/IncomingPhoneNumbers/{owned}.json", {"VoiceUrl": ""}))


def twiml(sandbox: Server, *, application: bool = False, **number: str) -> None:
    """The number asks a URL, itself or by an application."""
    owned = sandbox.owned(NUMBERS["twilio"])["sid"]
    form = {"VoiceUrl": TWIML, **number}
    if application:
        made = ok(sandbox.twilio("POST", "~/Applications.json", {"FriendlyName": "xai", **form}))["sid"]
        form = {"VoiceApplicationSid": made, "VoiceUrl": ""}
    ok(sandbox.twilio("POST", f"~/IncomingPhoneNumbers/{owned}.json", form))


def telnyx(
    sandbox: Server,
    *,
    fqdns: Sequence[tuple[str, int | None]] = (("sip.voice.x.ai", 5061),),
    primary: bool = True,
    attach: bool = True,
    inbound: dict[str, Any] | None = None,
    voice: dict[str, Any] | None = None,
    **connection: Any,
) -> None:
    """An FQDN connection with its FQDNs in the order in which they are tried."""
    settings = {"dnis_number_format": "+e164", "codecs": ["G711U", "G711A"], **(inbound or {})}
    body = {"connection_name": "xai", "transport_protocol": "TLS", "inbound": settings, **connection}
    id = ok(sandbox.telnyx("POST", "/fqdn_connections", body))["data"]["id"]
    names = ("default_primary_fqdn_id", "default_secondary_fqdn_id", "default_tertiary_fqdn_id")
    for name, (fqdn, port) in zip(names, fqdns, strict=False):
        made = {"connection_id": id, "fqdn": fqdn, "dns_record_type": "a", **({"port": port} if port else {})}
        held = ok(sandbox.telnyx("POST", "/fqdns", made))["data"]["id"]
        settings[name] = held
    if primary:
        ok(sandbox.telnyx("PATCH", f"/fqdn_connections/{id}", {"inbound": settings}))
    numbers = sandbox.state()["telnyx"]["numbers"]
    owned = next(each["id"] for each in numbers if each["phone_number"] == NUMBERS["telnyx"])
    if attach:
        ok(sandbox.telnyx("PATCH", f"/phone_numbers/{owned}", {"connection_id": id}))
    if voice:
        ok(sandbox.telnyx("PATCH", f"/phone_numbers/{owned}/voice", voice))


def plivo(
    sandbox: Server,
    *,
    uris: Sequence[str] = ("sip.voice.x.ai;transport=tls",),
    username: str = "",
    password: str = PASSWORD,
    attach: bool = True,
    **trunk: Any,
) -> None:
    """An inbound trunk with its primary and its fallback URI."""
    login = {"authentication_needed": True, "username": username, "password": password} if username else {}
    made = [
        ok(sandbox.plivo("POST", "/Zentrunk/URI/", {"name": f"u{place}", "uri": uri, **login}))["uri_uuid"]
        for place, uri in enumerate(uris)
    ]
    parts = dict(zip(("primary_uri_uuid", "fallback_uri_uuid"), made, strict=False))
    body = {"name": "xai", "trunk_direction": "inbound", **parts, **trunk}
    id = ok(sandbox.plivo("POST", "/Zentrunk/Trunk/", body))["trunk_id"]
    if attach:
        ok(sandbox.plivo("POST", f"/Number/{NUMBERS['plivo'].lstrip('+')}/", {"app_id": id}))


def application(sandbox: Server, **urls: str) -> None:
    """The number of Plivo's is on an application, which asks a URL."""
    body = {"app_name": "xai", "answer_url": TWIML, **urls}
    id = ok(sandbox.plivo("POST", "/Application/", body))["app_id"]
    ok(sandbox.plivo("POST", f"/Number/{NUMBERS['plivo'].lstrip('+')}/", {"app_id": id}))


def vonage(sandbox: Server, *, kind: str = "sip", value: str = "") -> None:
    """The number's voice callback."""
    env, number = sandbox.env, NUMBERS["vonage"]
    callback = {"voiceCallbackType": kind, "voiceCallbackValue": value or f"sip:{number}@sip.voice.x.ai;transport=tls"}
    form = {"country": "US", "msisdn": number[1:], **(callback if kind else {})}
    login = (env["VONAGE_API_KEY"], env["VONAGE_API_SECRET"])
    ok(sandbox.http.post("/number/update", data=form, auth=login))


def genesys(
    sandbox: Server,
    *,
    username: str = "",
    password: str = PASSWORD,
    attach: bool = True,
    classification: str = "xai",
    route: dict[str, Any] | None = None,
    **properties: Any,
) -> None:
    """A trunk, an outbound route to it, and the number's entry before the site's other number plans."""
    token = sandbox.control("GET", "secrets")["genesys"]["access_tokens"]["main"]
    headers, edges = {"Authorization": f"Bearer {token}"}, "/genesys/api/v2/telephony/providers/edges"
    site = f"{edges}/sites/{sandbox.state()['genesys']['sites'][0]['id']}"
    kind = {"trunkMetabaseId": "external_sip_pcv_byoc_carrier.json"}
    body = ok(sandbox.http.get(f"{edges}/trunkbasesettings/template", params=kind, headers=headers))
    given = {
        "trunk_transport_protocolVariant": "tls",
        "trunk_transport_serverProxyList": ["sip.voice.x.ai:5061"],
        "trunk_sip_termination_uri": "xai",
        "trunk_outboundIdentity_calledAddress_omitPlusPrefix": False,
        "trunk_sip_authentication_credentials_username": username,
        "trunk_sip_authentication_credentials_password": password if username else "",
        **properties,
    }
    body["properties"] |= {name: {"value": {"instance": value}} for name, value in given.items()}
    body |= {"name": "xai", "inboundSite": {"id": site.rpartition("/")[2]}}
    trunk = ok(sandbox.http.post(f"{edges}/trunkbasesettings", json=body, headers=headers))["id"]
    sends = {"name": "xai", "classificationTypes": ["xai"], "externalTrunkBases": [{"id": trunk}], **(route or {})}
    ok(sandbox.http.post(f"{site}/outboundroutes", json=sends, headers=headers))
    numbers = [{"start": NUMBERS["genesys"], "end": NUMBERS["genesys"]}]
    plan = {"name": "xai", "matchType": "e164NumberList", "numbers": numbers, "classification": classification}
    if attach:
        plans = ok(sandbox.http.get(f"{site}/numberplans", headers=headers))
        ok(sandbox.http.put(f"{site}/numberplans", json=[plan, *plans], headers=headers))


#: A Lambda that somebody has deployed for numbers outside the US.
FUNCTION = "arn:aws:lambda:eu-west-2:111111111111:function:xai-calls"


def aws(sandbox: Server, service: str, region: str = "us-east-1") -> Any:
    """AWS's SDK as anybody has it."""
    env = sandbox.env
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=env["AWS_BASE_URL"],
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
        config=Config(ignore_configured_endpoint_urls=True),
    )


def chime(
    sandbox: Server,
    *,
    host: str = "sip.voice.x.ai",
    port: int = 5061,
    protocol: str = "TCP",
    secure: bool = True,
    attach: bool = True,
    routed: bool = True,
    disabled: bool = False,
    region: str = "us-east-1",
) -> None:
    """A Voice Connector, its origination, and the number on it; by boto3 as anybody has it."""
    voice = aws(sandbox, "chime-sdk-voice", region)
    id = voice.create_voice_connector(Name="xai", RequireEncryption=secure, AwsRegion=region)["VoiceConnector"][
        "VoiceConnectorId"
    ]
    if routed:
        way = {"Host": host, "Port": port, "Protocol": protocol, "Priority": 1, "Weight": 1}
        voice.put_voice_connector_origination(VoiceConnectorId=id, Origination={"Routes": [way], "Disabled": disabled})
    if attach:
        numbers = [NUMBERS["chime"]]
        told = aws(sandbox, "chime-sdk-voice").associate_phone_numbers_with_voice_connector(
            VoiceConnectorId=id, E164PhoneNumbers=numbers
        )
        assert not told["PhoneNumberErrors"], told


def chime_by_a_lambda(
    sandbox: Server,
    *,
    attach: bool = True,
    disabled: bool = False,
    deployed: bool = True,
    connector: str = "",
    routed: bool = True,
) -> None:
    """A SIP rule, a SIP media application, a Lambda that is deployed, and the connector that it bridges to."""
    voice = aws(sandbox, "chime-sdk-voice", "eu-west-2")
    made = voice.create_voice_connector(Name="xai", RequireEncryption=True, AwsRegion="eu-west-2")["VoiceConnector"]
    if routed:
        way = {"Host": "sip.voice.x.ai", "Port": 5061, "Protocol": "TCP", "Priority": 1, "Weight": 1}
        voice.put_voice_connector_origination(
            VoiceConnectorId=made["VoiceConnectorId"], Origination={"Routes": [way], "Disabled": False}
        )
    if deployed:
        function = {"name": FUNCTION, "connector": connector or made["VoiceConnectorArn"]}
        sandbox.control("POST", "seed", {"chime": {"functions": [function]}})
    application = voice.create_sip_media_application(
        AwsRegion="eu-west-2", Name="xai", Endpoints=[{"LambdaArn": FUNCTION}]
    )["SipMediaApplication"]
    if attach:
        voice.create_sip_rule(
            Name="xai",
            TriggerType="ToPhoneNumber",
            TriggerValue=NUMBERS["chime_by_a_lambda"],
            Disabled=disabled,
            TargetApplications=[
                {"SipMediaApplicationId": application["SipMediaApplicationId"], "Priority": 1, "AwsRegion": "eu-west-2"}
            ],
        )


def connect(
    sandbox: Server,
    *,
    to: str = NUMBERS["connect"],
    host: str = "sip.voice.x.ai",
    secure: bool = True,
    attach: bool = True,
    bound: bool = True,
    state: str = "ACTIVE",
    start: str = "xai",
    context: str = "",
    spelling: tuple[str, str] = ("CallTransferConnector", "ThirdPartyConnectionTimeLimitSeconds"),
) -> None:
    """A Voice Connector for transfers, bound to the instance, and a flow that transfers the number's calls to it."""
    voice, amazon = aws(sandbox, "chime-sdk-voice"), aws(sandbox, "connect")
    asked = {"RequireEncryption": secure, "IntegrationType": "CONNECT_CALL_TRANSFER_CONNECTOR"}
    made = voice.create_voice_connector(Name="xai", **asked)["VoiceConnector"]
    way = {"Host": host, "Port": 5061, "Protocol": "TCP", "Priority": 1, "Weight": 1}
    voice.put_voice_connector_origination(
        VoiceConnectorId=made["VoiceConnectorId"], Origination={"Routes": [way], "Disabled": False}
    )
    instance = amazon.list_instances()["InstanceSummaryList"][0]["Id"]
    arn = made["VoiceConnectorArn"]
    bond = amazon.create_integration_association(
        InstanceId=instance, IntegrationType="CALL_TRANSFER_CONNECTOR", IntegrationArn=arn
    )
    kind, limit = spelling
    connector = {"VoiceConnectorType": kind, "VoiceConnectorArn": arn, "ToUser": to}
    connector |= {"FromUser": "$.CustomerEndpoint.Address", **({"UserToUserInformation": context} if context else {})}
    transfer = {limit: "60", "ContinueFlowExecution": "False", "VoiceConnector": connector}
    leads = {"NextAction": "bye", "Errors": [{"NextAction": "bye", "ErrorType": "NoMatchingError"}]}
    steps = [
        {"Identifier": "xai", "Type": "TransferParticipantToThirdParty", "Parameters": transfer, "Transitions": leads},
        {"Identifier": "bye", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}},
    ]
    content = json.dumps({"Version": "2019-10-30", "StartAction": start, "Metadata": {}, "Actions": steps})
    flow = amazon.create_contact_flow(InstanceId=instance, Name="xai", Type="CONTACT_FLOW", Content=content)[
        "ContactFlowId"
    ]
    if attach:
        numbers = amazon.list_phone_numbers(InstanceId=instance)["PhoneNumberSummaryList"]
        [id] = [each["Id"] for each in numbers if each["PhoneNumber"] == NUMBERS["connect"]]
        amazon.associate_phone_number_contact_flow(PhoneNumberId=id, InstanceId=instance, ContactFlowId=flow)
    if state != "ACTIVE":
        amazon.update_contact_flow_metadata(InstanceId=instance, ContactFlowId=flow, ContactFlowState=state)
    if not bound:
        amazon.delete_integration_association(
            InstanceId=instance, IntegrationAssociationId=bond["IntegrationAssociationId"]
        )


def webex(sandbox: Server, *, attach: bool = True) -> None:
    """A dial plan that leads to a local gateway, with the number as a pattern."""
    token = sandbox.control("GET", "secrets")["webex"]["access_tokens"]["main"]
    headers = {"Authorization": f"Bearer {token}"}
    plans = "/v1/telephony/config/premisePstn/dialPlans"
    body = {"name": "xai", "routeId": sandbox.state()["webex"]["trunks"][0]["id"], "routeType": "TRUNK"}
    id = ok(sandbox.http.post(plans, json=body, headers=headers))["id"]
    if attach:
        added = {"dialPatterns": [{"dialPattern": NUMBERS["webex"], "action": "ADD"}]}
        sandbox.http.put(f"{plans}/{id}/dialPatterns", json=added, headers=headers).raise_for_status()


def applied(sandbox: Server, carrier: str) -> list[Resource]:
    """Files that somebody has applied, which no vendor shows: the local gateway's, a Lambda's."""
    if carrier == "chime_by_a_lambda":
        number = NUMBERS[carrier]
        told = {"lambda_arn": FUNCTION, "connector_arn": sandbox.state()["chime"]["connectors"][0]["VoiceConnectorArn"]}
        return [Resource(f"{number}/lambda", "chime:LambdaFile", {"phone_number": number, **told}, number, id=number)]
    number = NUMBERS["webex"]
    return [
        Resource(
            f"{number}/gateway", "webex:Gateway",
            {"phone_number": number, "dial_plan_id": plan["id"], "target": f"sip:{number}@sip.voice.x.ai;transport=tls"},
            number, id=number,
        )
        for plan in sandbox.state()["webex"]["dial_plans"]
        if carrier == "webex" and number in plan["patterns"]
    ]  # fmt: skip


def zoom(sandbox: Server, *, pattern: str = "", assignee: str = "", **settings: Any) -> None:
    """The number's routing rule; and the number as a BYOC number that somebody has."""
    if assignee:
        theirs = {"phone_number": NUMBERS["zoom"], "carrier": "Example Telecom", "assignee": assignee}
        sandbox.control("POST", "seed", {"zoom": {"byoc_numbers": [theirs]}})
    group = sandbox.state()["zoom"]["sip_groups"][0]["id"]
    token = sandbox.control("GET", "secrets")["zoom"]["access_tokens"]["main"]
    way = {"type": "sip_group", "sip_group_id": group, **settings}
    body = {"name": "xai", "number_pattern": pattern or rf"^\{NUMBERS['zoom']}$", **way}
    body = {name: value for name, value in body.items() if value}
    headers = {"Authorization": f"Bearer {token}"}
    ok(sandbox.http.post("/v2/phone/routing_rules", json=body, headers=headers))

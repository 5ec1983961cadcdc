"""Genesys Cloud under test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.conformance.subject import Made, Sample, Subject
from tests.conftest import Sandbox

NUMBER = "+14155550191"
MARK = f"xtel/p/s/{NUMBER}"
SITE, OTHER = "Cloud site", "Lab site"
CLASSIFICATION = f"xAI {NUMBER}"
API = "/genesys/api/v2"
EDGES = f"{API}/telephony/providers/edges"
DID, OTHER_DID = "+14155550194", "+14155550196"
PASSWORD = "canary-genesys-7"


class Genesys:
    """The sandbox's Genesys Cloud."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def env(self, account: str = "main") -> dict[str, str]:
        given = self._sandbox.env(account=account)
        return {name: value for name, value in given.items() if name.startswith("GENESYSCLOUD_")}

    def reset(self) -> None:
        self._sandbox.reset()

    def site(self, name: str = SITE) -> dict[str, Any]:
        return next(each for each in self._sandbox.state()["genesys"]["sites"] if each["name"] == name)

    def owned(self, number: str) -> Mapping[str, Any]:
        """The site's number plans, in the order in which they are tried."""
        kept = ("name", "matchType", "numbers", "classification")
        return {"plans": [{name: plan.get(name) for name in kept} for plan in self.site()["number_plans"]]}

    def plans(self, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
        path = f"sites/{self.site()['id']}/numberplans"
        self.send("PUT", path, change(self.send("GET", path).json()))

    def occupy(self, number: str) -> None:
        """Somebody's entry for the number, before all others."""
        theirs: dict[str, Any] = {"name": "theirs", "matchType": "e164NumberList", "classification": "National"}
        theirs["numbers"] = [{"start": number, "end": number}]
        self.plans(lambda plans: [theirs, *(plan for plan in plans if plan["name"] != "theirs")])

    def national_first(self) -> None:
        """Somebody moves the plan for a whole country before all others."""
        self.plans(lambda plans: sorted(plans, key=lambda plan: plan["name"] != "National"))

    def rename(self, name: str, to: str) -> None:
        self.plans(lambda plans: [{**plan, "name": to if plan["name"] == name else plan["name"]} for plan in plans])

    def property(self, id: str, name: str, value: Any) -> None:
        trunk = self.send("GET", f"trunkbasesettings/{id}").json()
        trunk["properties"][name] = {"value": {"instance": value}}
        self.send("PUT", f"trunkbasesettings/{id}", trunk)

    def route(self, id: str, **settings: Any) -> None:
        path = f"sites/{self.site()['id']}/outboundroutes/{id}"
        self.send("PUT", path, {**self.send("GET", path).json(), **settings})

    def ivr(self, id: str, **settings: Any) -> None:
        path = f"{API}/architect/ivrs/{id}"
        self.send("PUT", path, {**self.send("GET", path).json(), **settings})

    def publish(self, id: str) -> None:
        """Somebody publishes a flow in Architect, whose text it keeps."""
        flow = next(each for each in self._sandbox.state()["genesys"]["flows"] if each["id"] == id)
        self._uploaded(flow["text"])

    def publish_another(self) -> str:
        flow = self._sandbox.state()["genesys"]["flows"][0]
        return self._uploaded(flow["text"].replace(flow["name"], "theirs"))

    def _uploaded(self, text: str) -> str:
        job = self.send("POST", f"{API}/flows/jobs", {}).json()
        url, headers = job["presignedUrl"], job["headers"]
        self._sandbox.http.put(url, content=text.encode(), headers=headers).raise_for_status()
        return str(self.send("GET", f"{API}/flows/jobs/{job['id']}").json()["flow"]["id"])

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """What somebody in the admin pages would do."""
        token = self._sandbox.secrets()["genesys"]["access_tokens"]["main"]
        headers = {"Authorization": f"Bearer {token}"}
        url = path if path.startswith(API) else f"{EDGES}/{path}"
        return self._sandbox.http.request(method, url, json=body, headers=headers).raise_for_status()

    def releases(self) -> int:
        return 0

    def ignore(self, method: str, path: str) -> None:
        self._sandbox.fault(f"{method} {path}", "ignore")


def _file(made: Made) -> dict[str, Any]:
    return {"marker": MARK, "phone_number": NUMBER, "did": DID}


def _route(made: Made) -> dict[str, Any]:
    return {"marker": MARK, "site": SITE, "classification": CLASSIFICATION, "trunk_id": made["Trunk"].id}


SUBJECT = Subject(
    name="genesys",
    number=NUMBER,
    world=Genesys,
    samples=(
        Sample(
            "Trunk",
            copied="/trunkbasesettings/template",
            inputs=lambda made: {"marker": MARK, "site": SITE, "username": "hq", "password": PASSWORD},
            changes=(
                {"host": "sip.example.com"},
                {"port": 5062},
                {"transport": "tcp"},
                {"srtp": False},
                {"codecs": ["PCMA", "PCMU"]},
                {"ani_number_format": "e164"},
                {"dnis_number_format": "e164"},
                {"enabled": False},
                {"username": "lab"},
                {"password": "canary-genesys-8"},
                {"username": None, "password": None},
                {"site": OTHER},
            ),
            same=({"site": f" {SITE} "}, {"port": 5061.0, "codecs": ("PCMU", "PCMA"), "host": "SIP.voice.x.ai"}),
            foreign=lambda made: {"marker": "xtel/p/other/+14155550192", "site": SITE},
            switched={
                "enabled": lambda world, id: world.property(id, "trunk_enabled", False),
                "transport": lambda world, id: world.property(id, "trunk_transport_protocolVariant", "udp"),
                "srtp": lambda world, id: world.property(id, "trunk_media_srtpCipherSuites", []),
                "dnis_number_format": lambda world, id: world.property(
                    id, "trunk_outboundIdentity_calledAddress_omitPlusPrefix", True
                ),
                "username": lambda world, id: world.property(id, "trunk_sip_authentication_credentials_username", "x"),
            },
            canaries=(PASSWORD,),
        ),
        Sample(
            "OutboundRoute",
            _route,
            changes=({"classification": "xAI test"}, {"enabled": False}, {"site": OTHER}),
            same=({"site": f" {SITE} "}, {"classification": f" {CLASSIFICATION} ", "enabled": True}),
            foreign=lambda made: {**_route(made), "marker": "xtel/p/other/+14155550192", "classification": "theirs"},
            switched={
                "enabled": lambda world, id: world.route(id, enabled=False),
                "trunk_id": lambda world, id: world.route(id, externalTrunkBases=[]),
                "classification": lambda world, id: world.route(id, classificationTypes=["theirs"]),
            },
        ),
        Sample(
            "Attachment",
            lambda made: {"marker": MARK, "phone_number": NUMBER, "site": SITE, "classification": CLASSIFICATION},
            changes=({"classification": "xAI test"}, {"site": OTHER}),
            same=({"phone_number": "+1 (415) 555-0191"}, {"site": f" {SITE} "}),
            attaches=True,
            switched={
                "classification": lambda world, id: world.national_first(),
                "marker": lambda world, id: world.rename(MARK, "renamed by somebody"),
            },
        ),
        Sample(
            "FlowFile",
            _file,
            changes=({"did": "+14155550193"}, {"greeting": "Hello."}, {"language": "en-gb", "content": {"what is": "given"}}),
            same=({"phone_number": "+1 (415) 555-0191"}, {"content": {"what is": "given"}}),
            kept=True,
            computed=frozenset({"content"}),
            foreign=lambda made: {**_file(made), "marker": "theirs", "phone_number": "+14155550192"},
        ),
        Sample(
            "Flow",
            lambda made: {"marker": MARK, "phone_number": NUMBER},
            changes=(
                {"greeting": "Hello.", "content": "what is given"},
                {"language": "en-gb"},
                {"phone_number": "+14155550192"},
            ),
            same=({"phone_number": "+1 (415) 555-0191"}, {"content": "what is given"}),
            computed=frozenset({"content"}),
            foreign=lambda made: {"marker": "xtel/p/other/+14155550192", "phone_number": "+14155550192"},
            switched={"content": lambda world, id: world.publish(id)},
        ),
        Sample(
            "CallRoute",
            lambda made: {"marker": MARK, "did": DID, "flow_id": made["Flow"].id},
            changes=({"did": OTHER_DID},),
            same=({"did": "+1 (415) 555-0194"},),
            foreign=lambda made: {"marker": "xtel/p/o/+14155550192", "did": OTHER_DID, "flow_id": made["Flow"].id},
            switched={
                "did": lambda world, id: world.ivr(id, dnis=[OTHER_DID]),
                "flow_id": lambda world, id: world.ivr(id, openHoursFlow={"id": world.publish_another()}),
            },
        ),
    ),
    refusals=(
        ("Trunk", {"site": SITE, "username": "hq"}, "a digest needs username and password"),
        ("Trunk", {"username": "hq", "password": "x"}, "site: is required"),
        ("OutboundRoute", {"site": SITE, "classification": "x"}, "trunk_id: is required"),
        ("Attachment", {"phone_number": NUMBER, "classification": "x"}, "site: is required"),
        ("Attachment", {"phone_number": "4155550191", "site": "x", "classification": "x"}, "phone_number: must start"),
    ),
)  # fmt: skip

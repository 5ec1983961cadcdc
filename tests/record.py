"""Records the previews in ``cases/plan`` anew, from the real engine against the sandbox: ``python -m tests.record``.

``python -m tests.record kinds`` records one of the flows alone; ``reports`` only writes the expected reports anew from
what is recorded; look at the diff. What is recorded is trimmed to what a plan reads: no times, no paths of a machine,
nothing that only the engine needs.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from stacks import document
from tests.conftest import Sandbox, serving
from tests.engine.conftest import STACK, Project
from xtel.review import plan, report, rules
from xtel.review.plan import declared
from xtel.review.plan.checksum import checksum

CASES = Path(__file__).parent / "cases/plan"
TODAY = date(2026, 11, 21)
LINKS = report.Links("https://git.example.com/acme/phones/blob/0123456789/", "stacks/test.yaml", "0123456789")
SUFFIXES = {"text": "txt", "md": "md", "json": "json", "github": "log", "html": "html"}
_NOISE = {"sourcePosition", "stackTrace", "created", "modified", "hideDiff", "hideDiffs", "__provider", "timestamp"}

FILE = """version: 1
defaults:
  webhook: {{url: https://voice.example.com/calls}}
numbers:{}
"""
AGENTS = """{
  sales: {name: Sales, instructions: Greet the caller and qualify the lead., voice: {voice_id: eve}},
  night: {name: Night, instructions: Take a message., voice: {voice_id: eve}}}
"""
SUPPORT = """
  support:
    number: "+14155550100"
    route: {carrier: twilio, transfer: true, secure: true}
"""
LONDON = """
  london:
    number: "+442079460011"
    route: {carrier: telnyx, sip_region: Europe, srtp: true, transfer: true}
    fallback: ["sip:pbx.example.com;transport=tls"]
"""
NYC = """
  nyc:
    number: "+12125550177"
    route: {carrier: plivo}
"""
HQ = """
  hq:
    number: "+498912345670"
    route: {carrier: sip, platform: asterisk}
"""
DESK = """
  desk:
    origin: xai_provisioned
    number: "+16505550123"
    agent: agent_frontdesk0001
"""
ALL = (SUPPORT, LONDON, NYC, HQ, DESK)
TWIML = """
  reception:
    number: "+14155550101"
    take_over: true
    route: {carrier: twilio, mode: twiml, application: true, voice_url: "https://voice.example.com/twiml"}
    auth: {digest: {username: xai-reception}}
"""
HELPLINE = """
  helpline:
    route: {carrier: twilio, buy: {country: US, area_code: "415"}}
"""
HOTLINE = """
  hotline:
    route: {carrier: telnyx, buy: {country: US, area_code: "415"}}
    on_delete: release
"""
POLICY_PACK = Path(sys.executable).parent / "xtel-policy"


class Recorder:
    """One project that goes through all the cases."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.project, self.sandbox, self.folder = Project(folder, sandbox), sandbox, folder
        self.file = folder / "stacks" / f"{STACK}.yaml"

    def declare(self, *numbers: str, **more: str) -> None:
        rest = "".join(f"{key}: {value}\n" for key, value in more.items())
        self.file.write_text(FILE.format("".join(numbers)) + rest)

    def up(self, **env: str) -> None:
        self.project.up(**env)

    def keep(self, case: str, *arguments: str) -> None:
        """A preview in both forms, with the stack file it was made of."""
        log = self.folder / f"{case}.jsonl"
        command = ["pulumi", "--color=never", "--non-interactive", "-C", str(self.folder), "preview", "--json"]
        command += ["--stack", STACK, "--event-log", str(log), *arguments]
        env = self.project.env | {"PULUMI_DEBUG_COMMANDS": "1"}
        done = subprocess.run(command, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        kept = CASES / case
        kept.mkdir(parents=True, exist_ok=True)
        (kept / "stack.yaml").write_text(self.file.read_text())
        (kept / "preview.json").write_text(json.dumps(trimmed(json.loads(done.stdout)), indent=1) + "\n")
        lines = [json.dumps(trimmed(event)) for event in map(json.loads, log.read_text().splitlines()) if _kept(event)]
        text = "".join(f"{line}\n" for line in lines)
        (kept / "events.jsonl").write_text(text.replace(str(POLICY_PACK), POLICY_PACK.name))
        print(f"{case}: exit {done.returncode}, {len(lines)} events")  # noqa: T201

    def twilio(self, method: str, path: str, **form: str) -> Any:
        env = self.sandbox.env()
        auth = (env["TWILIO_ACCOUNT_SID"], env["TWILIO_AUTH_TOKEN"])
        return self.sandbox.http.request(method, path, data=form, auth=auth).raise_for_status().json()


def _kept(event: dict[str, Any]) -> bool:
    told = event.get("diagnosticEvent")
    if told:
        return told["severity"] != "debug" and not told.get("ephemeral")
    return not event.keys() & {"resOutputsEvent", "preludeEvent", "cancelEvent"}


def trimmed(value: Any) -> Any:
    if isinstance(value, dict):
        dropped = (
            _NOISE if "urn" in value or "inputs" in value or "sequence" in value or "__provider" in value else set()
        )
        return {key: trimmed(item) for key, item in value.items() if key not in dropped}
    return [trimmed(item) for item in value] if isinstance(value, list) else value


def record(it: Recorder) -> None:
    it.declare(*ALL)
    it.keep("create")
    it.up()
    it.declare(
        SUPPORT.replace(", secure: true", ""),
        LONDON.replace("Europe", "US"),
        NYC,
        HQ.replace("}", ", port: 5062}"),
        DESK,
    )
    it.keep("update")
    opened = SUPPORT + "    auth: {allow: [twilio, 10.0.0.0/8]}\n"
    it.declare(opened, LONDON, NYC + "    auth: open\n", HQ, DESK)
    it.keep("refused")
    it.declare(opened + "    replace: accept\n", LONDON, NYC, HQ, DESK)
    it.keep("consented")
    it.declare(LONDON, NYC, HQ.replace("  hq:", "  head:"), DESK)
    it.keep("delete")
    accept = '[{rule: number-keeps-inbound, number: "+14155550100", until: 2999-01-01, why: "it @moves | <b>away</b>"}]'
    it.declare(LONDON, NYC, HQ, DESK, accept=accept)
    it.keep("accepted")
    it.declare(
        SUPPORT.replace("{carrier: twilio, transfer: true, secure: true}", "{carrier: twilio, trunk: shared}"), *ALL[1:]
    )
    it.keep("shared")
    it.declare(*ALL)
    _drift(it)
    it.keep("drift", "--refresh")
    it.project.up("--refresh")
    it.declare(*ALL)
    it.keep("unchanged")
    it.declare(SUPPORT, LONDON, NYC + "    auth: {digest: {username: a, password: {secret: nobodySetIt}}}\n", HQ, DESK)
    it.keep("failed")
    it.declare(SUPPORT, LONDON + "    protect: true\n", NYC, HQ, DESK)
    it.project.up()
    it.declare(SUPPORT, NYC, HQ, DESK)
    it.keep("protected")
    _hostile(it)
    it.keep("hostile")


def kinds(it: Recorder) -> None:
    """TwiML, hosted agents, bought numbers, and a preview that a policy pack stops."""
    london, nyc = LONDON + "    agent: sales\n", NYC + "    agent: night\n"
    it.declare(SUPPORT, london, nyc, agents=AGENTS)
    it.up()
    it.declare(SUPPORT, london, nyc, TWIML, agents=AGENTS)
    it.keep("twiml")
    moved = AGENTS.replace("a message", "name and number").replace("}}}", "}}, day: {name: Day, instructions: Greet.}}")
    it.declare(SUPPORT, london.replace("sales", "day"), nyc.replace("night", "sales"), DESK, agents=moved)
    it.keep("agents")
    it.declare(SUPPORT, london, nyc, HELPLINE, HOTLINE, agents=AGENTS)
    it.keep("bought")
    it.up()
    it.declare(SUPPORT, london, nyc, agents=AGENTS)
    it.keep("dropped")
    it.keep("policy", "--policy-pack", str(POLICY_PACK))


FLOWS = {"life": record, "kinds": kinds}


def _drift(it: Recorder) -> None:
    """Somebody at Twilio's console: another transfer mode, and the number on a trunk of theirs."""
    trunk = it.sandbox.state()["twilio"]["trunks"][0]["sid"]
    it.twilio("POST", f"/v1/Trunks/{trunk}", TransferMode="disable-all")
    other = it.twilio("POST", "/v1/Trunks", FriendlyName="pbx")["sid"]
    sid = it.sandbox.numbers("twilio")["+14155550100"]["sid"]
    it.sandbox.http.delete(f"/v1/Trunks/{trunk}/PhoneNumbers/{sid}", auth=_auth(it)).raise_for_status()
    it.twilio("POST", f"/v1/Trunks/{other}/PhoneNumbers", PhoneNumberSid=sid)


def _auth(it: Recorder) -> tuple[str, str]:
    env = it.sandbox.env()
    return env["TWILIO_ACCOUNT_SID"], env["TWILIO_AUTH_TOKEN"]


EVIL = "| `@everyone` <img src=x onerror=alert(1)> [a](https://evil.example) #1 ::error::x"


def _hostile(it: Recorder) -> None:
    """Names that try to get out of every format, ours and somebody else's."""
    it.sandbox.seed({"xai": {"numbers": [{"phone_number": "+12125550110", "origin": "byo_trunk", "name": EVIL}]}})
    number = '\n  evil:\n    number: "+12125550110"\n    route: {carrier: twilio}\n    take_over: true\n'
    number += f"    name: {json.dumps(EVIL + ' ```')}\n    replace: accept\n"
    number += '    webhook: {url: "https://voice.example.com/a|b`<script>@x"}\n'
    it.declare(SUPPORT + f"    name: {json.dumps(EVIL)}\n", NYC, HQ, DESK, LONDON + "    protect: true\n", number)


def reviewed(case: Path, source: str = "events.jsonl") -> plan.Review:
    """The review of a recorded case, as of a fixed day."""
    preview = plan.read((case / source).read_text())
    return judged(preview, case / "stack.yaml")


def judged(preview: plan.Preview, file: Path) -> plan.Review:
    found = document.read(file)
    sum = checksum("test", preview, {"stack file": file.read_bytes()})
    context = plan.Context(
        "test", "stacks/test.yaml", declared.entries(found), checksum=sum, secrets=declared.secrets(found)
    )
    return rules.judge(
        plan.build(preview, context), rules.RuleSettings(TODAY, found.network.accept, found.network.limits)
    )


def reports(case: Path) -> Iterator[tuple[Path, str]]:
    """Every expected report of a case: its file, and what it should hold."""
    review = reviewed(case)
    for format, suffix in SUFFIXES.items():
        yield case / f"report.{suffix}", report.render(review, format, LINKS)


def main(what: str) -> None:
    for flow in () if what == "reports" else [FLOWS[what]] if what else FLOWS.values():
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "sandbox").mkdir()
            (folder / "project").mkdir()
            with serving(folder / "sandbox") as url:
                sandbox = Sandbox(url)
                sandbox.reset()
                flow(Recorder(folder / "project", sandbox))
    for case in sorted(path.parent for path in CASES.glob("*/stack.yaml")):
        for file, text in reports(case):
            file.write_text(text)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")

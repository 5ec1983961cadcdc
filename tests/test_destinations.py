"""Which secret goes to which host: of a stack file, between two of them, in previews, and in what people read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from providers.kernel import spec
from stacks import destinations, document, graph
from stacks.destinations import LOGIN, SecretName
from tests import record
from xtel.engine.previews import Preview
from xtel.engine.step import Step
from xtel.review import plan, report, rules
from xtel.review.plan import declared

SUPPORT, NYC, HQ = "+14155550100", "+12125550177", "+498912345670"
FILE = """version: 1
defaults:
  webhook: {url: https://voice.example.com/calls, auth_token: {secret: hookToken}}
agents:
  sales:
    instructions: Greet.
    tools:
      - {type: mcp, server_url: "https://crm.example.com/mcp", server_label: crm, authorization: {secret: crmToken}}
numbers:
  support:
    number: "+14155550100"
    route: {carrier: twilio}
    signing_secret: {secret: supportSigning}
  nyc:
    number: "+12125550177"
    route: {carrier: plivo}
    auth: {digest: {username: nyc, password: {secret: nycPassword}}}
  hq:
    number: "+498912345670"
    route: {carrier: sip, platform: asterisk}
    agent: sales
"""
TOLD = {
    ("crmToken", "crm.example.com", "sales", "tool_secrets.crm.authorization"),
    ("hookToken", "voice.example.com", SUPPORT, "webhook.auth_token"),
    ("supportSigning", "voice.example.com", SUPPORT, "known_secret"),
    ("nycPassword", "sip.voice.x.ai", NYC, "sip_auth.auth_password"),
    ("hookToken", "voice.example.com", NYC, "webhook.auth_token"),
    ("nycPassword", "Plivo", f"{NYC}/uri", "password"),
    ("its made password", "sip.voice.x.ai", HQ, "sip_auth.auth_password"),
    ("its made password", "SIP (by hand)", f"{HQ}/bundle", LOGIN),
}


def read(folder: Path, text: str) -> document.Document:
    file = folder / "test.yaml"
    file.write_text(text)
    return document.read(file)


def reviewed(preview: Preview, after: document.Document, source: Any = "stack files") -> plan.Review:
    secrets = declared.secrets(after)
    context = plan.Context("test", "stacks/test.yaml", declared.entries(after), source=source, secrets=secrets)
    return rules.judge(plan.build(preview, context), rules.RuleSettings(record.TODAY, after.network.accept))


def between(folder: Path, before: str, after: str) -> plan.Review:
    return reviewed(declared.preview("test", read(folder, before), new := read(folder, after)), new)


def changed(*edits: tuple[str, str]) -> str:
    text = FILE
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return text


def news(review: plan.Review) -> set[tuple[str, str, str]]:
    return {(item.state, item.secret, item.host) for item in review.plan.secrets if item.state != "kept"}


def stopped(review: plan.Review) -> set[str]:
    return {item.number or item.object for item in review.findings if item.rule == "secret-destination" and item.stops}


def test_every_way_of_a_stack_files_secrets(tmp_path: Path) -> None:
    found = between(tmp_path, FILE, FILE).plan.secrets
    assert {(item.secret, item.host, item.name, item.field) for item in found} == TOLD
    assert {item.state for item in found} == {"kept"}


def test_no_config_secret_that_a_stack_needs_is_without_a_host(tmp_path: Path) -> None:
    for case in sorted(record.CASES.glob("*/stack.yaml")):
        needed = graph.of_document(document.read(case))
        assert graph.secrets(needed) <= {each.secret.name for each in destinations.of(needed)}, case
    needed = graph.of_document(read(tmp_path, FILE))
    assert graph.secrets(needed) == {each.secret.name for each in destinations.of(needed)} - {""}


TOKEN, PASSWORD = "auth_token: {secret: hookToken}", "password: {secret: nycPassword}"
OTHER_TOOL = 'type: mcp, server_url: "https://x.example.net/", server_label: x'
HOOK, CRM = "voice.example.com", "crm.example.com"
#: By what is edited: what is news, and what stops.
CASES: dict[str, tuple[tuple[tuple[str, str], ...], set[tuple[str, str, str]], set[str]]] = {
    "a default webhook moves": (
        ((HOOK, "hooks.example.net"),),
        {("new host", "hookToken", "hooks.example.net"), ("new host", "supportSigning", "hooks.example.net")},
        {SUPPORT, NYC},
    ),
    "one number gets a webhook of its own with the token": (
        (("carrier: plivo}", f"carrier: plivo}}\n    webhook: {{url: https://a.example.net/, {TOKEN}}}"),),
        {("new host", "hookToken", "a.example.net")},
        {NYC},
    ),
    "a token is exchanged elsewhere": (
        (("/calls, auth", "/calls, auth_url: https://login.example.net/, auth"),),
        {("new host", "hookToken", "login.example.net")},
        {SUPPORT, NYC},
    ),
    "a tool's server moves": (((CRM, "crm.example.net"),), {("new host", "crmToken", "crm.example.net")}, {"agent sales"}),
    "a tool's secret goes to another tool": (
        (("tools:\n", f'tools:\n      - {{{OTHER_TOOL}, headers: {{X: {{secret: crmToken}}}}}}\n'),),
        {("new host", "crmToken", "x.example.net")},
        {"agent sales"},
    ),
    "a webhook's token goes to a tool": (
        (("secret: crmToken", "secret: hookToken"),), {("new host", "hookToken", CRM)}, {"agent sales"},
    ),
    "labels are swapped": (
        (("server_label: crm", "server_label: other"),), {("new place", "crmToken", CRM)}, set(),
    ),
    "a digest's password goes to another carrier": (
        (("route: {carrier: plivo}", "route: {carrier: twilio, mode: twiml, voice_url: \"https://bins.example.net/\"}"),),
        {("new host", "nycPassword", "Twilio (by hand)"), ("new host", "nycPassword", "bins.example.net")},
        {NYC},
    ),
    "another SIP host": (
        (("number: \"+12125550177\"", "number: \"+12125550177\"\n    sip_host: sip.example.net"),),
        {("new host", "nycPassword", "sip.example.net")},
        {NYC},
    ),
    "a made password is replaced by a known secret": (
        (("platform: asterisk}", f"platform: asterisk}}\n    auth: {{digest: {{username: hq, {PASSWORD}}}}}"),),
        {("new host", "nycPassword", "SIP (by hand)"), ("new place", "nycPassword", "sip.voice.x.ai")},
        {HQ},
    ),
    "a made password instead of a known secret": (
        ((", password: {secret: nycPassword}", ""),),
        {("new secret", "its made password", "Plivo"), ("new secret", "its made password", "sip.voice.x.ai")},
        set(),
    ),
    "a new secret": (
        ((", authorization", ", headers: {X-Key: {secret: crmKey}}, authorization"),), {("new secret", "crmKey", CRM)}, set(),
    ),
    "another secret at the same host": (
        (("secret: crmToken", "secret: crmToken2"),), {("new secret", "crmToken2", CRM)}, set(),
    ),
    "another secret at another host": (
        (("secret: crmToken", "secret: crmToken2"), (CRM, "crm.example.net")),
        {("new secret", "crmToken2", "crm.example.net")},
        set(),
    ),
    "a new number": (
        (("numbers:\n", 'numbers:\n  more: {number: "+14155550101", route: {carrier: twilio}}\n'),),
        {("new place", "hookToken", HOOK)},
        set(),
    ),
    "another path": (((f"{HOOK}/calls", f"{HOOK}/other"),), set(), set()),
    "the same host in another spelling": (((f"https://{HOOK}/", "https://Voice.EXAMPLE.com.:8443/"),), set(), set()),
    "a secret that is not used any more": (((", authorization: {secret: crmToken}", ""),), set(), set()),
    "a number that leaves": ((("auth_token: {secret: hookToken}", "name: x"),), set(), set()),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_between_two_versions(tmp_path: Path, case: str) -> None:
    edits, news_, stops = CASES[case]
    review = between(tmp_path, FILE, changed(*edits))
    assert news(review) == news_
    assert stopped(review) == stops
    assert (review.exit == 3) >= bool(stops)
    for format in report.FORMATS:
        told = report.render(review, format, record.LINKS)
        assert all(secret in told for _, secret, _ in news_), format


def test_what_is_intended_is_accepted(tmp_path: Path) -> None:
    entry = '\naccept:\n  - {rule: secret-destination, number: "+12125550177", until: 2999-12-31, why: our new host}\n'
    review = between(tmp_path, FILE, changed((HOOK, "hooks.example.net")) + entry)
    assert stopped(review) == {SUPPORT}
    everywhere = entry.replace('number: "+12125550177", ', "")
    review = between(tmp_path, FILE, changed((HOOK, "hooks.example.net")) + everywhere)
    assert stopped(review) == set()
    assert "accepted until 2999-12-31: our new host" in report.render(review, "text", record.LINKS)


@pytest.mark.parametrize(
    ("host", "holds"),
    [
        ("Hooks.Example.NET.", set[str]()),
        ("https://hooks.example.net:8443/calls", set[str]()),
        ("hooks.example.org", {SUPPORT, NYC}),
        ("'*.example.net'", {SUPPORT, NYC}),
    ],
)
def test_what_is_accepted_for_a_host_counts_for_no_other(tmp_path: Path, host: str, holds: set[str]) -> None:
    entry = f"\naccept:\n  - {{rule: secret-destination, host: {host}, until: 2999-12-31, why: our new host}}\n"
    review = between(tmp_path, FILE, changed((HOOK, "hooks.example.net")) + entry)
    assert stopped(review) == holds
    found = [finding for finding in review.findings if finding.rule == "secret-destination"]
    printed = {finding.accept for finding in found if finding.stops}
    assert bool(printed) == bool(holds)
    assert all("\n  host: hooks.example.net\n" in text for text in printed)


@pytest.mark.parametrize(
    "text",
    [
        "https://bücher.example/", "https://xn--bcher-kva.example:443/x", "https://XN--BCHER-KVA.example./",
        "bücher.example.",
        "sip:+14155550100@Bücher.example:5061;transport=tls", "sips:xn--bcher-kva.example;transport=tls",
        "https://voice.example.com@xn--bcher-kva.example/", "xn--bcher-kva.example:5061",
    ],
)  # fmt: skip
def test_a_host_in_one_spelling(text: str) -> None:
    assert destinations.host(text) == "xn--bcher-kva.example"


# -- of the engine -----------------------------------------------------------------------------------------------------


def masked(text: Mapping[str, Any]) -> dict[str, Any]:
    """As the engine shows inputs: secrets without their names."""
    found = json.dumps(text)
    for name in ("hookToken", "crmToken", "supportSigning", "nycPassword"):
        found = found.replace(f"[secret] {name}", "[secret]")
    return json.loads(found)


def seen_by_engine(step: Step) -> tuple[str, ...]:
    return tuple(path for path, *both in spec.differences(dict(step.old), dict(step.new)) if "[secret]" in str(both))


def previewed(folder: Path, before: str, after: str, *, whole: bool) -> plan.Review:
    found = declared.preview("test", read(folder, before), new := read(folder, after))
    steps = [
        Step(each.op, each.urn, masked(each.old), masked(each.new), each.old_outputs, differing=seen_by_engine(each))
        for each in found.steps
        if whole or each.op != "same"
    ]
    return reviewed(Preview(tuple(steps), whole=whole), new, "engine")


#: What only the names of before show: in a preview that secret is called as the stack file calls it today.
NAMES_OF_BEFORE = {
    "a made password instead of a known secret", "another secret at the same host", "another secret at another host",
    "labels are swapped",
}  # fmt: skip


@pytest.mark.parametrize("whole", [True, False], ids=["everything listed", "changes alone"])
@pytest.mark.parametrize("case", [case for case in CASES if case not in NAMES_OF_BEFORE])
def test_the_engine_shows_no_names_and_the_same_is_found(tmp_path: Path, case: str, whole: bool) -> None:
    edits, news_, stops = CASES[case]
    review = previewed(tmp_path, FILE, changed(*edits), whole=whole)
    assert (news(review), stopped(review)) == (news_, stops)


@pytest.mark.parametrize("whole", [True, False], ids=["everything listed", "changes alone"])
def test_what_a_run_that_was_cut_off_has_begun_may_be_completed(tmp_path: Path, whole: bool) -> None:
    """The password stands at xAI, and nobody dials with it yet: whoever is to dial gets it for the first time."""
    new = read(tmp_path, FILE)
    made = {"xai:PhoneNumber", "xai:Agent", "xai:Password"}
    steps: list[Step] = []
    for each in declared.preview("test", new, new).steps:
        there = each.type in made
        if whole or not there:
            old = masked(each.old) if there else {}
            steps.append(Step("same" if there else "create", each.urn, old, masked(each.new), {}, differing=()))
    review = reviewed(Preview(tuple(steps), whole=whole), new, "engine")
    assert stopped(review) == set()
    assert {("new place", "nycPassword", "Plivo"), ("new place", "its made password", "SIP (by hand)")} <= news(review)


def test_without_a_stack_file_a_secret_is_known_by_its_field(tmp_path: Path) -> None:
    new = read(tmp_path, changed((CRM, "crm.example.net")))
    found = declared.preview("test", read(tmp_path, FILE), new)
    steps = [Step(each.op, each.urn, masked(each.old), masked(each.new)) for each in found.steps]
    review = rules.judge(
        plan.build(Preview(tuple(steps), whole=True), plan.Context("test")), rules.RuleSettings(record.TODAY)
    )
    assert news(review) == {("new host", "its tool_secrets.crm.authorization", "crm.example.net")}
    assert stopped(review) == {"agent sales"}


# -- what people read --------------------------------------------------------------------------------------------------


def fifty(host: str) -> str:
    numbers = "".join(
        f'  n{each}:\n    number: "+141555501{each:02}"\n    route: {{carrier: twilio}}\n'
        f"    webhook: {{url: https://h{each}.{host}/, auth_token: {{secret: token{each}}}}}\n"
        for each in range(50)
    )
    return f"version: 1\nnumbers:\n{numbers}"


def test_fifty_secrets_to_fifty_hosts_stay_short(tmp_path: Path) -> None:
    review = between(tmp_path, fifty("example.com"), fifty("example.net"))
    assert len(stopped(review)) == 50
    lines = [line for line in report.render(review, "text", record.LINKS).splitlines() if "secret" in line.lower()]
    [told] = [line for line in lines if "[secret-destination]" in line]
    assert told.startswith("✗ 50 numbers: its secrets go to hosts that are new for them: ")
    assert sum("known secret, new host" in line for line in lines) == 8
    text = report.render(review, "text", record.LINKS)
    assert "  … 42 more (--format json shows all)" in text
    assert len(json.loads(report.render(review, "json", record.LINKS))["plan"]["secrets"]) == 50


def test_what_goes_where_it_went_is_one_line(tmp_path: Path) -> None:
    text = report.render(between(tmp_path, FILE, changed((CRM, "crm.example.net"))), "text", record.LINKS)
    [_, section] = text.split("\nSecrets\n")
    assert section.splitlines()[:3] == [
        "  ! crmToken → crm.example.net: known secret, new host (agent sales)",
        "    4 other secrets go where they went",
        "",
    ]
    quiet = report.render(between(tmp_path, FILE, changed(("/calls,", "/other,"))), "text", record.LINKS)
    assert "Secrets" not in quiet


def test_the_places_of_a_spec_are_all_found() -> None:
    """A field that is marked as secret and one that is masked are the same, at any depth."""
    from xai_resources.agent import AgentSpec

    values = {"tool_secrets": {"crm": {"authorization": "a", "headers": {"X-Key": "b", "Y": "c"}}}}
    found = [(spec.path(place), value) for place, value, _ in spec.secret_fields(AgentSpec, values)]
    assert sorted(value for _, value in found) == sorted(spec.secret_values(AgentSpec, values)) == ["a", "b", "c"]
    assert SecretName() == SecretName("", "")

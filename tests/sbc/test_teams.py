"""Scripts for Teams, as tree-sitter reads PowerShell: they can be run twice, and values stay values."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from providers.sip import bundle
from tests import contract
from tests.sbc import powershell
from tests.test_sip import NUMBER, inputs

SCRIPT, UNDO = "xai-14155550123-teams.ps1", "xai-14155550123-teams-undo.ps1"
TENANT = "0a1b2c3d-0000-4000-8000-00000000000f"
ALL: dict[str, Any] = {
    "gateway": "sbc.example.com", "gateway_port": 5067, "tenant_id": TENANT, "voice_routing_policy": "O'Brien & Co",
    "users": ["o'neil@example.com", "ann@example.com"],
}  # fmt: skip
#: Cmdlets with every parameter that they have, where the documents are at hand.
DOCUMENTED = {
    name: list(each["parameters"])
    for found in contract.documents("teams_cmdlets_cut.json")
    for name, each in found["cmdlets"].items()
}


def scripts(**given: Any) -> dict[str, str]:
    return {name: text for name, text in bundle.files(inputs("teams", **given)).texts.items() if name.endswith("ps1")}


@pytest.mark.parametrize("name", [SCRIPT, UNDO])
@pytest.mark.parametrize("given", [{}, ALL], ids=["least", "all"])
def test_a_script_can_be_read_and_its_cmdlets_know_their_parameters(name: str, given: dict[str, Any]) -> None:
    text = scripts(**given)[name]
    assert powershell.problems(text) == []
    assert powershell.problems(text, DOCUMENTED or None) == []


def test_what_stands_here_of_cmdlets_is_what_the_documents_say() -> None:
    used = {name for text in scripts(**ALL).values() for name, _ in powershell.commands(text) if "-Cs" in name}
    assert used <= set(powershell.CMDLETS)
    for name, parameters in powershell.CMDLETS.items():
        known = {each.lower() for each in DOCUMENTED.get(name, parameters)}
        assert {each.lower() for each in parameters} <= known, name


BROKEN = {
    "a brace": ("if (-not $gateway) {", "if (-not $gateway) ", "cannot be read"),
    "a quote": ("$Name = 'xai-14155550123'", "$Name = 'xai-14155550123", "cannot be read"),
    "a parameter": ("-SipSignalingPort $S", "-SipSignallingPort $S", "-SipSignallingPort"),
    "a cmdlet": ("New-CsOnlineVoiceRoute ", "New-CsOnlineVoiceRout ", "New-CsOnlineVoiceRout: no such cmdlet"),
    "callers are hidden": ("-SendSipOptions $true", "-SendSipOptions $true -ForwardPai $true", "would call as anonymous"),
    "a splat": ("RoutingPolicy -Identity $person", "RoutingPolicy @given", "nobody can read"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_script_is_refused(name: str) -> None:
    before, after, words = BROKEN[name]
    text = scripts(**ALL)[SCRIPT]
    assert before in text
    assert words in "\n".join(powershell.problems(text.replace(before, after, 1)))


CHANGES = re.compile(r"(New|Set|Grant|Remove)-Cs")


@pytest.mark.parametrize("name", [SCRIPT, UNDO])
def test_whatever_changes_the_tenant_is_asked_about_and_looked_up_first(name: str) -> None:
    """-WhatIf shows it; a second run finds it there."""
    looked: set[str] = set()
    text = scripts(**ALL)[name]
    for node in powershell.nodes(text, "command"):
        command = powershell.said(node).split()[0]
        what = command.partition("-")[2]
        if command.startswith("Get-Cs"):
            looked.add(what)
        elif CHANGES.match(command):
            assert what in looked, command
            above = node.parent
            while above is not None and not (
                above.type in {"if_statement", "elseif_clause"} and "ShouldProcess" in powershell.said(above)
            ):
                above = above.parent
            assert above is not None, f"{command} is not asked about"


def test_every_parameter_has_help() -> None:
    for name, text in scripts(**ALL).items():
        declared = re.findall(r"^    (?:\[\w+(?:\[\])?\])\$(\w+)", text, re.MULTILINE)
        assert set(re.findall(r"\.PARAMETER (\w+)", text)) == set(declared), name
        assert text.count("HelpMessage") == len(declared), name


def test_the_script_holds_what_the_route_says() -> None:
    found = set(powershell.literals(scripts(**ALL)[SCRIPT]))
    assert {"sbc.example.com", TENANT, "O'Brien & Co", "o'neil@example.com", rf"^\+{NUMBER[1:]}$"} <= found
    assert "$SipSignalingPort = 5067" in scripts(**ALL)[SCRIPT]


def test_numbers_share_a_gateway_and_a_policy() -> None:
    """Whichever number goes last takes them along, so what they are marked with names no number."""
    texts = scripts(**ALL)
    assert texts[UNDO].count("$Mark = 'xai-telephony'\n") == texts[SCRIPT].count("$Mark = 'xai-telephony'\n") == 1
    assert "$gateway -and $used.Count -gt 0" in texts[UNDO]
    assert "$policy.Description -eq $Mark -and $others.Count -eq 0" in texts[UNDO]


def test_a_users_own_policy_is_not_replaced_unasked() -> None:
    text = scripts(**ALL)[SCRIPT]
    assert "elseif ($before -and -not $ReplacePolicy)" in text
    assert "(@($Name) + @($policy.OnlinePstnUsages))" in text, "its own route comes before one that takes any number"


@pytest.mark.parametrize("sbc", ["audiocodes", "ribbon", "cube", "other"])
def test_each_sbc_gets_its_part(sbc: str) -> None:
    groups = {"from_group": ["IPG_Carrier", "IPG_Teams"]} if sbc == "audiocodes" else {}
    files = bundle.files(inputs("teams", sbc=sbc, username="hq", **groups))
    alone = bundle.files(inputs(sbc, username="hq", **groups))
    assert {SCRIPT, UNDO} == set(files.texts) - set(alone.texts)
    assert files.secret == alone.secret
    assert [name for name in alone.texts if name not in {"README.md"} and files.texts[name] != alone.texts[name]] == []
    assert files.page is not None and alone.page is not None
    assert set(alone.page.steps) <= {step.replace(", or those of Webex,", "") for step in files.page.steps} | {
        step for step in alone.page.steps if "those of Webex" in step
    }


def test_a_delivered_did_does_not_need_teams() -> None:
    files = bundle.files(inputs("teams", calls="delivered"))
    assert not [name for name in files.texts if name.endswith(".ps1")]
    assert "there is no script" in files.texts["README.md"]
    assert "-WhatIf" not in files.texts["README.md"]


def test_what_a_person_must_have_first_is_on_the_page() -> None:
    page = bundle.files(inputs("teams", **ALL)).page
    assert page is not None
    first = " ".join(page.steps)
    for word in (
        "verified",
        "licence",
        "onmicrosoft.com",
        "certificate",
        "52.112.0.0/14",
        "administrator",
        "ForwardPai",
    ):
        assert word in first, word
    assert "Direct Routing" in " ".join(page.test)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"gateway": ""}, "gateway: Teams needs the SBC's name"),
        ({"gateway": "sbc.contoso.onmicrosoft.com"}, "gateway"),
        ({"gateway": "203.0.113.10"}, "gateway"),
        ({"gateway": f"{'a' * 60}.example.com"}, "gateway"),
        ({"tenant_id": "contoso"}, "tenant_id"),
        ({"users": ["ann"]}, "users"),
        ({"users": ["ann@example.com'; Remove-CsOnlinePSTNGateway"]}, "users"),
        ({"interface": "Gi1"}, "interface is for platform cube"),
        ({"sbc": "asterisk"}, "sbc"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        inputs("teams", **given)


@given(policy=st.text(min_size=1, max_size=40))
@example(policy="' ; Remove-CsOnlinePSTNGateway -Identity x #")
@example(policy="$(Get-Date)")
@example(policy="a\nb")
@example(policy="a\u2019b")
@example(policy="\u0451")
def test_a_policys_name_is_one_text_or_refused(policy: str) -> None:
    try:
        made = scripts(voice_routing_policy=policy)
    except ValidationError as error:
        assert "voice_routing_policy" in str(error)
        return
    for name, text in made.items():
        assert powershell.problems(text) == [], name
        assert policy.strip() in powershell.literals(text)
        assert powershell.commands(text) == powershell.commands(scripts()[name])

"""Numbers of Amazon's that a SIP rule has: the Lambda as people deploy it, and rules of ours and of others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from ruamel.yaml import YAML

from providers.chime import CARRIER, Route, function_text
from providers.chime.inventory import INVENTORY, found
from providers.kernel import errors
from providers.kernel.files import intact
from providers.kernel.route import Leg
from providers.kernel.route_import import Unmapped
from providers.kernel.session import Session
from providers.kernel.values import target
from sandbox.chime import functions
from tests.conformance.subjects.chime import CONNECTOR, FUNCTION, LONDON, LONDON_MARK, Chime
from tests.conftest import Sandbox
from tests.reconciling import Hand

CALLER = "+447700900123"
ROUTE = Route(region="eu-west-2", lambda_arn=FUNCTION)


def written(**keys: Any) -> Mapping[str, str]:
    """The files that `xtel render` writes."""
    found = ROUTE.model_copy(update=keys).files(Leg(LONDON, target(f"sip:{LONDON}@sip.voice.x.ai"), stack="prod"))
    assert found
    return found.texts


def template() -> Any:
    return YAML(typ="safe").load(written()["template.yaml"])


def deployed(text: str, monkeypatch: pytest.MonkeyPatch, **variables: str) -> Any:
    """The function as Lambda has it: its text run in a module of its own, its environment, and an event in, an answer out."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    module: dict[str, Any] = {"__name__": "index"}
    exec(compile(text, "index.py", "exec"), module)
    return lambda event: module["handler"](event, None)


def event(kind: str, *legs: tuple[str, str, str], caller: str = CALLER) -> dict[str, Any]:
    """As AWS's pages show it; of each leg its tag, id and status."""
    told = functions.event(kind, LONDON, caller, FUNCTION, *((tag, id) for tag, id, _ in legs))
    for each, (_, _, status) in zip(told["CallDetails"]["Participants"], legs, strict=False):
        each["Status"] = status
    return told


@pytest.mark.parametrize("name", ["index.py", "template.yaml"])
def test_a_new_call_is_bridged_to_the_connector(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both texts that a person may deploy, in the form that a SIP media application takes."""
    texts = written()
    code = texts[name] if name == "index.py" else template()["Resources"]["Function"]["Properties"]["Code"]["ZipFile"]
    lambda_ = deployed(code, monkeypatch, CONNECTOR_ARN=CONNECTOR, SECONDS="45")
    answer = lambda_(event("NEW_INBOUND_CALL"))
    assert functions.bridged(answer) == functions.Bridge(CONNECTOR, LONDON, CALLER, 45)
    documented = functions.answer(CONNECTOR, LONDON, CALLER)
    documented["Actions"][0]["Parameters"]["CallTimeoutSeconds"] = 45
    assert answer == documented


@pytest.mark.parametrize("caller", ["", "anonymous", "Restricted"])
def test_a_caller_who_hides_the_number_is_shown_as_the_dialled_one(
    caller: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lambda_ = deployed(written()["index.py"], monkeypatch, CONNECTOR_ARN=CONNECTOR)
    assert functions.bridged(lambda_(event("NEW_INBOUND_CALL", caller=caller))).caller == LONDON


def test_without_a_connector_a_call_ends_and_the_log_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CONNECTOR_ARN", raising=False)
    answer = deployed(written()["index.py"], monkeypatch)(event("NEW_INBOUND_CALL"))
    hang_up = {"Type": "Hangup", "Parameters": {"CallId": "call-a", "SipResponseCode": "480"}}
    assert functions.actions(answer) == [hang_up]
    assert "CONNECTOR_ARN is not set" in capsys.readouterr().out


ENDS = {
    "the caller hung up": ("HANGUP", "LEG-A", "LEG-B", "0"),
    "the agent hung up": ("HANGUP", "LEG-B", "LEG-A", "0"),
    "the connector did not answer": ("ACTION_FAILED", "LEG-B", "LEG-A", "480"),
    "an answer was refused": ("INVALID_LAMBDA_RESPONSE", "", "LEG-A", "480"),
}


@pytest.mark.parametrize(("kind", "gone", "left", "code"), ENDS.values(), ids=list(ENDS))
def test_the_other_leg_is_hung_up(kind: str, gone: str, left: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each leg is billed for as long as it stands."""
    lambda_ = deployed(written()["index.py"], monkeypatch, CONNECTOR_ARN=CONNECTOR)
    legs = [(left, "call-left", "Connected"), *([(gone, "call-gone", "Disconnected")] if gone else [])]
    assert functions.actions(lambda_(event(kind, *sorted(legs)))) == [
        {"Type": "Hangup", "Parameters": {"CallId": "call-left", "SipResponseCode": code}}
    ]
    over = [(tag, id, "Disconnected") for tag, id, _ in legs]
    assert functions.actions(lambda_(event(kind, *sorted(over)))) == []


def test_a_hanging_up_that_fails_is_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    lambda_ = deployed(written()["index.py"], monkeypatch, CONNECTOR_ARN=CONNECTOR)
    told = event("ACTION_FAILED", ("LEG-A", "call-a", "Connected"))
    told["ActionData"] = {"Type": "CallAndBridge", "ErrorType": "InvalidActionParameter"}
    assert len(functions.actions(lambda_(told))) == 1
    told["ActionData"] = {"Type": "Hangup", "ErrorType": "InvalidActionParameter"}
    assert functions.actions(lambda_(told)) == []


@pytest.mark.parametrize("kind", ["ACTION_SUCCESSFUL", "RINGING", "CALL_ANSWERED", "CALL_UPDATE_REQUESTED", "Later"])
def test_whatever_else_is_told_changes_nothing(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lambda_ = deployed(written()["index.py"], monkeypatch, CONNECTOR_ARN=CONNECTOR)
    assert functions.actions(lambda_(event(kind))) == []


def test_the_template_lets_amazon_invoke_it_for_this_account_alone() -> None:
    found = template()
    resources = found["Resources"]
    assert {name: each["Type"] for name, each in resources.items()} == {
        "Role": "AWS::IAM::Role", "Function": "AWS::Lambda::Function", "Permission": "AWS::Lambda::Permission",
    }  # fmt: skip
    assert resources["Permission"]["Properties"] == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": {"Ref": "Function"},
        "Principal": "voiceconnector.chime.amazonaws.com",
        "SourceAccount": "111111111111",
    }
    function = resources["Function"]["Properties"]
    assert (function["FunctionName"], function["Handler"]) == ("xai-calls", "index.handler")
    assert function["Environment"]["Variables"] == {"CONNECTOR_ARN": {"Ref": "ConnectorArn"}, "SECONDS": "30"}
    names = {*resources, *found["Parameters"]}
    assert set(re.findall(r"'(?:Ref|Fn::GetAtt)': \[?'(\w+)'", str(resources))) <= names
    assert len(function["Code"]["ZipFile"]) <= 4096  # what CloudFormation took for long, and takes everywhere
    assert len(function_text.handler().splitlines()) <= 60
    assert "noqa" not in function["Code"]["ZipFile"]


def test_the_page_has_the_steps_in_order_and_every_file_is_known_again() -> None:
    texts = written()
    assert all(intact(text) for text in texts.values())
    page = texts["README.md"]
    steps = ["--capabilities CAPABILITY_IAM\n", "`pulumi up` for the stack prod", "ConnectorArn=ARN", f"Call {LONDON}"]
    assert sorted(steps, key=page.index) == steps
    assert "Amazon bills both legs" in page


def test_a_us_number_on_a_connector_has_no_files() -> None:
    leg = Leg("+14155550173", target("sip:+14155550173@sip.voice.x.ai"))
    assert Route().files(leg) is None
    assert Route().stands_on(leg) is None
    assert [each.kind for each in ROUTE.objects(leg)] == ["Connector", "LambdaFile", "MediaApplication", "SipRule"]
    assert [each.kind for each in ROUTE.objects(leg) if each.asked or each.last] == ["MediaApplication", "SipRule"]


@pytest.mark.parametrize(
    ("function", "stack"),
    [("xai-calls", "xai-calls"), ("Calls2", "Calls2"), ("xai_calls", "xtel-xai-calls-"), ("2-calls", "xtel-2-calls-"),
     ("-calls", "xtel--calls-"), ("a_" + "b" * 62, "xtel-a-bbb")],
)  # fmt: skip
def test_the_steps_name_a_stack_as_cloudformation_takes_it(function: str, stack: str) -> None:
    """Letters, digits and dashes, a letter first, at most 128; and no two functions have the same one."""
    texts = written(lambda_arn=FUNCTION.replace("xai-calls", function))
    names = set(re.findall(r"--stack-name (\S+)", texts["README.md"]))
    assert len(names) == 1
    [name] = names
    assert re.fullmatch("[A-Za-z][A-Za-z0-9-]{0,127}", name)
    assert name.startswith(stack)
    assert f"FunctionName: {function}\n" in texts["template.yaml"]
    assert template()["Description"] == "xai-calls bridges calls to a connector"


OTHERS = FUNCTION.replace("111111111111", "222222222222")


def test_a_lambda_of_another_account_is_refused_before_anything_is_made(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The permission that is rendered for it lets its own account alone in; both ways out are told."""
    made = hand("MediaApplication", sandbox, monkeypatch)
    wanted = {"marker": LONDON_MARK, "region": "eu-west-2"}
    refused = (
        "the Lambda is in account 222222222222, the credentials are of 111111111111: .*"
        "next: deploy it in 111111111111 .*, or use the credentials of 222222222222"
    )
    before = sandbox.state()["chime"]
    with pytest.raises(errors.Conflict, match=refused):
        made.up(**wanted, lambda_arn=OTHERS)
    assert sandbox.state()["chime"] == before
    made.up(**wanted, lambda_arn=FUNCTION)
    before = sandbox.state()["chime"]
    with pytest.raises(errors.Conflict, match=refused):
        made.up(**wanted, lambda_arn=OTHERS)
    assert sandbox.state()["chime"] == before


def hand(kind: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Hand:
    return Hand(f"chime:{kind}", Chime(sandbox).env(), monkeypatch)


def application(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, region: str = "eu-west-2") -> Hand:
    made = hand("MediaApplication", sandbox, monkeypatch)
    made.up(marker=LONDON_MARK, region=region, lambda_arn=FUNCTION.replace("eu-west-2", region))
    return made


def link(made: Hand, region: str = "eu-west-2") -> dict[str, Any]:
    return {"marker": LONDON_MARK, "phone_number": LONDON, "region": region, "application_id": made.id}


def test_the_connector_is_told_until_somebody_sets_it(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    made = hand("LambdaFile", sandbox, monkeypatch)
    wanted = {"marker": LONDON_MARK, "phone_number": LONDON, "lambda_arn": FUNCTION}
    made.up(**wanted, connector_arn=CONNECTOR)
    files, unset = made.warnings
    assert "must apply these files to the Lambda function xai-calls (README.md, index.py, template.yaml)" in files
    assert f"calls to {LONDON} end at the Lambda function xai-calls until its CONNECTOR_ARN is {CONNECTOR}" in unset
    made.warnings.clear()
    assert made.up(**wanted, connector_arn=f"{CONNECTOR[:-1]}w") == "update"
    assert [f"{CONNECTOR[:-1]}w" in each for each in made.warnings] == [True]
    made.destroy()
    assert "once no number uses it, `aws cloudformation delete-stack` removes it" in made.warnings[-1]


def test_a_number_for_connectors_is_refused_with_the_way_out(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = hand("SipRule", sandbox, monkeypatch)
    wanted = {**link(application(sandbox, monkeypatch)), "phone_number": "+14155550173"}
    with pytest.raises(errors.Conflict, match="product type is VoiceConnector: .*next: leave `lambda_arn` out"):
        rule.up(**wanted)
    assert Chime(sandbox).rule("+14155550173") == {}


def test_a_rule_goes_to_an_application_of_another_region(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place, so that no call is lost; and it is found where it was made."""
    rule = hand("SipRule", sandbox, monkeypatch)
    old, new = application(sandbox, monkeypatch), application(sandbox, monkeypatch, "eu-central-1")
    rule.up(**link(old))
    id = rule.id
    assert rule.up(**link(new, "eu-central-1")) == "update"
    assert rule.id == id
    assert rule.refresh()
    assert rule.up(**link(new, "eu-central-1")) == "same"
    again = hand("SipRule", sandbox, monkeypatch)
    assert again.up(**link(new, "eu-central-1")) == "create"
    assert again.id == id
    old.destroy()
    rule.destroy()
    new.destroy()
    assert [sandbox.state()["chime"][kind] for kind in ("rules", "applications")] == [[], []]


def test_a_rule_whose_applications_are_gone_is_switched_off_and_ours_stays_renamed(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule needs a target, and somebody else's is never deleted: a destroy goes on all the same."""
    world = Chime(sandbox)
    world.occupy(LONDON)
    made, rule = application(sandbox, monkeypatch), hand("SipRule", sandbox, monkeypatch)
    rule.up(**link(made), take_over=True)
    [theirs] = [each for each in sandbox.state()["chime"]["applications"] if each["Name"] == "theirs"]
    world.voice("eu-west-2").delete_sip_media_application(SipMediaApplicationId=theirs["SipMediaApplicationId"])
    rule.destroy()
    left = world.rule(LONDON)
    assert (left["Name"], left["Disabled"]) == ("theirs", True)
    assert "had before are gone" in " ".join(rule.warnings)
    made.destroy()
    [stays] = sandbox.state()["chime"]["applications"]
    assert stays["Tags"]["xtel"].startswith("was xtel/")
    assert "it also carries SIP rule theirs" in " ".join(made.warnings)


def test_a_rule_that_somebody_has_taken_since_is_left_to_them(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule, world = hand("SipRule", sandbox, monkeypatch), Chime(sandbox)
    rule.up(**link(application(sandbox, monkeypatch)))
    world.occupy(LONDON)
    before = world.rule(LONDON)
    rule.destroy()
    assert world.rule(LONDON) == before


def test_import_and_inventory_say_what_no_api_tells(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number that a rule has is named with its Lambda, and is not imported."""
    Chime(sandbox).occupy(LONDON)
    for name, value in Chime(sandbox).env().items():
        monkeypatch.setenv(name, value)
    session = Session(CARRIER, lambda key: None)
    with pytest.raises(
        Unmapped, match=r"SIP rule \S+ has it, .*next: declare it with `lambda_arn` and `take_over: true`"
    ):
        session.ask(found, LONDON)
    [number] = [each for each in session.ask(lambda api: list(INVENTORY.numbers(api))) if each.number == LONDON]
    assert number.attached and number.attached.name == "theirs"
    assert number.remark == f"its Lambda says where calls go: {FUNCTION}-theirs"
    rule = Chime(sandbox).rule(LONDON)
    Chime(sandbox).ruled(rule["SipRuleId"], Disabled=True)
    session = Session(CARRIER, lambda key: None)
    [number] = [each for each in session.ask(lambda api: list(INVENTORY.numbers(api))) if each.number == LONDON]
    assert number.remark.startswith(f"SIP rule {rule['SipRuleId']} is disabled; its Lambda")


def test_whoever_has_a_rule_of_another_region_is_found(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number names its rule, which the region of the route does not know."""
    Chime(sandbox).occupy(LONDON)
    made = application(sandbox, monkeypatch, "eu-central-1")
    rule = hand("SipRule", sandbox, monkeypatch)
    with pytest.raises(errors.Conflict, match="SIP rule theirs gets its calls"):
        rule.up(**link(made, "eu-central-1"))
    before = Chime(sandbox).rule(LONDON)
    assert rule.up(**link(made, "eu-central-1"), take_over=True) == "create"
    assert rule.refresh()
    assert rule.up(**link(made, "eu-central-1")) == "same"
    rule.destroy()
    assert Chime(sandbox).rule(LONDON) == before

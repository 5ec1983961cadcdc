"""What is special about Amazon Connect: what AWS grants, which instance, and flows that somebody edited."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from providers.connect import CARRIER, Route, content
from providers.connect.content import Transfer
from providers.kernel import errors, operation, registry
from providers.kernel.route import Fallback, Leg
from providers.kernel.route_import import Unmapped
from providers.kernel.session import Session
from providers.kernel.values import target
from tests.conformance.subjects.connect import INSTANCE, MARK, NUMBER, PLACE, SUBJECT, THEIRS, WAY, Connect
from tests.conftest import Sandbox
from tests.reconciling import Hand

ARN = "arn:aws:chime:us-east-1:111111111111:vc/1fc49cd8b441b04251743c"
CONNECTOR = {"marker": MARK, "routes": [WAY]}
#: A flow of ours: names take no + and /.
NAMED = "xtel-p-s-14155550186"
OTHER = "c1a0d2b4-1111-4c1a-9f0e-2b1f6c3d8a11"


@pytest.fixture
def amazon(sandbox: Sandbox, clean_env: None, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    for name, value in Connect(sandbox).env().items():
        monkeypatch.setenv(name, value)
    return sandbox


def hand(kind: str, monkeypatch: pytest.MonkeyPatch) -> Hand:
    return Hand(f"connect:{kind}", {}, monkeypatch)


def grant(sandbox: Sandbox, value: int) -> None:
    sandbox.seed({"connect": {"quotas": [{"code": "L-2BE4D75F", "region": "us-east-1", "value": value}]}})


def session() -> Session:
    return Session(CARRIER, lambda key: None)


# -- what AWS grants first -----------------------------------------------------------------------------------------------


def test_what_aws_has_not_granted_is_said_before_anything_is_made(
    amazon: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant(amazon, 0)
    connector = hand("Connector", monkeypatch)
    obstacle, notice = connector.reconciler.look(CONNECTOR)
    assert "AWS has not granted this account external voice transfer" in obstacle
    assert "Service Quotas, Amazon Connect, L-2BE4D75F" in obstacle and not notice
    amazon.forget_log()
    with pytest.raises(errors.Denied, match=r"AWS has not granted .*next: ask AWS for it: Service Quotas"):
        connector.up(**CONNECTOR)
    assert amazon.state()["chime"]["connectors"] == []


def test_connectors_that_are_granted_are_counted(amazon: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    grant(amazon, 1)
    assert hand("Connector", monkeypatch).up(**{**CONNECTOR, "marker": "xtel/p/s/+14155550187"}) == "create"
    another = hand("Connector", monkeypatch)
    assert (
        "AWS has granted 1 external voice transfer connectors, and there are 1" in another.reconciler.look(CONNECTOR)[0]
    )
    with pytest.raises(errors.Invalid, match="AWS has granted 1 "):
        another.up(**CONNECTOR)


@pytest.mark.parametrize("refused", [403, 400])
def test_where_nobody_can_tell_what_is_granted_a_warning_says_so(
    amazon: Sandbox, monkeypatch: pytest.MonkeyPatch, refused: int
) -> None:
    """Then AWS itself decides."""
    amazon.fault("POST /", "status", status=refused)
    warnings: list[str] = []
    with operation.operating(operation.Operation(vendor="connect", object="Connector", warn=warnings.append)):
        obstacle, _ = hand("Connector", monkeypatch).reconciler.look(CONNECTOR)
    assert obstacle == ""
    assert "cannot see whether AWS has granted external voice transfer (quota L-2BE4D75F)" in "".join(warnings)
    assert hand("Connector", monkeypatch).up(**CONNECTOR) == "create"


def test_an_integration_that_no_api_may_make_is_found_once_the_console_has_made_it(
    amazon: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    connector, association = hand("Connector", monkeypatch), hand("Association", monkeypatch)
    connector.up(**CONNECTOR)
    arn = connector.state["connector_arn"]
    amazon.fault(f"PUT /instance/{INSTANCE}/integration-associations", "status", status=403)
    with pytest.raises(errors.Denied, match=r"in the Connect console \(External voice systems\)"):
        association.up(marker=MARK, connector_arn=arn)
    by_hand = {"InstanceId": INSTANCE, "IntegrationType": "CALL_TRANSFER_CONNECTOR", "IntegrationArn": arn}
    made = Connect(amazon).api().connect(PLACE.region).create_integration_association(**by_hand)
    assert association.up(marker=MARK, connector_arn=arn) == "create"
    assert association.id == made["IntegrationAssociationId"]
    [seen] = amazon.state()["connect"]["integrations"]
    assert seen["Tags"] == {"xtel": MARK}


# -- which instance ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seed", "region", "says"),
    [
        ([], "eu-central-1", "no instance is named, and in eu-central-1 there is none"),
        ([{"id": OTHER, "alias": "b", "region": "us-east-1"}], "us-east-1", f"there are 2: {INSTANCE}, {OTHER}"),
    ],
)
def test_an_instance_that_is_not_named_is_the_only_one_of_its_region(
    amazon: Sandbox, seed: list[dict[str, str]], region: str, says: str
) -> None:
    amazon.seed({"connect": {"instances": seed}})
    with pytest.raises(errors.InputError, match=says):
        session().ask(lambda api: api.place(region, ""))
    assert session().ask(lambda api: api.place(region, INSTANCE)).instance == INSTANCE


def test_an_instance_that_is_named_by_one_number_alone_is_not_integrated_twice() -> None:
    """What numbers of a region share has one name, whoever says the instance: so they must all say the same of it."""
    leg = Leg(NUMBER, target(f"sip:{NUMBER}@sip.voice.x.ai;transport=tls"))
    named, left_out = ({each.name for each in route.objects(leg)} for route in (Route(instance=INSTANCE), Route()))
    assert named == left_out == {"connector-us-east-1", "association-us-east-1", "flow", "attachment"}


def test_a_seeded_number_has_an_instance_and_what_aws_grants(amazon: Sandbox) -> None:
    amazon.seed({"connect": {"numbers": [{"phone_number": "+14155550187", "region": "us-west-2"}]}})
    place = session().ask(lambda api: api.place("us-west-2", ""))
    assert session().ask(lambda api: [each["PhoneNumber"] for each in api.numbers(place).all()]) == ["+14155550187"]
    assert session().ask(lambda api: api.granted("us-west-2")) == 5


def test_a_number_of_another_instance_is_not_found(amazon: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    amazon.seed({"connect": {"instances": [{"id": OTHER, "alias": "b", "region": "us-west-2"}]}})
    wanted = {"marker": MARK, "phone_number": NUMBER, "region": "us-west-2", "flow_id": THEIRS}
    with pytest.raises(errors.NotFound, match=f"no such number is claimed to instance {OTHER}"):
        hand("Attachment", monkeypatch).up(**wanted)


# -- flows ---------------------------------------------------------------------------------------------------------------

TRANSFERS = [
    Transfer(ARN, NUMBER, 60),
    Transfer(ARN, NUMBER, 5, "$.Attributes.customer"),
    Transfer(ARN, "+442079460088", 600, "text with spaces", "pages"),
]


@pytest.mark.parametrize("transfer", TRANSFERS, ids=range(len(TRANSFERS)))
def test_a_flow_is_read_as_it_was_written(transfer: Transfer) -> None:
    assert content.read(content.written(transfer)) == transfer


def _renamed(flow: dict[str, Any]) -> None:
    """As the designer does when somebody presses Save."""
    flow["StartAction"] = flow["Actions"][0]["Identifier"] = "9f0e2b1f"
    flow["Metadata"] = {"entryPointPosition": {"x": 40, "y": 40}}
    flow["Actions"].reverse()


def _greets(flow: dict[str, Any]) -> None:
    greet = {"Identifier": "hi", "Type": "MessageParticipant", "Parameters": {"Text": "Hi"}, "Transitions": {}}
    flow["Actions"].append(greet | {"Transitions": {"NextAction": "to-xai", "Errors": [], "Conditions": []}})
    flow["StartAction"] = "hi"


def _falls_back(flow: dict[str, Any]) -> None:
    flow["Actions"][0]["Transitions"]["Errors"][0]["NextAction"] = "queue"
    flow["Actions"].append(
        {"Identifier": "queue", "Type": "TransferContactToQueue", "Parameters": {}, "Transitions": {}}
    )


def _another_caller(flow: dict[str, Any]) -> None:
    flow["Actions"][0]["Parameters"]["VoiceConnector"]["FromUser"] = "+14155550199"


def _another_version(flow: dict[str, Any]) -> None:
    flow["Version"] = "2020-01-01"


def _nowhere(flow: dict[str, Any]) -> None:
    flow["StartAction"] = "gone"


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (_renamed, True),
        *((each, False) for each in (_greets, _falls_back, _another_caller, _another_version, _nowhere)),
    ],
)
def test_what_somebody_edits_counts_and_where_steps_stand_does_not(
    change: Callable[[dict[str, Any]], None], same: bool
) -> None:
    flow = json.loads(content.written(TRANSFERS[0]))
    change(flow)
    assert content.read(json.dumps(flow)) == (TRANSFERS[0] if same else None)


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{}", '{"Actions": 1}', '{"Version": "2019-10-30", "Actions": [1]}']
)
def test_what_is_no_flow_is_read_as_nothing(text: str) -> None:
    assert content.read(text) is None


def test_a_flow_of_somebody_else_that_has_our_name_is_left_alone(
    amazon: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = {"id": OTHER, "name": NAMED, "instance": INSTANCE, "content": content.written(TRANSFERS[0])}
    amazon.seed({"connect": {"flows": [theirs]}})
    connector, flow = hand("Connector", monkeypatch), hand("Flow", monkeypatch)
    connector.up(**CONNECTOR)
    arn = connector.state["connector_arn"]
    hand("Association", monkeypatch).up(marker=MARK, connector_arn=arn)
    wanted = {"marker": MARK, "connector_arn": arn, "to": NUMBER}
    with pytest.raises(errors.Conflict, match="it exists and is not ours: flow"):
        flow.up(**wanted)
    assert flow.up(**wanted, take_over=True) == "create"
    assert flow.id == OTHER


def test_a_flow_that_was_never_published_is_there_and_is_published(
    amazon: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = _made(monkeypatch)
    connect = Connect(amazon).api().connect(PLACE.region)
    flow = made["Flow"]
    connect.delete_contact_flow(InstanceId=INSTANCE, ContactFlowId=flow.id)
    saved = {"Name": NAMED, "Type": "CONTACT_FLOW", "Status": "SAVED", "Tags": {"xtel": MARK}}
    seen = connect.create_contact_flow(InstanceId=INSTANCE, Content="{}", **saved)
    flow.id = seen["ContactFlowId"]
    flow.state = {**flow.state, "flow_id": flow.id}
    assert flow.refresh()
    assert flow.inputs["enabled"] is False
    assert flow.up(**SUBJECT.samples[2].inputs(made)) == "update"
    [now] = [each for each in amazon.state()["connect"]["flows"] if each["Id"] == flow.id]
    assert (now["Status"], content.read(now["Content"])) == ("PUBLISHED", Transfer(_arn(made), NUMBER, 60))


def _arn(made: dict[str, Hand]) -> str:
    return str(made["Connector"].state["connector_arn"])


def _made(monkeypatch: pytest.MonkeyPatch, *but: str) -> dict[str, Hand]:
    made: dict[str, Hand] = {}
    for sample in SUBJECT.samples:
        if sample.kind not in but and not sample.attaches:
            made[sample.kind] = hand(sample.kind, monkeypatch)
            made[sample.kind].up(**sample.inputs(made))
    return made


def test_what_others_use_stays_with_another_name(amazon: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number that somebody put on our flow; a flow of theirs that transfers to our connector."""
    made = _made(monkeypatch)
    connect = Connect(amazon).api().connect(PLACE.region)
    [london] = [each for each in amazon.state()["connect"]["numbers"] if each["PhoneNumber"] == "+442079460088"]
    connect.associate_phone_number_contact_flow(
        PhoneNumberId=london["PhoneNumberId"], InstanceId=INSTANCE, ContactFlowId=made["Flow"].id
    )
    for kind in ("Flow", "Association", "Connector"):
        made[kind].destroy()
        assert "it stays, called 'was xtel/p/s/+14155550186'" in made[kind].warnings[-1], kind
    state = amazon.state()
    [flow] = [each for each in state["connect"]["flows"] if each["Id"] != THEIRS]
    [connector], [integration] = state["chime"]["connectors"], state["connect"]["integrations"]
    assert flow["Tags"] == integration["Tags"] == connector["Tags"] == {"xtel": f"was {MARK}"}


# -- the account, as it stands -----------------------------------------------------------------------------------------------


def test_why_a_number_is_not_imported(amazon: Sandbox) -> None:
    found = registry.carriers()["connect"].route_import
    assert found
    for number, says in ((NUMBER, "no flow gets its calls"), ("+442079460088", "does more than to transfer its calls")):
        with pytest.raises(Unmapped, match=says):
            session().ask(found.found, number)


def test_a_limit_of_the_account_is_not_waited_for(amazon: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    body = {"Message": "The allowed limit for the resource has been exceeded."}
    amazon.fault(
        f"PUT /contact-flows/{INSTANCE}", "status", status=429, body=body,
        headers={"x-amzn-errortype": "LimitExceededException", "retry-after": "60"},
    )  # fmt: skip
    made = _made(monkeypatch, "Flow")
    with pytest.raises(errors.Invalid, match=r"allowed limit .*next: the instance has as many as AWS allows"):
        hand("Flow", monkeypatch).up(**SUBJECT.samples[2].inputs(made))


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("sip:+14155550999@pbx.example.com;transport=tls", "names a user"),
        ("sip:pbx.example.com;transport=tcp", "sends by TLS alone"),
    ],
)
def test_a_fallback_that_no_origination_can_say(uri: str, says: str) -> None:
    leg = Leg(NUMBER, target(f"sip:{NUMBER}@sip.voice.x.ai;transport=tls"), (Fallback(uri=uri),))
    for connector in ("own", "shared"):
        with pytest.raises(ValueError, match=says):
            Route(connector=connector).objects(leg)  # type: ignore[arg-type]

"""AWS's SDK on our policy: its own retries, endpoints and credentials are off, and how it says no is read."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from providers.aws import answers, asking
from providers.aws.voice import Voice
from providers.aws.wire import Wire
from providers.kernel import errors, http, limits, registry, secrecy, waiting
from providers.kernel.conventions import Refusal
from providers.kernel.vendor import Settings

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE000000000", "AWS_SECRET_ACCESS_KEY": "Example/secret+key"}
ORIGIN = "https://aws.example.com"
CONNECTOR = {"VoiceConnector": {"VoiceConnectorId": "a" * 22, "Name": "n", "RequireEncryption": True}}
IDENTITY = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    "<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)


class Line(httpx.BaseTransport):
    """Answers from a list, the last one for ever."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.asked.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, clean_env: None, tmp_path: Path) -> None:
    """No waiting, and no files of AWS of whoever runs the tests."""
    monkeypatch.setattr(waiting, "pause", lambda seconds: None)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))


def settings(**given: str) -> Settings:
    return Settings(registry.vendor("chime"), lambda key: None, given or {**KEYS, "AWS_BASE_URL": ORIGIN})


def said(monkeypatch: pytest.MonkeyPatch, *told: httpx.Response | Exception, **given: str) -> tuple[Voice, Line]:
    line = Line(*told)
    monkeypatch.setattr(http, "network", lambda: line)
    return Voice("chime", settings(**given), limits.Limit(4)), line


def refused(status: int, code: str = "ServiceFailureException") -> httpx.Response:
    return httpx.Response(status, json={"Code": code.removesuffix("Exception"), "Message": "no"}, headers={
        "x-amzn-errortype": code, "x-amzn-requestid": "r-1",
    })  # fmt: skip


# -- retries -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "lost"), [("standard", 500), ("adaptive", 503), ("legacy", "timeout"), ("", "reset")])
def test_what_creates_is_sent_once_whatever_the_environment_says_of_retries(
    monkeypatch: pytest.MonkeyPatch, mode: str, lost: int | str
) -> None:
    if mode:
        monkeypatch.setenv("AWS_RETRY_MODE", mode)
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "10")
    broken = {"timeout": httpx.ReadTimeout("slow"), "reset": httpx.ReadError("cut")}
    answer = refused(lost) if isinstance(lost, int) else broken[lost]
    api, line = said(monkeypatch, answer)
    with pytest.raises(errors.Unavailable):
        api.voice("us-east-1").create_voice_connector(Name="n", RequireEncryption=True)
    assert len(line.asked) == 1


def test_reads_are_repeated_by_our_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    api, line = said(monkeypatch, refused(503), refused(500), httpx.Response(200, json=CONNECTOR))
    assert api.voice("us-east-1").get_voice_connector(VoiceConnectorId="a" * 22)["VoiceConnector"]["Name"] == "n"
    assert len(line.asked) == 3


def test_too_many_requests_were_not_carried_out_and_are_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    api, line = said(monkeypatch, refused(429, "ThrottledClientException"), httpx.Response(201, json=CONNECTOR))
    assert api.voice("us-east-1").create_voice_connector(Name="n", RequireEncryption=True)["VoiceConnector"]
    assert len(line.asked) == 2


# -- what is sent --------------------------------------------------------------------------------------------------------


def test_a_request_goes_out_as_it_was_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    api, line = said(monkeypatch, httpx.Response(200, json={"PhoneNumber": {}}))
    api.voice("us-east-1").get_phone_number(PhoneNumberId="+14155550173")
    [sent] = line.asked
    assert (sent.method, sent.url.raw_path) == ("GET", b"/phone-numbers/%2B14155550173")
    assert sent.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE000000000/")
    assert "/us-east-1/chime/aws4_request" in sent.headers["authorization"]
    assert sent.headers["host"] == "aws.example.com"
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in str(sent.headers) + sent.content.decode()


@pytest.mark.parametrize(
    ("region", "host"),
    [("us-east-1", "voice-chime.us-east-1.amazonaws.com"), ("eu-west-2", "voice-chime.eu-west-2.amazonaws.com")],
)
def test_requests_go_to_amazon_whatever_the_environment_says_of_endpoints(
    monkeypatch: pytest.MonkeyPatch, region: str, host: str
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_CHIME_SDK_VOICE", "AWS_ENDPOINT_URL_STS"):
        monkeypatch.setenv(name, "https://stranger.example.com")
    api, line = said(monkeypatch, httpx.Response(200, json={"VoiceConnectors": []}), **KEYS)
    assert api.connectors(region).all() == []
    assert line.asked[0].url.host == host


def test_a_region_without_connectors_has_no_host(monkeypatch: pytest.MonkeyPatch) -> None:
    api, line = said(monkeypatch, httpx.Response(200, json={}))
    for region in ("us-east-9", "", "a.example.com/"):
        with pytest.raises(errors.InputError, match="no Voice Connectors in the region"):
            api.voice(region)
    assert line.asked == []


def test_an_answer_as_the_sdk_could_not_read_it_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for answer in (b"<html>", b"", b'{"cut', b'{"VoiceConnector": {"VoiceConnectorId": 7}}'):
        api, _ = said(monkeypatch, httpx.Response(201, content=answer))
        with pytest.raises(errors.Unavailable):
            api.voice("us-east-1").create_voice_connector(Name="n", RequireEncryption=True)


# -- whose credentials -----------------------------------------------------------------------------------------------------


def test_whose_account_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    api, line = said(monkeypatch, httpx.Response(200, text=IDENTITY, headers={"content-type": "text/xml"}))
    assert api.wire.account("us-east-1") == "123456789012"
    assert line.asked[0].content == b"Action=GetCallerIdentity&Version=2011-06-15"


@pytest.mark.parametrize("code", ["InvalidClientTokenId", "SignatureDoesNotMatch", "ExpiredToken"])
def test_credentials_that_sts_does_not_take(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    text = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    api, _ = said(monkeypatch, httpx.Response(403, text=text, headers={"content-type": "text/xml"}))
    with pytest.raises(errors.CredentialError, match=r"AWS does not take these credentials \(403\)"):
        api.wire.account("us-east-1")


def test_keys_win_over_a_profile_and_one_without_the_other_is_missing(tmp_path: Path) -> None:
    Wire("chime", settings(**KEYS, AWS_PROFILE="nobody"), limits.Limit(1))
    for name in KEYS:
        with pytest.raises(errors.CredentialError, match=f"{name} is not set"):
            Wire("chime", settings(**{key: value for key, value in KEYS.items() if key != name}), limits.Limit(1))


def test_accounts_in_one_process_sign_with_their_own_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    one = {**KEYS, "AWS_SESSION_TOKEN": "token-of-one"}
    other = {"AWS_ACCESS_KEY_ID": "AKIAOTHER00000000000", "AWS_SECRET_ACCESS_KEY": "Other/secret+key"}
    line = Line(httpx.Response(200, json={"VoiceConnectors": []}))
    monkeypatch.setattr(http, "network", lambda: line)
    apis = [Voice("chime", settings(**each, AWS_BASE_URL=ORIGIN), limits.Limit(4)) for each in (one, other)]
    for api in (*apis, *apis):
        assert api.connectors("us-east-1").all(fresh=True) == []
    for sent, keys in zip(line.asked, (one, other, one, other), strict=True):
        assert f"Credential={keys['AWS_ACCESS_KEY_ID']}/" in sent.headers["authorization"]
        assert sent.headers.get("x-amz-security-token") == keys.get("AWS_SESSION_TOKEN")


def test_a_profile_gives_its_keys_and_they_are_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "aws_shared_credentials_file").write_text(
        "[phones]\naws_access_key_id = AKIAPHONES0000000000\naws_secret_access_key = Profile/secret+canary\n"
    )
    api, line = said(
        monkeypatch, httpx.Response(200, json={"VoiceConnectors": []}), AWS_PROFILE="phones", AWS_BASE_URL=ORIGIN
    )
    assert api.connectors("us-east-1").all() == []
    assert "Credential=AKIAPHONES0000000000/" in line.asked[0].headers["authorization"]
    assert "canary" not in secrecy.redact("it was Profile/secret+canary")


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ("", "The config profile (phones) could not be found"),
        ("[profile phones]\nregion = us-east-1\n", "the profile phones has no keys"),
        (
            "[profile phones]\nsso_account_id = 1\nsso_role_name = r\nsso_region = us-east-1\n"
            "sso_start_url = https://acme.example.com\n",
            "aws sso login --profile phones",
        ),
    ],
)
def test_a_profile_without_keys_asks_no_machine_for_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, config: str, says: str
) -> None:
    (tmp_path / "aws_config_file").write_text(config)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(errors.CredentialError) as caught:
        said(monkeypatch, httpx.Response(200, json={}), AWS_PROFILE="phones")
    assert says in str(caught.value)


def test_without_the_sdk_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(
        errors.CredentialError, match=r"boto3 is not installed; next: pip install 'xai-telephony\[aws\]'"
    ):
        Wire("chime", settings(), limits.Limit(1))
    with pytest.raises(errors.CredentialError, match="AWS_ACCESS_KEY_ID is not set"):
        Wire("chime", settings(AWS_BASE_URL=ORIGIN), limits.Limit(1))


def test_who_does_not_ask_aws_does_not_load_its_sdk() -> None:
    program = "import sys; from stacks import document; from xtel import cli; from providers.kernel import registry;"
    program += " registry.vendors(); print([each for each in sys.modules if each.startswith('boto')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# -- how it says no --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "header", "code"),
    [
        ({"Code": "NotFound", "Message": "no"}, "NotFoundException", "NotFound"),
        ({"message": "no"}, "NotFoundException:http://internal.amazon.com/", "NotFoundException"),
        ({"Message": "no"}, "", ""),
    ],
)
def test_codes_stand_in_a_body_or_in_a_header(
    monkeypatch: pytest.MonkeyPatch, body: dict[str, str], header: str, code: str
) -> None:
    api, _ = said(
        monkeypatch, httpx.Response(404, json=body, headers={"x-amzn-errortype": header, "x-amzn-requestid": "r-9"})
    )
    with pytest.raises(errors.NotFound) as caught:
        api.voice("us-east-1").get_voice_connector(VoiceConnectorId="a" * 22)
    assert (caught.value.code, caught.value.reason, caught.value.request_id) == (code, "no", "r-9")


@pytest.mark.parametrize(
    "code", ["UnrecognizedClient", "InvalidSignature", "ExpiredToken", "MissingAuthenticationToken"]
)
def test_bad_keys_and_missing_rights_are_both_403_and_told_apart(code: str) -> None:
    step = answers.advice("chime:")
    for spelled in (code, f"{code}Exception"):
        assert "check the AWS credentials" in step(403, Refusal(spelled), "/")
    assert step(403, Refusal("AccessDeniedException"), "/") == (
        "allow its user or role the `chime:` action of this call in IAM"
    )
    assert step(404, Refusal("NotFound"), "/") == ""


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("PhoneNumberAssociationsExist", errors.Conflict), ("VoiceConnectorGroupAssociationsExist", errors.Conflict),
        ("NotFound", errors.NotFound), ("AccessDenied", errors.Denied), ("Unprocessable", errors.Invalid),
        ("Throttling", errors.Unavailable), ("SomethingNew", errors.Invalid),
    ],
)  # fmt: skip
def test_a_success_that_refuses_a_number_is_a_refusal(
    monkeypatch: pytest.MonkeyPatch, code: str, kind: type[errors.CarrierError]
) -> None:
    failed = {"PhoneNumberErrors": [{"PhoneNumberId": "%2B1", "ErrorCode": code, "ErrorMessage": "it was not done"}]}
    api, line = said(monkeypatch, httpx.Response(200, json=failed))
    with pytest.raises(kind) as caught:
        api.voice("us-east-1").associate_phone_numbers_with_voice_connector(
            VoiceConnectorId="a" * 22, E164PhoneNumbers=["+14155550173"]
        )
    assert (type(caught.value), caught.value.code, len(line.asked)) == (kind, code, 1)


def test_a_success_that_refuses_none_is_a_success() -> None:
    assert answers.refused_in_success({"PhoneNumberErrors": []}) is None
    assert answers.refused_in_success({}) is None
    assert answers.refused_in_success([]) is None


# -- lists, and what is not there yet ----------------------------------------------------------------------------------------


def test_a_list_is_read_to_its_end_and_its_token_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def page(id: str, **more: str) -> httpx.Response:
        return httpx.Response(200, json={"VoiceConnectors": [{"VoiceConnectorId": id * 22}], **more})

    api, line = said(monkeypatch, page("a", NextToken="t/1+"), page("b"))
    assert [each["VoiceConnectorId"][0] for each in api.connectors("us-east-1").all()] == ["a", "b"]
    assert [dict(each.url.params) for each in line.asked] == [
        {"max-results": "100"}, {"max-results": "100", "next-token": "t/1+"},
    ]  # fmt: skip


@pytest.mark.parametrize("tags", [{}, {"Tags": []}, {"Tags": [{"Key": "theirs", "Value": "v"}]}])
def test_a_connector_without_our_tag_has_no_marker(monkeypatch: pytest.MonkeyPatch, tags: dict[str, Any]) -> None:
    api, _ = said(monkeypatch, httpx.Response(200, json=tags))
    assert api.marker({"AwsRegion": "us-east-1", "VoiceConnectorArn": "arn:aws:chime:us-east-1:1:vc/a"}) == ""


def test_what_was_just_made_is_asked_again_until_it_is_known() -> None:
    waits: Iterator[bool] = iter([False, False, True])

    def call() -> str:
        if not next(waits):
            raise errors.NotFound("not yet", status=404)
        return "done"

    assert asking.settled(call, "routes") == "done"


def test_what_stays_unknown_is_not_applied() -> None:
    def call() -> None:
        raise errors.NotFound("not yet", status=404)

    with pytest.raises(errors.NotApplied, match="not done: routes cannot be set: not yet") as caught:
        asking.settled(call, "routes")
    assert caught.value.fields == ("routes",)

"""`xtel render`: files of bundles, written whole, never over what a person wrote, a password only when asked for."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import jsonschema
import pytest

from providers.kernel.files import intact
from tests.conftest import ROOT
from tests.test_sip import PLATFORMS, registered
from tests.test_xtel_cli import ended
from xtel.authoring import render, render_report

__all__ = ["registered"]

HQ, LAB = "+498912345670", "+498912345671"
STACK = f"""version: 1
defaults: {{webhook: {{url: https://voice.example.com/calls}}}}
numbers:
  support: {{number: "+14155550100", route: {{carrier: twilio}}}}
  hq:
    number: "{HQ}"
    route: {{carrier: sip, platform: asterisk}}
    auth: {{digest: {{username: hq, password: {{secret: hqSipPassword}}}}}}
    fallback: ["sip:+498912345699@pbx.example.com;transport=tls"]
  lab:
    number: "{LAB}"
    route: {{carrier: sip, platform: kamailio, description: "Lab: O'Brien"}}
    auth: {{allow: [203.0.113.0/28]}}
"""
PASSWORD = "Made_0123456789abcde"
SCHEMA = ROOT / "xtel/authoring/render.schema.json"
SECRET = "pjsip_xai_498912345670_secret.conf"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean_env: None, registered: None) -> Path:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: test\nruntime: python\n")
    (tmp_path / "stacks/prod.yaml").write_text(STACK)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tree(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_every_bundle_of_a_stack_is_written_and_the_same_the_next_time(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended("render", "prod") == 0
    out, err = capsys.readouterr()
    assert f"hq: asterisk bundle of {HQ} in bundles/prod/{HQ}\n" in out
    assert "  written: pjsip_xai_498912345670.conf\n" in out
    assert f"--with-secrets writes {SECRET}" in err
    made = tree(root / "bundles/prod")
    assert {name.split("/")[0] for name in made} == {HQ, LAB}
    assert f"{HQ}/{SECRET}" not in made
    assert all(intact(text) for text in made.values())
    assert "fallback-1/sip:+498912345699@pbx.example.com" in made[f"{HQ}/extensions_xai_498912345670.conf"]
    assert ended("render", "prod") == 0
    assert "all 5 files are as they should be" in capsys.readouterr().out
    assert tree(root / "bundles/prod") == made
    assert not list(root.rglob(".xtel-*"))


def test_json_says_what_was_written(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("render", "prod", "--number", "lab", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    (found,) = told["bundles"]
    assert (told["stack"], told["agree"], found["key"], found["number"]) == ("prod", True, "lab", LAB)
    assert {file["state"] for file in found["files"]} == {"written"}
    assert all(re.fullmatch(r"[0-9a-f]{64}", file["sha256"]) for file in found["files"])
    assert (found["secret_file"], found["secret_written"]) == (None, False)


def test_json_says_what_the_front_page_says(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("render", "prod", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, json.loads(SCHEMA.read_text()))
    for found in told["bundles"]:
        readme = (Path(found["folder"]) / "README.md").read_text()
        page = found["page"]
        for part in ("only_you_know", "must_be_true", "take_back", "unverified"):
            assert page[part]
            assert all(f"- {text}\n" in readme for text in page[part])
        for part in ("steps", "test"):
            assert page[part]
            assert all(f"- [ ] {text}\n" in readme for text in page[part])
        assert all(page[part] and page[part] in readme for part in ("what", "delivered", "dialled"))
        assert all(
            f"| `{each['name']}` | `{each['value']}` | {each['unverified']} |" in readme for each in page["filled"]
        )
        assert readme.count("\n- ") == sum(len(page[part]) for part in page if isinstance(page[part], list)) - len(
            page["filled"]
        ) + len(("delivered", "dialled"))


def test_the_published_schema_is_current() -> None:
    made = "python -m xtel.authoring.render_report > xtel/authoring/render.schema.json"
    assert SCHEMA.read_text() == render_report.schema(), made


def test_number_by_key_or_e164_and_another_folder(root: Path) -> None:
    assert ended("render", "prod", "--number", HQ, "--out", "elsewhere") == 0
    assert {path.name for path in (root / "elsewhere").iterdir()} == {HQ}
    assert not (root / "bundles").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("prod", "--number", "support"), "prod has no number support with files to apply; next: name one of hq, lab"),
        (("prod", "--number", "nobody"), "name one of hq, lab"),
        (("other",), "there is no stack file stacks/other.yaml"),
    ],
)
def test_nothing_to_render_is_an_error(
    root: Path, arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended("render", *arguments) == 1
    assert words in capsys.readouterr().err
    assert not (root / "bundles").exists()


def test_a_stack_without_a_bundle_is_an_error(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "stacks/prod.yaml").write_text(STACK.split("  hq:", maxsplit=1)[0])
    assert ended("render", "prod") == 1
    assert (
        "prod has no files to apply; next: they come with `route: {carrier: sip, platform: …}`"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize("arguments", [(), ("prod", "--check", "--force"), ("prod", "--check", "--with-secrets")])
def test_wrong_usage_exits_64(root: Path, arguments: tuple[str, ...]) -> None:
    assert ended("render", *arguments) == 64


def test_check_finds_what_differs_and_writes_nothing(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("render", "prod", "--check") == 1
    assert "missing: README.md" in capsys.readouterr().out
    assert not (root / "bundles").exists()
    assert ended("render", "prod") == 0
    assert ended("render", "prod", "--check") == 0
    (root / "stacks/prod.yaml").write_text(STACK.replace("platform: asterisk", "platform: asterisk, codecs: [PCMA]"))
    before = tree(root / "bundles")
    capsys.readouterr()
    assert ended("render", "prod", "--check", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert not told["agree"]
    states = {file["path"]: file["state"] for file in told["bundles"][0]["files"]}
    assert states["pjsip_xai_498912345670.conf"] == "outdated"
    assert states["pjsip_xai_transport.conf"] == "same"
    assert tree(root / "bundles") == before
    assert ended("render", "prod") == 0
    assert ended("render", "prod", "--check") == 0


def test_another_platform_takes_the_files_of_the_earlier_one_away(root: Path) -> None:
    assert ended("render", "prod") == 0
    (root / f"bundles/prod/{HQ}/notes.txt").write_text("mine\n")
    (root / "stacks/prod.yaml").write_text(STACK.replace("platform: asterisk", "platform: cube"))
    assert ended("render", "prod", "--check") == 1
    assert ended("render", "prod") == 0
    files = {".gitignore", "README.md", "xai-498912345670.ios", "xai-498912345670-undo.ios"}
    assert set(tree(root / f"bundles/prod/{HQ}")) == {*files, "notes.txt"}


def test_commands_name_the_stack(root: Path) -> None:
    routes = [f"platform: {each}" for each in PLATFORMS if each != "teams"]
    routes += ["platform: teams, gateway: sbc.example.com", "mode: twiml"]
    for route in routes:
        spoken = f"carrier: {'twilio' if 'mode' in route else 'sip'}, {route}"
        (root / "stacks/prod.yaml").write_text(
            STACK.replace("carrier: sip, platform: asterisk", spoken).replace("fallback:", "name: hq #")
        )
        assert ended("render", "prod", "--number", "hq", "--out", route) == 0
        texts = "".join(tree(root / route).values())
        assert f"`xtel render prod --number {HQ} --with-secrets`" in texts
        assert "STACK" not in texts


def test_what_is_left_of_a_number_that_is_gone_is_named(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(render.PASSWORD, PASSWORD)
    assert ended("render", "prod", "--number", "hq", "--with-secrets") == ended("render", "prod") == 0
    for name in ("notes", "+1415"):
        (root / "bundles/prod" / name).mkdir()
        (root / "bundles/prod" / name / "README.md").write_text("mine\n")
    before = tree(root / "bundles")
    head, hq, lab = re.split(r"(?m)^(?=  hq:|  lab:)", STACK)
    line = f"left: {HQ} in bundles/prod/{HQ}: the stack has no files for it any more; its README.md says how to take it back"
    for stack, gone in ((head + lab, [HQ]), (head, [HQ, LAB])):
        (root / "stacks/prod.yaml").write_text(stack)
        capsys.readouterr()
        assert ended("render", "prod") == 0
        out = capsys.readouterr().out
        assert line in out
        assert f"  {SECRET} holds a password\n" in out
        assert ended("render", "prod", "--check") == 1
        capsys.readouterr()
        assert ended("render", "prod", "--check", "--json") == 1
        told = json.loads(capsys.readouterr().out)
        jsonschema.validate(told, json.loads(SCHEMA.read_text()))
        assert [each["number"] for each in told["left"]] == gone
        assert told["left"][0]["secret_files"] == [SECRET]
    assert tree(root / "bundles") == before
    (root / "stacks/prod.yaml").write_text(head + hq + lab)
    assert ended("render", "prod", "--check") == 0


@pytest.mark.parametrize("kind", ["changed", "theirs", "binary", "link", "folder"])
def test_what_was_not_written_here_is_not_overwritten(
    root: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended("render", "prod", "--number", "hq") == 0
    path = root / f"bundles/prod/{HQ}/pjsip_xai_498912345670.conf"
    if kind == "changed":
        path.write_text(path.read_text().replace("qualify_frequency=60", "qualify_frequency=30"))
    else:
        path.unlink()
    if kind == "theirs":
        path.write_text("[mine]\n")
    if kind == "binary":
        path.write_bytes(b"\xff\xfe")
    if kind == "link":
        (root / "theirs.conf").write_text("[mine]\n")
        path.symlink_to(root / "theirs.conf")
    if kind == "folder":
        path.mkdir()
    lab = root / f"bundles/prod/{LAB}"
    assert ended("render", "prod") == 1
    assert "not written here, or changed by hand since: " in capsys.readouterr().err
    assert not lab.exists(), "nothing at all is written"
    assert ended("render", "prod", "--check") == 1
    assert ended("render", "prod", "--force") == (1 if kind == "folder" else 0)
    if kind == "link":
        assert (root / "theirs.conf").read_text() == "[mine]\n"
    if kind != "folder":
        assert ended("render", "prod", "--check") == 0


def test_the_password_is_written_only_when_asked_for_and_for_its_owner_alone(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(render.PASSWORD, PASSWORD)
    assert ended("render", "prod", "--number", "hq", "--with-secrets") == 0
    path = root / f"bundles/prod/{HQ}/{SECRET}"
    assert f"password={PASSWORD}\n" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert PASSWORD not in "".join(capsys.readouterr())
    others = {name: text for name, text in tree(root).items() if not name.endswith(SECRET)}
    assert PASSWORD not in "".join(others.values())
    assert SECRET in (path.parent / ".gitignore").read_text()
    assert ended("render", "prod", "--number", "hq", "--check") == 0
    assert ended("render", "prod") == 0
    assert path.exists()


@pytest.mark.parametrize(
    "route",
    [
        *("platform: other", "platform: ribbon", "platform: ringcentral", "platform: cxone"),
        *("platform: zoom", "platform: zoom, sbc: ribbon", "platform: teams, gateway: sbc.example.com"),
    ],
)
def test_a_password_that_a_person_types_in_is_written_too(
    root: Path, route: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "stacks/prod.yaml").write_text(STACK.replace("platform: asterisk", route))
    monkeypatch.setenv(render.PASSWORD, PASSWORD)
    assert ended("render", "prod", "--number", "hq", "--with-secrets") == 0
    path = root / f"bundles/prod/{HQ}/xai-498912345670-secret.txt"
    assert path.read_text().endswith(f"user: hq\npassword: {PASSWORD}\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ended("render", "prod", "--number", "hq", "--check") == 0


#: What the secret file of a platform says beside the password.
STALE = [
    ("platform: cube", "platform: cube", "platform: cube, tag: 931"),
    ("platform: cube", "username: hq", "username: other"),
    ("platform: audiocodes", "platform: audiocodes", "platform: audiocodes, row: 40"),
    ("platform: asterisk", "username: hq", "username: other"),
    ("platform: asterisk", "platform: asterisk", "platform: asterisk, description: Munich"),
    ("platform: ribbon", "username: hq", "username: other"),
]


@pytest.mark.parametrize("number", range(len(STALE)))
def test_a_secret_file_for_what_the_stack_says_no_more_is_outdated(
    root: Path, number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The password can be any: what it is for must be what it was written for."""
    route, before, after = STALE[number]
    stack = STACK.replace("platform: asterisk", route)
    (root / "stacks/prod.yaml").write_text(stack)
    monkeypatch.setenv(render.PASSWORD, ">.*%_#=")
    only = ("render", "prod", "--number", "hq")
    assert ended(*only, "--with-secrets") == 0
    [secret] = (path for path in (root / f"bundles/prod/{HQ}").rglob("*secret*"))
    assert ended(*only) == ended(*only, "--check") == 0
    assert "the password is in no file" not in "".join(capsys.readouterr())
    (root / "stacks/prod.yaml").write_text(stack.replace(before, after))
    was = secret.read_text()
    assert ended(*only) == 0
    assert f"outdated: {secret.name} (with the password: --with-secrets writes it)" in capsys.readouterr().out
    assert secret.read_text() == was
    assert ended(*only, "--check") == 1
    assert ended(*only, "--with-secrets") == ended(*only, "--check") == 0
    secret.write_text(secret.read_text() + "mine\n")
    assert ended(*only, "--check") == 1
    assert ended(*only) == 0, "what is not written anew is left alone"


def test_a_secret_file_goes_when_the_stack_needs_none(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(render.PASSWORD, PASSWORD)
    assert ended("render", "prod", "--number", "hq", "--with-secrets") == 0
    digest = STACK.split("auth: {digest", 1)[1].split("\n", 1)[0]
    (root / "stacks/prod.yaml").write_text(STACK.replace(f"auth: {{digest{digest}", "auth: {allow: [203.0.113.0/28]}"))
    assert ended("render", "prod", "--check") == 1
    assert ended("render", "prod") == 0
    assert not (root / f"bundles/prod/{HQ}/{SECRET}").exists()


def test_the_password_is_asked_for_on_a_terminal(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(render.sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(render.getpass, "getpass", lambda prompt: asked.append(prompt) or PASSWORD)
    assert ended("render", "prod", "--number", "hq", "--with-secrets") == 0
    assert asked == [f"digest password of {HQ} (user hq): "]


@pytest.mark.parametrize(
    "given",
    [
        ("", PASSWORD, "--with-secrets: a password belongs to one number; next: name a number with a digest"),
        ("lab", PASSWORD, "--with-secrets: no bundle here logs in with a digest"),
        ("hq", "", f"--with-secrets needs the digest password of {HQ}; next: export XTEL_DIGEST_PASSWORD=…"),
        ("hq", "no;wäy", "password: must be 1 to 128 ASCII characters"),
        ("hq", "two\nlines", "password: must be one line"),
    ],
)
def test_no_password_no_secret_file(
    root: Path,
    given: tuple[str, str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    number, password, words = given
    monkeypatch.setenv(render.PASSWORD, password)
    monkeypatch.setattr(render.sys.stdin, "isatty", lambda: False)
    assert ended("render", "prod", *(["--number", number] if number else []), "--with-secrets") == 1
    err = capsys.readouterr().err
    assert words in err
    assert "no;wäy" not in err
    assert not (root / "bundles").exists()


def test_a_folder_that_cannot_be_made_is_an_error_of_one_line(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "file").write_text("")
    assert ended("render", "prod", "--out", "file") == 1
    assert "cannot be written" in capsys.readouterr().err


BIN = "+14155550130"
TWIML = f"""version: 1
defaults: {{webhook: {{url: https://voice.example.com/calls}}}}
numbers:
  support: {{number: "+14155550100", route: {{carrier: twilio}}}}
  open: {{number: "{BIN}", route: {{carrier: twilio, mode: twiml}}}}
  login:
    number: "+14155550131"
    route: {{carrier: twilio, mode: twiml, headers: {{X-Team: sales}}}}
    auth: {{digest: {{username: xai-login}}}}
"""


def test_twiml_is_written_for_a_bin(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "stacks/prod.yaml").write_text(TWIML)
    assert ended("render", "prod") == 0
    out, err = capsys.readouterr()
    assert f"open: twiml bundle of {BIN} in bundles/prod/{BIN}\n" in out
    assert "--with-secrets writes xai-14155550131.xml (mode 0600)" in err
    made = tree(root / "bundles/prod")
    assert set(made) == {
        f"{BIN}/README.md", f"{BIN}/xai-14155550130.xml", "+14155550131/README.md", "+14155550131/.gitignore",
    }  # fmt: skip
    assert f"<Sip>sip:{BIN}@sip.voice.x.ai;transport=tls</Sip>" in made[f"{BIN}/xai-14155550130.xml"]
    assert ended("render", "prod", "--check") == 0
    (root / "stacks/prod.yaml").write_text(TWIML.replace("mode: twiml}", "mode: twiml, secure: true}"))
    assert ended("render", "prod", "--check") == 1
    assert "outdated: xai-14155550130.xml" in capsys.readouterr().out


def test_twiml_with_a_digest_is_a_secret(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "stacks/prod.yaml").write_text(TWIML)
    monkeypatch.setenv(render.PASSWORD, PASSWORD)
    assert ended("render", "prod", "--number", "login", "--with-secrets") == 0
    path = root / "bundles/prod/+14155550131/xai-14155550131.xml"
    assert f'username="xai-login" password="{PASSWORD}"' in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.name in (path.parent / ".gitignore").read_text().splitlines()
    assert PASSWORD not in "".join(capsys.readouterr())
    assert ended("render", "prod") == 0
    assert path.exists()
    monkeypatch.setenv(render.PASSWORD, "{{From}}")
    assert ended("render", "prod", "--number", "login", "--with-secrets") == 1
    assert "password: must be 1 to 128 ASCII characters" in capsys.readouterr().err

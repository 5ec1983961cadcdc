"""A network with nothing but Plivo numbers, from the first `pulumi up` to `pulumi destroy`, with the real engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conformance.subjects.plivo import Plivo
from tests.conftest import Sandbox
from tests.engine.conftest import SUPPORT, Project

pytestmark = pytest.mark.engine
NYC_NUMBER, DENVER_NUMBER = "+12125550177", "+13035550164"
DEFAULT = "29986316244302815"
NYC = """
  nyc:
    number: "+12125550177"
    route: {carrier: plivo}
"""
DENVER = """
  denver:
    number: "+13035550164"
    take_over: true
    route: {carrier: plivo, secure: true}
    auth: {digest: {username: xai-denver}}
"""
LISTED = """
  nyc:
    number: "+12125550177"
    route: {carrier: plivo}
    auth: {allow: [plivo]}
"""


def wired(sandbox: Sandbox, number: str) -> dict[str, Any]:
    """Plivo's own records say: this number's calls go to exactly its target, over exactly one trunk; answers its URI."""
    state = sandbox.state()["plivo"]
    [trunk] = [found for found in state["trunks"] if found["name"].endswith(number)]
    assert (trunk["trunk_direction"], trunk["trunk_status"]) == ("inbound", "enabled")
    [uri] = [found for found in state["uris"] if found["uri_uuid"] == trunk["primary_uri_uuid"]]
    assert uri["uri"] == f"sip:{number}@sip.voice.x.ai;transport=tls"
    assert linked(sandbox, number) == trunk["trunk_id"]
    assert [found["phone_number"] for found in sandbox.state()["xai"]["numbers"]].count(number) == 1
    return uri


def linked(sandbox: Sandbox, number: str) -> str:
    """The id of what gets the number's calls."""
    path = Plivo(sandbox).owned(number)["application"]
    return str(path or "").rstrip("/").rsplit("/", 1)[-1]


def objects(sandbox: Sandbox) -> tuple[int, int]:
    state = sandbox.state()["plivo"]
    return len(state["uris"]), len(state["trunks"])


def test_up_again_refresh_and_destroy(project: Project, sandbox: Sandbox) -> None:
    project.declare(NYC, DENVER)
    created = project.up("--diff")
    assert f"will be taken over: application {DEFAULT} gets its calls" in created.split("Resources:")[0]
    assert "+ 13 created" in created
    sandbox.forget_log()
    assert "13 unchanged" in (again := project.up("--diff"))
    assert "13 unchanged" in (refreshed := project.run("refresh", "--yes", "--diff"))
    assert "13 unchanged" in project.up()
    assert sandbox.writes() == []

    secrets = sandbox.secrets()
    for number, username in ((NYC_NUMBER, "xtel12125550177"), (DENVER_NUMBER, "xai-denver")):
        uri = wired(sandbox, number)
        login = secrets["digest"][number]
        assert login["username"] == username == uri["username"]
        assert secrets["plivo"]["uri_passwords"][uri["uri_uuid"]] == login
        assert login["password"] not in created + again + refreshed + project.state()
    assert objects(sandbox) == (2, 2)
    secure = {found["name"].rpartition("/")[2]: found["secure"] for found in sandbox.state()["plivo"]["trunks"]}
    assert secure == {NYC_NUMBER: False, DENVER_NUMBER: True}

    project.run("destroy", "--yes")
    assert objects(sandbox) == (0, 0)
    assert (linked(sandbox, NYC_NUMBER), linked(sandbox, DENVER_NUMBER)) == ("", DEFAULT)
    assert NYC_NUMBER not in sandbox.numbers("xai")
    assert sandbox.state()["counters"]["releases"] == 0


#: Stands before all else in every Python process: writes down of which installed packages a file is read.
EAR = """
import os, sys
heard, said = set(), os.open(f"{os.environ['EAR_FOLDER']}/{os.getpid()}", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
os.write(said, (" ".join(sys.orig_argv) + "\\n").encode())

def hear(event, arguments):
    if event == "open" and "/site-packages/" in str(arguments[0]):
        package = str(arguments[0]).rpartition("/site-packages/")[2].split("/")[0]
        if package not in heard:
            heard.add(package)
            os.write(said, (package + "\\n").encode())

sys.addaudithook(hear)
"""


def test_a_network_of_one_carrier_loads_no_other_ones_sdk(project: Project, tmp_path: Path) -> None:
    for name in ("site", "only", "control"):
        (tmp_path / name).mkdir()
    (tmp_path / "site/sitecustomize.py").write_text(EAR)
    project.env["PYTHONPATH"] = str(tmp_path / "site")
    project.declare(NYC)
    project.run("up", "--yes", EAR_FOLDER=str(tmp_path / "only"))
    providers = _read(tmp_path / "only", "-m pulumi.dynamic")
    assert len(providers) >= 2, "one of the preview, one of the update"
    assert all({"plivo", "requests", "pulumi", "pydantic"} <= packages for packages in providers)
    everybody = _read(tmp_path / "only", "")
    assert len(everybody) > len(providers), "the program too"
    assert not {"telnyx", "twilio"} & set[str]().union(*everybody)

    project.declare(SUPPORT)
    project.run("preview", EAR_FOLDER=str(tmp_path / "control"))
    [provider] = _read(tmp_path / "control", "-m pulumi.dynamic")
    assert "twilio" in provider and not {"telnyx", "plivo"} & provider


def _read(folder: Path, command: str) -> list[set[str]]:
    """What each process read whose command line holds these words."""
    said = [file.read_text().splitlines() for file in folder.iterdir()]
    return [set(packages) for started, *packages in said if command in started]


def test_an_allowlist_leaves_the_uri_without_login(project: Project, sandbox: Sandbox) -> None:
    project.declare(LISTED)
    assert "+ 6 created" in project.up()
    uri = wired(sandbox, NYC_NUMBER)
    assert (uri["authentication_needed"], uri["username"]) == (False, "")
    assert len(sandbox.numbers("xai")[NYC_NUMBER]["sip_auth"]["allowed_addresses"]) >= 10
    assert sandbox.secrets()["plivo"]["uri_passwords"] == {}


def test_a_given_password_is_in_no_output(project: Project, sandbox: Sandbox) -> None:
    project.declare(NYC + "    auth: {digest: {username: xai-nyc, password: {secret: nyc}}}\n")
    project.run("config", "set", "--secret", "nyc", "canary-too-plain")
    refused = project.up(code=1)
    assert "the config secret nyc: Plivo takes 5 to 20 letters, digits and ~!@#$%^&*()_+" in " ".join(refused.split())
    assert objects(sandbox) == (0, 0)
    project.run("config", "set", "--secret", "nyc", "canary_Old_1234")
    output = project.up("--diff")
    uri = wired(sandbox, NYC_NUMBER)["uri_uuid"]
    assert sandbox.secrets()["plivo"]["uri_passwords"][uri]["password"] == "canary_Old_1234"
    project.run("config", "set", "--secret", "nyc", "canary_New_5678")
    output += project.up("--diff", code=1)
    output += project.up("--diff", XTEL_ALLOW_REPLACE=NYC_NUMBER)
    secrets = sandbox.secrets()
    assert secrets["plivo"]["uri_passwords"][uri] == secrets["digest"][NYC_NUMBER]
    assert secrets["digest"][NYC_NUMBER]["password"] == "canary_New_5678"
    assert "canary" not in refused + output + project.run("refresh", "--yes", "--diff") + project.state()


def test_a_fallback_comes_and_goes_as_previewed(project: Project, sandbox: Sandbox) -> None:
    project.declare(LISTED)
    project.up()
    project.change("    auth:", '    fallback: ["sip:+14155550999@pbx.example.com;transport=tls"]\n    auth:')
    assert project.counted() == {"create": 1, "same": 5, "update": 1}
    assert "+ 1 created\n    ~ 1 updated" in project.shown
    [trunk] = sandbox.state()["plivo"]["trunks"]
    uris = {found["uri_uuid"]: found["uri"] for found in sandbox.state()["plivo"]["uris"]}
    assert uris[trunk["fallback_uri_uuid"]] == "sip:+14155550999@pbx.example.com;transport=tls"
    project.change('    fallback: ["sip:+14155550999@pbx.example.com;transport=tls"]\n', "")
    assert project.counted() == {"delete": 1, "same": 5, "update": 1}
    assert objects(sandbox) == (1, 1)
    wired(sandbox, NYC_NUMBER)


def test_a_number_moves_to_a_trunk_that_many_share(project: Project, sandbox: Sandbox) -> None:
    denver = LISTED.replace("nyc", "denver").replace(NYC_NUMBER, DENVER_NUMBER)
    project.declare(LISTED, denver + "    take_over: true\n")
    project.up()
    secret = project.secret("nyc")
    project.change("{carrier: plivo}", "{carrier: plivo, trunk: shared}")
    project.up()
    assert "unchanged" in project.up()
    state = sandbox.state()["plivo"]
    assert [(found["name"], found["uri"]) for found in state["uris"]] == [
        ("xtel/xai-telephony/test/plivo", "sip:sip.voice.x.ai;transport=tls")
    ]
    [trunk] = state["trunks"]
    assert {linked(sandbox, number) for number in (NYC_NUMBER, DENVER_NUMBER)} == {trunk["trunk_id"]}
    assert project.secret("nyc") == secret
    project.run("destroy", "--yes")
    assert (linked(sandbox, NYC_NUMBER), linked(sandbox, DENVER_NUMBER)) == ("", DEFAULT)
    assert objects(sandbox) == (0, 0)


def test_a_destroy_goes_on_when_the_earlier_application_is_gone(project: Project, sandbox: Sandbox) -> None:
    project.declare(DENVER)
    project.up()
    Plivo(sandbox).ask("DELETE", f"Application/{DEFAULT}/")
    shown = project.run("destroy", "--yes")
    assert f"{DEFAULT}, which it had before, is gone" in shown
    assert (linked(sandbox, DENVER_NUMBER), objects(sandbox)) == ("", (0, 0))


def test_a_uri_deleted_outside_takes_its_trunk_along_and_all_is_made_again(project: Project, sandbox: Sandbox) -> None:
    project.declare(NYC)
    project.up()
    Plivo(sandbox).ask("DELETE", f"Zentrunk/URI/{wired(sandbox, NYC_NUMBER)['uri_uuid']}/")
    assert "- 3 deleted" in project.run("refresh", "--yes")
    assert "+ 3 created" in project.up()
    uri = wired(sandbox, NYC_NUMBER)["uri_uuid"]
    secrets = sandbox.secrets()
    assert secrets["plivo"]["uri_passwords"][uri] == secrets["digest"][NYC_NUMBER]

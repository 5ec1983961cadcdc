"""Stack files: every bad one in ``cases/stackfile/bad`` gives exactly the findings its last lines expect."""

from __future__ import annotations

from pathlib import Path

import pytest

from stacks import document
from tests.conftest import ROOT

BAD = sorted((Path(__file__).parent / "cases/stackfile/bad").glob("*.yaml"))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_file(path: Path) -> None:
    expected = [
        line.removeprefix("# expect ") for line in path.read_text().splitlines() if line.startswith("# expect ")
    ]
    with pytest.raises(document.Refused) as refused:
        document.read(path)
    found = [str(finding).removeprefix(f"{path}:") for finding in refused.value.findings if finding.severity == "error"]
    assert found == expected


def test_the_sandbox_file_is_good() -> None:
    found = document.read(ROOT / "stacks/sandbox.yaml")
    assert list(found.numbers) == ["support", "sales", "frontdesk"]
    assert found.warnings == []
    assert found.lines["sales"] > found.lines["support"]


def test_defaults_are_replaced_as_a_whole_and_removed_by_null(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(
        "version: 1\n"
        "defaults: {webhook: {url: https://a.example/x, auth_token: {secret: t}}, route: {carrier: twilio, secure: true}}\n"
        "numbers:\n"
        '  one: {number: "+14155550100"}\n'
        '  two: {number: "+14155550101", webhook: {url: https://b.example/y}}\n'
        '  three: {number: "+14155550102", webhook: null, route: {carrier: twilio}}\n'
        '  four: {number: "+14155550103", agent: agent_1}\n'
    )
    numbers = document.read(file).numbers
    assert numbers["one"].webhook and numbers["one"].webhook.auth_token
    assert numbers["one"].route == numbers["four"].route
    assert numbers["two"].webhook and numbers["two"].webhook.auth_token is None
    assert numbers["three"].webhook is None
    assert numbers["three"].route != numbers["one"].route
    assert numbers["four"].webhook is None


def test_warnings_do_not_refuse(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text('version: 1\nnumbers:\n  one: {number: "+15555550100", auth: open}\n')
    messages = [finding.message for finding in document.read(file).warnings]
    assert messages == [
        "is possible, but no such number is assigned: a typing error?",
        "nobody answers: give it a webhook or an agent",
        "open: anyone on the internet can call this number in",
    ]


def test_anchors_are_bounded(tmp_path: Path) -> None:
    layers = "".join(f"  l{n + 1}: &l{n + 1} [{', '.join([f'*l{n}'] * 10)}]\n" for n in range(8))
    file = tmp_path / "bomb.yaml"
    file.write_text(f"version: 1\nbomb:\n  l0: &l0 [x]\n{layers}numbers: {{}}\n")
    with pytest.raises(document.Refused) as refused:
        document.read(file)
    assert "anchors make it too large or too deep" in str(refused.value.findings[0])


def test_unreadable_files(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9\n")
    (tmp_path / "list.yaml").write_text("- a\n")
    for name, message in [
        ("none", "cannot be read: No such file"),
        ("latin", "is not UTF-8"),
        ("list", "must be a mapping"),
    ]:
        with pytest.raises(document.Refused) as refused:
            document.read(tmp_path / f"{name}.yaml")
        assert message in str(refused.value.findings[0])

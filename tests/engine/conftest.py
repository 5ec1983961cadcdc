"""Runs the real Pulumi CLI on a project of its own, against the sandbox."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import _FOREIGN, ROOT, Sandbox
from tests.engine.warm import Warm

STACK = "test"
SUPPORT = """
  support:
    number: "+14155550100"
    route: {carrier: twilio, transfer: true}
    auth: {allow: [twilio]}
"""
HEAD = """version: 1
defaults:
  webhook: {url: https://voice.example.com/calls}
numbers:"""


class Project:
    """A Pulumi project with one stack file, a backend of its own, and the sandbox's credentials.

    ``programs`` is where it finds ``python`` and ``pulumi``; its empty stack is one of the CLI's making, or like another's.
    """

    def __init__(
        self, folder: Path, sandbox: Sandbox, programs: Path | None = None, like: Project | None = None
    ) -> None:
        self.folder, self.sandbox, self.shown = folder, sandbox, ""
        bin = programs or Path(sys.executable).parent
        self.python = str(bin / "python3")
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        self.env |= sandbox.env() | {
            "PATH": f"{bin}:{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": f"file://{folder / 'backend'}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_PARALLEL": "32",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_HOME": str(folder / "home"),
            "NO_COLOR": "1",
        }
        for name in ("Pulumi.yaml", "__main__.py"):
            shutil.copy(ROOT / name, folder / name)
        (folder / ".venv").symlink_to(bin.parent)
        (folder / "stacks").mkdir()
        if like:
            self._begin_like(like)
        else:
            (folder / "backend").mkdir()
            (folder / "home").mkdir()
            self.run("stack", "select", "--create", STACK)

    def _begin_like(self, other: Project) -> None:
        """What `pulumi stack select --create` leaves, as it stands in a project where nothing else was done."""
        shutil.copytree(other.folder / "backend", self.folder / "backend")
        shutil.copy(other.folder / f"Pulumi.{STACK}.yaml", self.folder)
        selected = self.folder / "home/workspaces" / other.selected.name.replace(other.digest, self.digest)
        selected.parent.mkdir(parents=True)
        selected.write_text(other.selected.read_text().replace(str(other.folder), str(self.folder)))

    @property
    def digest(self) -> str:
        """How Pulumi tells in its home which project's selected stack is meant."""
        return hashlib.sha1(str(self.folder / "Pulumi.yaml").encode(), usedforsecurity=False).hexdigest()

    @property
    def selected(self) -> Path:
        return self.folder / f"home/workspaces/xai-telephony-{self.digest}-workspace.json"

    def declare(self, *numbers: str, head: str = HEAD) -> None:
        (self.folder / "stacks" / f"{STACK}.yaml").write_text(head + "".join(numbers or (SUPPORT,)))

    def change(self, old: str, new: str) -> None:
        file = self.folder / "stacks" / f"{STACK}.yaml"
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        command = ["pulumi", "--color", "never", "--non-interactive", "-C", str(self.folder), *arguments]
        return subprocess.Popen(
            command,
            env=self.env | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    def run(self, *arguments: str, code: int | None = 0, **env: str) -> str:
        process = self.start(*arguments, **env)
        output, _ = process.communicate(timeout=300)
        assert code is None or process.returncode == code, output
        return output

    def up(self, *arguments: str, code: int | None = 0, **env: str) -> str:
        """An update, as it ends. One that must succeed goes without the preview before it: half of its time.

        Previews have tests of their own; what is to be refused goes through one, as for a user.
        """
        plain = code == 0 and not {"--diff", "--skip-preview"} & set(arguments)
        skipped = ["--skip-preview"] if plain else []
        return self.run("up", "--yes", "--stack", STACK, *skipped, *arguments, code=code, **env)

    def stays(self) -> None:
        """Another update, with a look at everything, finds nothing to do and writes nothing."""
        self.sandbox.forget_log()
        again = self.up("--diff", "--refresh")
        assert "created" not in again
        assert "updated" not in again
        assert self.sandbox.writes() == []

    def counted(self, *arguments: str) -> dict[str, int]:
        """What the preview of an update counts, which is what the update then does; its text stays in ``shown``."""
        self.shown = self.run("up", "--yes", "--stack", STACK, *arguments)
        foreseen, done = (
            {word: int(count) for count, word in re.findall(r"(\d+) (?:to )?([a-z]+)", block)}
            for block in re.findall(r"Resources:\n((?: +\S.*\n)+)", self.shown)
        )
        words = {"unchanged": "same", **{word: word for word in ("create", "update", "delete", "replace")}}
        counts = {name: foreseen[word] for word, name in words.items() if word in foreseen}
        told = {
            name: done.get(word if name == "same" else f"{word}d") for word, name in words.items() if name in counts
        }
        assert told == counts and len(done) == len(foreseen), self.shown
        return counts

    def preview(self) -> dict[str, int]:
        """Counts of operations by a preview."""
        return json.loads(self.run("preview", "--json", "--stack", STACK))["changeSummary"]

    def state(self) -> str:
        """The state file as it lies on disk."""
        return (self.folder / "backend/.pulumi/stacks/xai-telephony" / f"{STACK}.json").read_text()

    def resources(self) -> dict[str, dict[str, Any]]:
        """Custom resources by type and name, such as ``twilio:Trunk +14155550100/trunk``."""
        exported = json.loads(self.run("stack", "export", "--show-secrets", "--stack", STACK))
        listed = exported["deployment"].get("resources", [])
        return {
            f"{item['type'].split('/')[-1]} {item['urn'].split('::')[-1]}": item
            for item in listed
            if "dynamic" in item["type"]
        }

    def secret(self, key: str) -> str:
        shown = self.run("stack", "output", "signing_secrets", "--show-secrets", "--json", "--stack", STACK)
        return json.loads(shown)[key]


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    running = Warm()
    yield running
    running.close()


@pytest.fixture(scope="session")
def begun(tmp_path_factory: pytest.TempPathFactory, sandbox_process: str) -> Project:
    """A project in which nothing was done but to make the stack."""
    return Project(tmp_path_factory.mktemp("begun"), Sandbox(sandbox_process))


@pytest.fixture
def project(request: pytest.FixtureRequest, tmp_path: Path, sandbox: Sandbox) -> Project:
    """A project whose Python starts warm, unless it must start as a user's does (mark ``plain``)."""
    if request.node.get_closest_marker("plain"):
        return Project(tmp_path, sandbox)
    warm: Warm = request.getfixturevalue("warm")
    return Project(tmp_path, sandbox, warm.bin, request.getfixturevalue("begun"))

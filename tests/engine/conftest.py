"""Runs the real Pulumi CLI on a project of its own, against the sandbox."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import _FOREIGN, ROOT, Sandbox

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
    """A Pulumi project with one stack file, a backend of its own, and the sandbox's credentials."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder, self.sandbox = folder, sandbox
        bin = Path(sys.executable).parent
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
        (folder / ".venv").symlink_to(sys.prefix)
        (folder / "stacks").mkdir()
        (folder / "backend").mkdir()
        (folder / "home").mkdir()
        self.run("stack", "select", "--create", STACK)

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


@pytest.fixture
def project(tmp_path: Path, sandbox: Sandbox) -> Project:
    return Project(tmp_path, sandbox)

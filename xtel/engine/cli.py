"""Runs the Pulumi CLI for verbs that ask it something; every verb that can work without it says so and goes on."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from providers.kernel import log, secrecy
from providers.kernel.errors import XtelError
from xtel.engine import interrupts
from xtel.engine.step import said
from xtel.project import layout, programs

_SECONDS = 60
_log = logging.getLogger(__name__)
#: Commands for which Pulumi starts the project's Python.
_RUN_THE_PROGRAM = frozenset({"up", "preview", "refresh", "destroy"})


#: What Pulumi says where it does not know the state or how its secrets are encrypted, and the line that helps.
_LACKING = (
    (
        r"PULUMI_ACCESS_TOKEN|not logged in|invalid access token",
        "`pulumi login URL` or `export PULUMI_BACKEND_URL=URL`, and where a passphrase encrypts it also "
        "`export PULUMI_CONFIG_PASSPHRASE_FILE=FILE` (docs/state.md)",
    ),
    (
        r"passphrase must be set",
        "`export PULUMI_CONFIG_PASSPHRASE_FILE=FILE` or `export PULUMI_CONFIG_PASSPHRASE=…`, as the stack was made with "
        "(docs/state.md)",
    ),
    (r"no stack named", "`pulumi stack ls` shows those there are, `pulumi stack init STACK` makes it"),
    (r"unexpected end of JSON input|failed to load checkpoint", "`xtel recover STACK`: the state is cut"),
    (
        r"incorrect passphrase",
        "`export PULUMI_CONFIG_PASSPHRASE_FILE=FILE` with the passphrase that the stack was made with (docs/state.md)",
    ),
    (
        r"(?:open|access|list|read)\w* (?:the )?bucket|blob \(code=",
        "see that this is the place and that this machine may read it: `pulumi whoami --verbose`, PULUMI_BACKEND_URL "
        "(docs/state.md)",
    ),
)


def advice(text: str) -> str:
    """What helps where Pulumi finds no login, no state or no passphrase; empty where it is something else."""
    return next((step for pattern, step in _LACKING if re.search(pattern, text)), "")


class PulumiUnavailable(XtelError):
    """Pulumi is not here, or did not do what it was asked."""

    def __init__(self, message: str, *, step: str = "") -> None:
        named = re.search(r"--stack (\S+?):", message)
        found = advice(message).replace("STACK", named[1] if named else "STACK")
        super().__init__(message, step=found or step)


def found() -> bool:
    """Whether there is a Pulumi to run."""
    return shutil.which("pulumi", path=programs.search_path()) is not None


def run(
    arguments: list[str], root: Path, environment: Mapping[str, str], *, given: str = "", seconds: int = _SECONDS
) -> str:
    """What ``pulumi ARGUMENTS`` prints, run in the project's root; PulumiUnavailable with its own reason when it fails."""
    done = ask(arguments, root, environment, seconds, given)
    if done.returncode:
        raise PulumiUnavailable(f"pulumi {' '.join(arguments)}: {reason(done.stderr or done.stdout)}")
    return done.stdout


def ask(
    arguments: list[str], root: Path, environment: Mapping[str, str], seconds: int = _SECONDS, given: str = ""
) -> subprocess.CompletedProcess[str]:
    """The same with its exit code and both streams; PulumiUnavailable only where Pulumi cannot be run at all.

    ``given`` is what it reads from its standard input.
    """
    command, env = _command(arguments, root, environment)
    began, asked = time.monotonic(), interrupts.asked()
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    try:
        with interrupts.started(command, cwd=root, env=env, text=True, **streams) as process:
            out, err = process.communicate(given, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise PulumiUnavailable(f"pulumi {' '.join(arguments)}: no answer in {seconds} s") from None
    except OSError as error:
        raise PulumiUnavailable(f"pulumi {' '.join(arguments)}: cannot be run: {error.strerror}") from None
    ended(arguments, process.returncode, began)
    if interrupts.asked() and not asked and process.returncode:
        raise KeyboardInterrupt
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def ended(arguments: list[str], code: int, started: float) -> None:
    """A line of the log for one command of the CLI."""
    _log.debug("pulumi %s: exit %d in %.1f s", " ".join(arguments), code, time.monotonic() - started)


@contextmanager
def start(
    arguments: list[str], root: Path, environment: Mapping[str, str], stream: IO[str]
) -> Generator[subprocess.Popen[str]]:
    """The same while the block works; what it prints goes to ``stream``. After a Ctrl-C nothing is begun any more."""
    if interrupts.asked():
        raise KeyboardInterrupt
    command, env = _command(arguments, root, environment)
    streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": stream, "stderr": subprocess.STDOUT}
    with interrupts.started(command, cwd=root, env=env, text=True, **streams) as process:
        yield process


def _command(arguments: list[str], root: Path, environment: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    # Our provider's log comes with the engine's events, and is shown once: by whoever follows them.
    fixed = {"PULUMI_SKIP_UPDATE_CHECK": "1", log.VARIABLE: "", **environment, "PATH": programs.search_path()}
    env = {**os.environ, **fixed}
    program = shutil.which("pulumi", path=env["PATH"])
    if program is None:
        raise PulumiUnavailable("there is no pulumi on PATH", step="make setup")
    if arguments[0] in _RUN_THE_PROGRAM:
        _with_python(root)
    return [program, "--non-interactive", "--color=never", *arguments], env


def _with_python(root: Path) -> None:
    """Raises where Pulumi.yaml names a virtual environment that is not there, of which Pulumi makes a plugin that fails."""
    named = layout.virtualenv(root)
    if named and not (root / named).is_dir():
        raise PulumiUnavailable(
            f"Pulumi.yaml names the virtual environment {named}, and it is not there",
            step="make setup, or make it and install requirements.txt into it",
        )


def config(root: Path, stack: str, environment: Mapping[str, str], *, reveal: bool) -> dict[str, str | None]:
    """A stack's config. A secret is None unless ``reveal`` shows it, for asking vendors with what ``pulumi up`` would use;
    it is kept out of every text from then on.
    """
    text = run(["config", "--json", *(["--show-secrets"] if reveal else []), "--stack", stack], root, environment)
    told: dict[str, dict[str, Any]] = json.loads(text)
    found = {key: None if "value" not in entry else str(entry["value"]) for key, entry in told.items()}
    secrecy.register(*(found[key] for key, entry in told.items() if entry.get("secret")))
    return found


def reason(text: str) -> str:
    """The line that Pulumi itself calls the error; it comes first, hints follow."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    named = next((line for line in lines if line.startswith("error:")), lines[-1] if lines else "failed")
    return said(named.removeprefix("error:"))

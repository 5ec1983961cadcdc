"""Locks as `xtel recover` sees them: of a running update, of one that is gone, of another machine."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from xtel.operations import recover

HERE = socket.gethostname()


def text(host: str, pid: int) -> str:
    return (
        "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the "
        "lock file with `pulumi cancel`.\n"
        f"  file:///x/.pulumi/locks/organization/p/s/1.json: created by jo@{host} (pid {pid}) at 2026-11-21T09:30:00+01:00"
    )


def ended() -> int:
    """The id of a process that is no more."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_who_holds_it() -> None:
    [gone] = recover.locks(text(HERE, pid := ended()))
    assert str(gone) == f"jo@{HERE}, process {pid}, since 2026-11-21 09:30, which is gone"
    [elsewhere] = recover.locks(text("ci-runner-7", pid))
    assert str(elsewhere).endswith("which may still run")
    [unnamed] = recover.locks("error: [409] Conflict: Another update is currently in progress.")
    assert (unnamed.where, unnamed.holder) == ("elsewhere", "an update of this stack")


def test_a_process_with_the_same_id_that_is_no_pulumi_holds_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        [lock] = recover.locks(text(HERE, other.pid))
        assert lock.where == "gone"


def test_a_running_update_is_never_cancelled() -> None:
    command = [sys.executable, "-c", "print(flush=True); input()", "pulumi", "up"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdout and running.stdout.readline()  # from here on the system knows what it was started as
        found = list(recover.locks(text(HERE, running.pid)))
        with pytest.raises(recover.RecoveryRefused) as refused:
            recover.may_cancel("prod", found, lambda question: True)
    assert f"an update of prod is running here: jo@{HERE}, process {running.pid}" in str(refused.value)
    assert str(refused.value).endswith(f"; next: wait until it ends, or end it: kill {running.pid}")


def test_another_machines_lock_is_asked_about() -> None:
    found = list(recover.locks(text("ci-runner-7", 4242)))
    asked: list[str] = []
    with pytest.raises(recover.RecoveryRefused) as refused:
        recover.may_cancel("prod", found, lambda question: bool(asked.append(question)))
    assert "locked by jo@ci-runner-7, process 4242" in asked[0]
    assert "next: when no update runs any more: xtel recover prod --yes" in str(refused.value)
    recover.may_cancel("prod", found, lambda question: True)


def test_what_is_gone_needs_no_asking() -> None:
    recover.may_cancel("prod", list(recover.locks(text(HERE, ended()))), pytest.fail)

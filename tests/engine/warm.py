"""Python that starts warm: interpreters that a process which has imported everything forks off.

A run of the engine starts up to six of them (the list of packages, the program, the provider, for the preview and for
the update), and importing the SDKs was most of what a test of the engine cost. :class:`Warm` makes a folder of programs
whose ``python`` hands its arguments, folder, environment and files to the process that waits here; all that is seen
from outside is as ever: exit codes, signals, what is killed is gone. Another
``PYTHONPATH`` makes a plain start. Pages, the demo, the wheel and killed runs are tested with plain starts alone.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import pkgutil
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
import traceback
from contextlib import suppress
from io import BufferedReader, BufferedWriter, FileIO, TextIOWrapper
from pathlib import Path
from typing import Any, cast

from tests.conftest import _FOREIGN, ROOT

#: Ours, with every module of theirs; then what they import late, and what the engine runs beside them.
_OURS = ("providers", "xai_resources", "stacks", "xtel")
_OTHERS = (
    *("argparse", "pulumi", "pulumi.dynamic", "pulumi.automation", "dill", "grpc", "twilio.rest", "telnyx", "plivo"),
    *("pip._internal.cli.main", "pip._internal.commands.list"),
)
#: Run as ``__main__``, which warns of what is imported already.
_MAIN = "xtel.cli"

#: ``python`` in the folder of programs: a plain start costs 50 ms more for its site-packages alone, so it has none.
_PROGRAM = """#!{python} -IS
import _signal, _socket, os, sys
given = sys.argv[1:]
rest = given[1:] if given[:1] == ["-u"] else given
if not rest or (rest[0].startswith("-") and rest[0] != "-m") or os.environ.get("PYTHONPATH") != {path!r}:
    os.execv({python!r}, [{python!r}, *given])
line = _socket.socket(_socket.AF_UNIX)
line.connect({address!r})
what = [*map(os.fsencode, (os.getcwd(), str(len(given)), *given)), *(b"=".join(each) for each in os.environb.items())]
said = b"\\0".join(what)
files = b"".join(file.to_bytes(4, sys.byteorder) for file in (0, 1, 2))
line.sendmsg([len(said).to_bytes(4, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, files)])
line.sendall(said)
for number in (1, 2, 15):
    _signal.signal(number, lambda number, frame: line.send(bytes([number])))
answer = line.recv(4)
status = int.from_bytes(answer, "big", signed=True) if answer else 1
if status < 0:
    _signal.signal(-status, _signal.SIG_DFL) if -status != 9 else None
    os.kill(os.getpid(), -status)
os._exit(status)
"""


class Warm:
    """A folder of programs, ``bin``, whose ``python`` starts warm, and the process behind it, as long as this lives."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="warm"))  # not below a test's folder: a socket's path must be short
        self.bin = self._folder / "venv/bin"
        self.bin.mkdir(parents=True)
        for program in Path(sys.executable).parent.iterdir():
            if not program.name.startswith("python"):
                (self.bin / program.name).symlink_to(program)
        address = str(self._folder / "line")
        program = _PROGRAM.format(python=sys.executable, address=address, path=os.environ.get("PYTHONPATH"))
        for name in ("python", "python3"):
            (self.bin / name).write_text(program)
            (self.bin / name).chmod(0o755)
        env = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        command = [sys.executable, "-m", "tests.engine.warm", address]
        self._process = subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout
        assert self._process.stdout.readline() == b"warm\n"

    def close(self) -> None:
        """End it, and every interpreter that still runs."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=30)
        shutil.rmtree(self._folder)


class _Server:
    """Forks an interpreter for every line; an interpreter ends with its line, a line is told how its interpreter ended."""

    def __init__(self, address: str) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(address)
        self._listener.listen(64)
        self._lines: dict[int, socket.socket] = {}
        self._ended, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

    def serve(self) -> list[bytes]:
        """Answers in the interpreter that was forked, with what it was asked to do; ends the process when its stdin does."""
        while True:
            ready, _, _ = select.select([0, self._ended, self._listener, *self._lines.values()], [], [])
            if 0 in ready:
                for pid in self._lines:
                    os.kill(pid, signal.SIGKILL)
                os._exit(0)
            for pid, line in list(self._lines.items()):
                if line in ready:
                    self._pass_on(pid, line)
            if self._ended in ready:
                os.read(self._ended, 4096)
                self._reap()
            if self._listener in ready and (asked := self._accept()) is not None:
                return asked

    def _pass_on(self, pid: int, line: socket.socket) -> None:
        """A signal to whoever holds the line is one to its interpreter; that it is gone is a kill."""
        numbers = b""
        with suppress(ConnectionError):
            numbers = line.recv(16)
        for number in numbers or [signal.SIGKILL]:
            os.kill(pid, number)
        if not numbers:
            self._lines.pop(pid).close()

    def _reap(self) -> None:
        with suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                if line := self._lines.pop(found[0], None):
                    with suppress(OSError):
                        line.send(os.waitstatus_to_exitcode(found[1]).to_bytes(4, "big", signed=True))
                    line.close()

    def _accept(self) -> list[bytes] | None:
        line, _ = self._listener.accept()
        size, files, _, _ = socket.recv_fds(line, 4, 3)
        said = b""
        while len(said) < int.from_bytes(size, "big"):
            said += line.recv(65536)
        if pid := os.fork():
            self._lines[pid] = line
            for file in files:
                os.close(file)
            return None
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        for other in (self._listener, line, *self._lines.values()):
            other.close()
        return said.split(b"\0")


def _run(asked: list[bytes]) -> int:
    """What the command line asks for, in a process that looks freshly started; answers the exit code."""
    folder, count, *rest = asked
    arguments = [os.fsdecode(each) for each in rest[: int(count)]]
    os.chdir(folder)
    os.environb.clear()
    os.environb.update(cast(Any, (each.split(b"=", 1) for each in rest[int(count) :])))
    unbuffered = arguments[0] == "-u"
    out = FileIO(1, "w") if unbuffered else BufferedWriter(FileIO(1, "w"))
    sys.stdin = TextIOWrapper(BufferedReader(FileIO(0)), "utf-8")
    sys.stdout = TextIOWrapper(cast(Any, out), "utf-8", write_through=unbuffered)
    sys.stderr = TextIOWrapper(cast(Any, FileIO(2, "w")), "utf-8", "backslashreplace", write_through=True)
    sys.argv[:] = arguments[unbuffered:]
    try:
        if sys.argv[0] == "-m":
            name = sys.argv[1]
            del sys.argv[0]
            sys.path.insert(0, os.getcwd())
            runpy.run_module(name, run_name="__main__", alter_sys=True)
        else:
            sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[0])))
            runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return ended.code or 0
        sys.stderr.write(f"{ended.code}\n")
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _end(code: int) -> None:
    """As an interpreter ends, without taking every module apart."""
    cast(Any, threading)._shutdown()
    cast(Any, atexit)._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def main() -> None:
    """Import everything, say so, and fork."""
    del sys.path[0]
    ours = [f"{found.name}" for room in _OURS for found in pkgutil.walk_packages([str(ROOT / room)], f"{room}.")]
    for name in (*_OTHERS, *_OURS, *ours):
        importlib.import_module(name)
    del sys.modules[_MAIN]
    gc.collect()
    gc.freeze()
    server, venv = _Server(sys.argv[1]), Path(sys.argv[1]).parent / "venv"
    sys.executable, sysconfig.get_config_vars()["base"] = (
        str(venv / "bin/python"),
        str(venv),
    )  # what they start is warm too
    os.write(1, b"warm\n")
    asked = server.serve()
    _end(_run(asked))


if __name__ == "__main__":
    main()

"""An Asterisk of its own with nothing but a bundle, in a namespace where names are asked of this machine.

Needs root and ``unshare``. ``XTEL_TEST_ASTERISK``: the root folder of a system that has Asterisk, such as one that
debootstrap made; without it the machine's own is used.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pytest

ROOT = Path(os.environ.get("XTEL_TEST_ASTERISK") or "/")
_PROGRAM = "/usr/sbin/asterisk"
_MAIN = """[directories]
astetcdir => {folder}
astmoddir => {modules}
astvarlibdir => /var/lib/asterisk
astdbdir => {folder}
astkeydir => /var/lib/asterisk
astdatadir => /usr/share/asterisk
astspooldir => {folder}
astrundir => {folder}
astlogdir => {folder}
[options]
nocolor = yes
"""
_OTHER = {
    "modules.conf": """[modules]
autoload = yes
noload = chan_iax2.so
noload = chan_unistim.so
noload = res_pjsip_transport_websocket.so
noload = res_phoneprov.so
""",
    "logger.conf": "[general]\n[logfiles]\nlog => notice,warning,error,verbose(5)\n",
    "rtp.conf": "[general]\nrtpstart=30000\nrtpend=30100\n",
    "indications.conf": "[general]\ncountry=us\n",
}


def version() -> str:
    """Whose bundles are run; empty where there is none."""
    if not (ROOT / _PROGRAM.lstrip("/")).exists() or os.geteuid() != 0 or shutil.which("unshare") is None:
        return ""
    said = subprocess.run(["chroot", ROOT, _PROGRAM, "-V"], capture_output=True, text=True, timeout=20, check=False)
    return said.stdout.strip()


@dataclass(frozen=True)
class Asterisk:
    """A running one."""

    folder: Path

    def command(self, line: str) -> str:
        """What it says to a command of its console."""
        inside = f"/{self.folder.relative_to(ROOT)}/asterisk.conf"
        asked = ["chroot", str(ROOT), _PROGRAM, "-C", inside, "-rx", line]
        return subprocess.run(asked, capture_output=True, text=True, timeout=20, check=False).stdout

    def call(self, extension: str, seconds: int = 2) -> None:
        """A call as the carrier delivers it: somebody talks for so long once it is answered."""
        self.command(f"channel originate Local/{extension}@from-carrier/n application Wait {seconds}")

    def log(self) -> str:
        """Everything that it noted."""
        return (self.folder / "log").read_text()


@contextmanager
def running(files: Mapping[str, str], resolver: str, more: Mapping[str, str] | None = None) -> Iterator[Asterisk]:
    """Runs a bundle's files as the whole configuration; ``more`` is appended to pjsip.conf and extensions.conf."""
    if not version():
        assert "asterisk" not in os.environ.get("XTEL_TEST_PROGRAMS", "").split(), "asterisk is not here, or no root"
        pytest.skip("asterisk is not installed, or only root could run it")
    folder = Path(mkdtemp(prefix="xtel-", dir=ROOT / "tmp"))
    try:
        _write(folder, files, more or {})
        (folder / "resolv.conf").write_text(f"nameserver {resolver}\n")
        inside = f"/{folder.relative_to(ROOT)}"
        mounted = f"mount --bind '{folder}/resolv.conf' '{_resolv()}'"
        script = f"{mounted} && exec chroot '{ROOT}' {_PROGRAM} -fn -C {inside}/asterisk.conf"
        with (folder / "console").open("wb") as console:
            process = subprocess.Popen(["unshare", "--mount", "sh", "-c", script], stdout=console, stderr=console)
        asterisk = Asterisk(folder)
        try:
            _started(asterisk, process)
            yield asterisk
        finally:
            process.terminate()
            process.wait(20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _resolv() -> Path:
    return (ROOT / "etc/resolv.conf").resolve()


def _write(folder: Path, files: Mapping[str, str], more: Mapping[str, str]) -> None:
    [modules] = ROOT.glob("usr/lib/*/asterisk/modules") or ROOT.glob("usr/lib/asterisk/modules")
    inside = f"/{folder.relative_to(ROOT)}"
    main = _MAIN.format(folder=inside, modules=f"/{modules.relative_to(ROOT)}")
    includes = [f'#include "{name}"' for name in sorted(files) if name.startswith("pjsip_") and "secret" not in name]
    dialplan = [name for name in files if name.startswith("extensions_")]
    number = re.findall(r"\[(xai-\d+)\]", files[dialplan[0]])[0]
    written = {
        **_OTHER,
        **files,
        "asterisk.conf": main,
        "pjsip.conf": "\n".join([*includes, more.get("pjsip.conf", "")]),
        "extensions.conf": "\n".join(
            [f'#include "{dialplan[0]}"', "[from-carrier]", f"include => {number}", more.get("extensions.conf", "")]
        ),
    }
    for name, text in written.items():
        (folder / name).write_text(text + "\n")


def _started(asterisk: Asterisk, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 30
    while "fully booted" not in asterisk.command("core waitfullybooted").lower():
        assert process.poll() is None, (asterisk.folder / "console").read_text()
        assert time.monotonic() < end, (asterisk.folder / "console").read_text()
        time.sleep(0.2)

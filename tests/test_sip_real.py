"""Bundles as the real programs read them, where they are installed; what can be said without them is said everywhere.

Debian: kamailio kamailio-tls-modules kamailio-extra-modules, libxml2-utils. PyPI: asterisklint.
OpenSIPS has no Debian package: on a machine with it, its own check runs. Programs that XTEL_TEST_PROGRAMS names must be
there. CUBE and other SBCs: tests/sbc.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path

import pytest

from providers.sip import bundle, render
from tests.test_sip import FALLBACK, PASSWORD, VARIANTS, inputs

every_variant = pytest.mark.parametrize("variant", VARIANTS)


def written(folder: Path, platform: str, variant: str, password: str = PASSWORD) -> dict[str, str]:
    wanted = inputs(platform, **VARIANTS[variant])
    made = bundle.files(wanted)
    files = dict(made.texts) | dict([(made.secret, made.sealed(password))] if made.secret else [])
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return files


def installed(name: str) -> str | None:
    """The program, or None where nobody promised that it is there."""
    found = shutil.which(name)
    assert found or name not in os.environ.get("XTEL_TEST_PROGRAMS", "").split(), f"{name} is not on PATH"
    return found


def accepted(*command: str, cwd: Path, by: str = "") -> None:
    """The program accepts it; where it is not installed there is nothing to ask."""
    program = installed(command[0])
    if program is None:
        return
    done = subprocess.run([program, *command[1:]], cwd=cwd, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert by in done.stdout + done.stderr


@every_variant
@pytest.mark.parametrize("platform", ["kamailio", "opensips"])
def test_a_proxy_takes_it(platform: str, variant: str, tmp_path: Path) -> None:
    files = written(tmp_path, platform, variant, password='p"w\\#;1')
    if platform == "kamailio":
        accepted("kamailio", "-c", "-f", str(tmp_path / "kamailio.cfg"), cwd=tmp_path, by="config file ok")
    else:
        accepted("opensips", "-C", "-f", str(tmp_path / "opensips.cfg"), cwd=tmp_path)
    _is_one_program("\n".join(text for name, text in files.items() if name.endswith(".cfg") and name != "tls.cfg"))


CERTIFICATES = {
    "kamailio": ("/etc/kamailio/kamailio-selfsigned.key", "/etc/kamailio/kamailio-selfsigned.pem"),
    "opensips": ("/etc/opensips/tls/key.pem", "/etc/opensips/tls/cert.pem"),
    "freeswitch": ("/etc/freeswitch/tls/agent.pem", "/etc/freeswitch/tls/agent.pem"),
}


@pytest.mark.parametrize("platform", CERTIFICATES)
def test_the_certificate_that_a_program_does_not_start_without_is_a_step(platform: str, tmp_path: Path) -> None:
    """The command on the page makes what the files name; the checks of the programs read no certificate."""
    made = bundle.files(inputs(platform))
    page = made.page
    assert page is not None
    step, command = next(
        (step, found[0]) for step in page.steps if (found := re.findall(r"`(openssl req [^`]+)`", step))
    )
    key, certificate = CERTIFICATES[platform]
    files = "\n".join(text for name, text in made.texts.items() if name != "README.md")
    for path in (key, certificate):
        assert path in command
        if platform != "freeswitch":  # it has one folder for them, which the step names
            assert path in files, path
    if platform != "freeswitch":
        assert f"`chmod 640 {key}`" in step
    folder = tmp_path / Path(key).parent.name
    folder.mkdir()
    accepted("sh", "-c", command.replace(str(Path(key).parent), str(folder)), cwd=tmp_path)
    if installed("openssl"):
        assert "PRIVATE KEY" in (folder / Path(key).name).read_text()
        accepted("openssl", "x509", "-noout", "-in", str(folder / Path(certificate).name), cwd=tmp_path)


@pytest.mark.parametrize("platform", ["kamailio", "opensips"])
def test_the_service_reads_the_password_though_it_is_not_root(platform: str) -> None:
    """``--with-secrets`` writes mode 0600; Debian's unit has ``User=``, and a check as root reads everything."""
    made = bundle.files(inputs(platform, username="hq"))
    plain = bundle.files(inputs(platform)).page
    assert made.page is not None and plain is not None
    path = f"/etc/{platform}/{made.secret}"
    steps = [step for step in made.page.steps if f"`chgrp {platform} {path}`" in step]
    assert len(steps) == 1
    assert f"`chmod 640 {path}`" in steps[0]
    assert [step for step in plain.steps if "password's file" in step] == []


def test_kamailio_starts_with_the_certificate_of_the_steps_and_not_without(tmp_path: Path) -> None:
    program = installed("kamailio")
    page = bundle.files(inputs("kamailio")).page
    assert page is not None
    assert any("`kamailio -c" in step and "reads no certificate" in step for step in page.steps)
    if program is None:
        return
    port = free_port()
    # with a media relay each process would wait for one
    for name, text in written(tmp_path, "kamailio", "fallback-allowlist-no-srtp").items():
        (tmp_path / name).write_text(text.replace("/etc/kamailio/", f"{tmp_path}/"))
    command = [program, "-DD", "-E", "-f", str(tmp_path / "kamailio.cfg"), "-Y", str(tmp_path), "-m", "64", "-M", "8"]
    command += ["-n", "1", "-N", "1"]
    command += ["-l", f"udp:127.0.0.1:{free_port()}", "-l", f"tls:127.0.0.1:{port}"]
    accepted(program, "-c", "-f", str(tmp_path / "kamailio.cfg"), cwd=tmp_path, by="config file ok")
    bare = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert bare.returncode != 0
    assert "Unable to load certificate file" in bare.stderr
    making = next(found[0] for step in page.steps if (found := re.findall(r"`(openssl req [^`]+)`", step)))
    accepted("sh", "-c", making.replace("/etc/kamailio/", f"{tmp_path}/"), cwd=tmp_path)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        assert _certificate(port, process) == (tmp_path / "kamailio-selfsigned.pem").read_text().split()
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=20)


def _certificate(port: int, process: subprocess.Popen[bytes]) -> list[str]:
    """The certificate that is shown at the port, as words, once somebody listens there."""
    for _ in range(100):
        assert process.poll() is None, "it ended"
        try:
            return ssl.get_server_certificate(("127.0.0.1", port), timeout=5).split()
        except OSError:
            time.sleep(0.1)
    raise AssertionError("nobody listens")


def _is_one_program(text: str) -> None:
    """Quotes and braces close, every route that is named exists once, every file that is included is there."""
    plain = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    bare = re.sub(r'"(?:[^"\\\n]|\\.)*"', "", plain)
    assert '"' not in bare
    depth = 0
    for character in bare:
        depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth >= 0
    assert depth == 0
    made = re.findall(r"^(route|failure_route|onreply_route)\[(\w+)\]", plain, re.MULTILINE)
    assert len(made) == len(set(made))
    uses = {
        "route": r"\broute\((\w+)\)",
        "failure_route": r't_on_failure\("(\w+)"\)',
        "onreply_route": r't_on_reply\("(\w+)"\)',
    }
    for kind, pattern in uses.items():
        assert set(re.findall(pattern, plain)) == {name for made_kind, name in made if made_kind == kind}


def test_the_check_without_the_program_finds_what_is_wrong() -> None:
    for wrong in ('x = "a', "route[A] {", "}", 'route[A] { t_on_failure("B"); } route[C] { route(A); }', "route(A);"):
        with pytest.raises(AssertionError):
            _is_one_program(wrong)


@every_variant
def test_freeswitch_files_are_xml(variant: str, tmp_path: Path) -> None:
    import xml.etree.ElementTree as ET

    files = written(tmp_path, "freeswitch", variant)
    names = [name for name in files if name.endswith((".xml", ".secret"))]
    accepted("xmllint", "--noout", *names, cwd=tmp_path)
    for name in names:
        assert ET.fromstring(files[name]).tag == "include"


@every_variant
def test_asterisk_sections_are_whole(variant: str, tmp_path: Path) -> None:
    files = written(tmp_path, "asterisk", variant)
    (tmp_path / "extensions.conf").write_text('[general]\n\n[globals]\n\n#include "extensions_xai_14155550123.conf"\n')
    accepted("asterisklint", "dialplan-check", "extensions.conf", cwd=tmp_path)
    sections: dict[str, dict[str, str]] = {}
    for name, text in files.items():
        if not name.startswith("pjsip"):
            continue
        current: dict[str, str] = {}
        for line in text.splitlines():
            if opened := re.fullmatch(r"\[([\w-]+)\]", line):
                current = sections[f"{opened[1]} {len(sections)}"] = {}
            elif line and not line.startswith((";", "#include")):
                key, value = re.fullmatch(r"([a-z_]+)=(.+)", line).groups()  # type: ignore[union-attr]
                assert not re.search(r"(?<!\\);", value), "an unescaped ; would end the value"
                current[key] = value
    kinds = {f"{name.split()[0]} {section['type']}" for name, section in sections.items()}
    for section in sections.values():
        for key, kind in (("aors", "aor"), ("outbound_auth", "auth"), ("transport", "transport")):
            assert key not in section or f"{section[key]} {kind}" in kinds
    dialled = set(re.findall(r"PJSIP/([\w-]+)/", files["extensions_xai_14155550123.conf"]))
    assert dialled == {kind.split()[0] for kind in kinds if kind.endswith(" endpoint")}


def test_a_fallback_gets_no_password_of_ours() -> None:
    text = bundle.files(inputs("asterisk", username="hq", fallback=FALLBACK)).texts["pjsip_xai_14155550123.conf"]
    ours, *fallbacks = text.split("; who rings when")
    assert "outbound_auth=" in ours
    assert len(fallbacks) == 2
    assert not [part for part in fallbacks if "outbound_auth" in part]


#: Characters that begin something in these languages, in every place; ``$`` and backticks are refused by name.
_PASSWORDS = (
    "p\"w\\#;1%!'{x}:@|~<&>=", '"', "\\", '\\"', "#!define", "a//b/*c*/", "'quoted'", "{x}", "%{1}%s\\n", "!;exit;",
    "".join(sorted(set(map(chr, range(33, 127))) - set("$`"))),
)  # fmt: skip


def test_kamailio_holds_every_password_as_it_is(tmp_path: Path) -> None:
    """What a running Kamailio has in its variable is what was to be written."""
    program = installed("kamailio")
    if program is None:
        return
    seen, names = "", list[str]()
    for place, password in enumerate(_PASSWORDS):
        wanted = inputs("kamailio", username="hq") | {"phone_number": f"+1415555{place:04}"}
        names.append(f"XAI_1415555{place:04}_PASSWORD")
        (tmp_path / f"{place}.cfg").write_text(render.secret(wanted, password))
        seen += f'include_file "{place}.cfg"\n'
    says = " ".join(f'$var(p) = {name}; xlog("L_ERR", "said:$(var(p){{s.encode.hexa}})\\n");' for name in names)
    (tmp_path / "kamailio.cfg").write_text(
        f'listen=udp:127.0.0.1:{free_port()}\nloadmodule "pv.so"\nloadmodule "xlog.so"\n{seen}'
        f"event_route[core:worker-one-init] {{ {says} }}\nrequest_route {{ exit; }}\n"
    )
    command = [program, "-DD", "-E", "-f", str(tmp_path / "kamailio.cfg"), "-Y", str(tmp_path), "-m", "64", "-M", "8"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    found: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        found += re.findall(r"said:([0-9a-f]*)", line)
        if len(found) == len(_PASSWORDS):
            break
    os.killpg(process.pid, signal.SIGKILL)  # with its workers: ended in order, one that still begins is waited for
    process.communicate(timeout=20)
    assert [bytes.fromhex(text).decode() for text in found] == list(_PASSWORDS)


def free_port() -> int:
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

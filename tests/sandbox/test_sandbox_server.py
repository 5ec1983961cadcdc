"""The process: starting, ending, staying local, keeping its state, standing a crowd."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=10, check=False
    )


def test_refuses_to_be_reachable_from_outside() -> None:
    done = run("--host", "0.0.0.0")
    assert (done.returncode, "loopback" in done.stderr) == (2, True)


def test_says_why_it_cannot_start(start, tmp_path: Path) -> None:
    """Among the reasons: two sandboxes never share a state file."""
    running = start(tmp_path / "network.db")
    taken = run("--port", str(httpx.URL(running.url).port))
    assert (taken.returncode, "in use" in taken.stderr) == (1, True)
    locked = run("--db", str(tmp_path / "network.db"))
    assert (locked.returncode, "locked" in locked.stderr) == (1, True)


def test_ready_file_names_the_running_process(sandbox) -> None:
    import json

    ready = json.loads(sandbox.ready.read_text())
    assert ready == {
        "port": httpx.URL(sandbox.url).port,
        "pid": sandbox.process.pid,
        "url": f"http://127.0.0.1:{ready['port']}",
    }
    assert sandbox.control("GET", "health") == {"ok": True}


def test_ends_quietly_even_with_a_request_under_way(start) -> None:
    server = start()
    server.fault("* /**", "delay", seconds=60)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lambda: httpx.get(server.url + "/v1/api-key", timeout=20, verify=False))
        while not server.log():
            time.sleep(0.01)
        begin = time.monotonic()
        code, output = server.stop()
        assert isinstance(waiting.exception(), httpx.TransportError)
    assert (code, output) == (0, "")
    assert not server.ready.exists()
    assert time.monotonic() - begin < 5


def test_state_outlives_the_process(start, tmp_path: Path) -> None:
    """Ended in peace and then killed: nothing is lost either time."""
    db = tmp_path / "network.db"
    server = start(db)
    sid = server.twilio("POST", "/v1/Trunks", {"FriendlyName": "kept"}).json()["sid"]
    server.fault("GET /v1/Trunks", "status", times=2)
    server.switch(xai_casing="camel")
    assert server.twilio("GET", "/v1/Trunks").status_code == 503
    numbers, entries = server.state()["xai"], 2
    for end in (signal.SIGTERM, signal.SIGKILL):
        os.kill(server.process.pid, end)
        server.process.communicate(timeout=10)
        server = start(db)
        assert [trunk["sid"] for trunk in server.state()["twilio"]["trunks"]] == [sid]
        assert server.state()["xai"] == numbers
        assert len(server.log()) == entries
        assert server.control("GET", "faults")[0]["times"] == 1
        assert server.control("GET", "switches")["xai.casing"] == "camel"
        server.twilio("GET", "~.json")
        entries += 1

    server.stop()
    with sqlite3.connect(db) as connection:  # a file of another version starts afresh
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    state = start(db).state()["twilio"]
    assert (state["trunks"], len(state["numbers"])) == ([], 4)


def test_half_a_request_is_none(sandbox) -> None:
    with socket.create_connection((httpx.URL(sandbox.url).host, httpx.URL(sandbox.url).port)) as line:
        line.sendall(b"POST /v1/Trunks HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nFriendly")
    assert sandbox.control("GET", "health") == {"ok": True}
    assert sandbox.log() == []


def test_a_crowd_of_clients_loses_and_doubles_nothing(sandbox) -> None:
    """32 at once: every trunk is made once, one of 32 registrations of the same number wins."""

    def work(index: int) -> tuple[int, int]:
        with httpx.Client(base_url=sandbox.url, timeout=10, verify=False) as client:
            auth = (sandbox.env["TWILIO_ACCOUNT_SID"], sandbox.env["TWILIO_AUTH_TOKEN"])
            made = [client.post("/v1/Trunks", auth=auth, data={"FriendlyName": f"{index}-{n}"}) for n in range(3)]
            body = {"origin": "byo_trunk", "name": "x", "phone_number": "+14155550100"}
            key = {"Authorization": f"Bearer {sandbox.env['XAI_API_KEY']}"}
            return sum(each.status_code == 201 for each in made), client.post(
                "/v2/phone-numbers", json=body, headers=key
            ).status_code

    with ThreadPoolExecutor(32) as pool:
        results = list(pool.map(work, range(32)))
    assert sum(made for made, _ in results) == 96
    assert sorted(status for _, status in results) == [200] + [409] * 31
    names = [trunk["friendly_name"] for trunk in sandbox.state()["twilio"]["trunks"]]
    assert len(set(names)) == len(names) == 96
    assert len(sandbox.log()) == 128


def test_fast_enough_to_be_used_without_a_thought(sandbox) -> None:
    begin = time.monotonic()
    for _ in range(100):
        sandbox.xai("GET", "/v2/phone-numbers")
    assert (time.monotonic() - begin) / 100 < 0.02


def test_unknown_paths_belong_to_nobody(sandbox) -> None:
    assert sandbox.http.get("/nothing").status_code == 404
    assert sandbox.log()[0]["vendor"] is None

"""`lpm serve` as people run it: checked, killed, started again."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from running_server import ANN, ask, said

from lpm.testing import save_tiny_backbone


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("process")
    backbone = save_tiny_backbone(folder / "backbone")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return {
        **os.environ,
        "LPM_HOME": str(folder / "home"),
        "LPM_KEYS": str(folder / "keys.json"),
        "LPM_BACKBONE": str(backbone),
        "LPM_PORT": str(port),
    }


def lpm(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lpm", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def started(environment: dict[str, str], key: str) -> tuple[subprocess.Popen[bytes], httpx.Client]:
    process = subprocess.Popen(
        [sys.executable, "-m", "lpm", "serve"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    client = httpx.Client(
        base_url=f"http://127.0.0.1:{environment['LPM_PORT']}",
        headers={"Authorization": f"Bearer {key}"},
        timeout=60,
    )
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended by itself"
        try:
            if client.get("/readyz").status_code == 200:
                return process, client
        except httpx.TransportError:
            time.sleep(0.1)
    client.close()
    process.kill()
    process.wait(30)
    raise AssertionError("the server did not become ready")


def test_it_is_checked_served_killed_and_served_again(environment):
    refused = lpm(environment, "serve", "--check")
    assert refused.returncode == 2 and "lpm keys create" in refused.stderr
    key = json.loads(lpm(environment, "keys", "create", "--tenant", "acme", "--json").stdout)["key"]
    assert "acme" in lpm(environment, "keys", "list").stdout
    checked = lpm(environment, "serve", "--check")
    assert checked.returncode == 0 and "ready to be served" in checked.stdout
    body = {
        "sessions": [{"session_id": "s1", "messages": [{"role": "user", "content": ANN}]}],
        "refine_steps": 0,
    }
    process, client = started(environment, key)
    try:
        model = client.get("/v1/models").json()["data"][0]["id"]
        assert client.post("/v1/memories/ann/sessions", json=body).status_code == 201
        before = said(ask(client, "ann", "Where does Lena live?", model=model))
        jobs = [client.post(f"/v1/memories/late{n}/jobs", json=body) for n in range(4)]
        assert [job.status_code for job in jobs] == [202] * 4
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        client.close()
        process, client = started(environment, key)
        assert said(ask(client, "ann", "Where does Lena live?", model=model)) == before
        deadline = time.monotonic() + 60
        for job in jobs:
            path = f"/v1/jobs/{job.json()['job_id']}"
            while (told := client.get(path).json())["state"] != "done":
                assert time.monotonic() < deadline, told
                time.sleep(0.1)
            assert told["version"] == 1
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        assert process.returncode in (0, -signal.SIGTERM)
    finally:
        client.close()
        process.kill()
        process.wait(30)


@pytest.mark.parametrize(
    ("name", "value"), [("LPM_PORT", "70000"), ("LPM_MAX_BATCH", "0"), ("LPM_HOT_BYTES", "x")]
)
def test_wrong_settings_are_named(environment, name, value):
    failed = lpm(environment | {name: value}, "serve", "--check")
    assert failed.returncode == 2 and name in failed.stderr
    assert len(failed.stderr.splitlines()) == 1
    both = lpm(environment | {name: value, "LPM_WORKERS": "-1"}, "serve", "--check")
    assert len(both.stderr.splitlines()) == 2 and "LPM_WORKERS" in both.stderr


def test_the_check_tells_every_fault_in_a_line_of_its_own(environment, tmp_path: Path):
    (tmp_path / "file").write_text("no folder")
    wrong = {
        "LPM_MASTER_KEY": "a name with a slip",
        "LPM_KEYS": str(tmp_path / "absent.json"),
        "LPM_HOME": str(tmp_path / "file"),
        "LPM_BLOBS": "nothing://bucket",
        "LPM_QUOTA_STORAGE": "nothing://host",
        "LPM_BACKBONE": str(tmp_path / "absent"),
    }
    failed = lpm(environment | wrong, "serve", "--check")
    assert failed.returncode == 2 and failed.stdout == ""
    lines = failed.stderr.splitlines()
    told = ("LPM_MASTER_KEYS", "absent.json", "file'", "bucket", "LPM_QUOTA_STORAGE", "absent'")
    assert len(lines) == len(wrong)
    assert all(any(word in line for line in lines) for word in told)


def test_the_check_says_where_it_would_listen(environment):
    checked = lpm(environment | {"LPM_OPEN_ACCESS": "true"}, "serve", "--check", "--port", "8123")
    assert checked.stdout.endswith("is ready to be served on http://127.0.0.1:8123.\n")


def test_wrong_keys_of_the_command_line_change_nothing(environment, tmp_path: Path):
    file = environment | {"LPM_KEYS": str(tmp_path / "keys.json")}
    assert lpm(file, "keys", "create", "--scopes", "everything").returncode == 2
    assert lpm(file, "keys", "revoke", "unknown").returncode == 2
    assert not (tmp_path / "keys.json").exists()
    (tmp_path / "keys.json").write_text("no json")
    damaged = lpm(file, "keys", "list")
    assert damaged.returncode == 2 and "restore the file" in damaged.stderr

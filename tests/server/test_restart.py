"""One server takes over from another on the same socket and store: no request fails."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from running_server import ANN, ask

from lpm.testing import save_tiny_backbone

START_WITHIN_S = 240.0
QUESTION = "Where does Lena live?"


class Deployment:
    """What systemd does: holds the socket, starts servers on it, hears when each is ready."""

    def __init__(self, folder: Path) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self._told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._told.bind(str(folder / "notify"))
        self._told.settimeout(START_WITHIN_S)
        self._environment = {
            **os.environ,
            "LPM_HOME": str(folder / "home"),
            "LPM_BACKBONE": str(save_tiny_backbone(folder / "backbone")),
            "LPM_OPEN_ACCESS": "true",
            "LPM_LISTEN_FD": str(self.socket.fileno()),
            "LPM_LINGER_S": "0.3",
            "NOTIFY_SOCKET": str(folder / "notify"),
        }
        self.servers: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        self.servers.append(
            subprocess.Popen(
                [sys.executable, "-m", "lpm", "serve"],
                env=self._environment,
                pass_fds=[self.socket.fileno()],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        assert self.heard() == "READY=1"
        return self.servers[-1]

    def heard(self) -> str:
        return self._told.recv(100).decode()

    def close(self) -> None:
        for server in self.servers:
            server.kill()
            server.wait(30)
        self._told.close()
        self.socket.close()


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    made = Deployment(tmp_path)
    yield made
    made.close()


@contextmanager
def clients(url: str, **acts: Callable[[httpx.Client], str]) -> Iterator[Counter[str]]:
    """Let each client act again and again until the block ends; count what came of it."""
    seen: Counter[str] = Counter()
    over = threading.Event()

    def go_on(name: str, act: Callable[[httpx.Client], str]) -> None:
        with httpx.Client(base_url=url, timeout=60) as client:
            while not over.wait(0.05):
                try:
                    seen[f"{name}: {act(client)}"] += 1
                except httpx.HTTPError as error:
                    seen[f"{name}: {type(error).__name__}"] += 1

    threads = [threading.Thread(target=go_on, args=pair) for pair in acts.items()]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_no_request_fails_while_one_server_takes_over_from_another(deployment):
    old = deployment.start()
    with httpx.Client(base_url=deployment.url, timeout=60) as client:
        model = client.get("/v1/models").json()["data"][0]["id"]
        taught: list[str] = []

        def teach(client: httpx.Client, user: str = "ann", text: str = ANN) -> str:
            session = f"s{len(taught)}"
            messages = [{"role": "user", "content": text}]
            body = {"sessions": [{"session_id": session, "messages": messages}]}
            route = f"/v1/memories/{user}/sessions"
            answer = client.post(route, json={**body, "refine_steps": 0})
            if user != "ann" and answer.status_code == 201:
                taught.append(session)
            return str(answer.status_code)

        assert teach(client) == "201"
        expected = ask(client, "ann", QUESTION, model=model).json()["choices"][0]["message"]

    def kept_alive(client: httpx.Client) -> str:
        answer = ask(client, "ann", QUESTION, model=model)
        same = answer.json().get("choices", [{}])[0].get("message") == expected
        return "as expected" if same else str(answer.status_code)

    def new_connection(_: httpx.Client) -> str:
        with httpx.Client(base_url=deployment.url, timeout=60) as client:
            return str(client.get("/v1/models").status_code)

    def streamed(client: httpx.Client) -> str:
        answer = ask(client, "ann", QUESTION, model=model, stream=True, max_tokens=32)
        return "whole" if answer.text.endswith("data: [DONE]\n\n") else "cut off"

    def learning(client: httpx.Client) -> str:
        return teach(client, "bob", f"My boat number {len(taught)} lies in Gdansk.")

    acts = {act.__name__: act for act in (kept_alive, new_connection, streamed, learning)}
    with clients(deployment.url, **acts) as seen:
        deployment.start()
        before = Counter(seen)
        old.send_signal(signal.SIGTERM)
        assert deployment.heard() == "STOPPING=1"
        assert old.wait(60) in (0, -signal.SIGTERM)
        after = Counter(seen)
        threading.Event().wait(1.0)
    good = {
        "kept_alive: as expected",
        "new_connection: 200",
        "streamed: whole",
        "learning: 201",
    }
    assert set(seen) == good
    # Clients were at work while the old server drained, and once it was gone.
    assert all(before[one] < after[one] < seen[one] for one in good - {"learning: 201"}), seen
    with httpx.Client(base_url=deployment.url, timeout=60) as client:
        kept = client.get("/v1/memories/bob/sessions", params={"limit": 1000}).json()["data"]
    assert sorted(one["session_id"] for one in kept) == sorted(taught)


def test_a_stopping_server_says_so_answers_and_lets_go(deployment):
    server = deployment.start()
    with httpx.Client(base_url=deployment.url, timeout=60) as client:
        assert client.get("/readyz").json() == {"status": "ready"}
        assert client.get("/readyz").headers.get("connection") is None
        server.send_signal(signal.SIGTERM)
        assert deployment.heard() == "STOPPING=1"
        stopping = client.get("/readyz")
        assert (stopping.status_code, stopping.json()) == (503, {"status": "stopping"})
        assert stopping.headers["connection"] == "close"
    assert server.wait(60) in (0, -signal.SIGTERM)


def test_a_descriptor_that_is_no_listening_socket_is_refused(deployment, tmp_path):
    with socket.socket() as quiet:
        done = subprocess.run(
            [sys.executable, "-m", "lpm", "serve"],
            env=deployment._environment | {"LPM_LISTEN_FD": str(quiet.fileno())},
            pass_fds=[quiet.fileno()],
            capture_output=True,
            text=True,
            timeout=START_WITHIN_S,
        )
    assert done.returncode == 2 and "LPM_LISTEN_FD" in done.stderr

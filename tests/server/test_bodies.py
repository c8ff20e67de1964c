"""Bodies that are too large, and bodies that never come whole: neither is the server's failure."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from running_server import Running, running

MOST = 64 * 1024
TAKING = [
    ("PUT", "/v1/memories/ann/file"),
    ("POST", "/v1/memories/ann/file-sessions"),
    ("POST", "/v1/memories/ann/file-jobs"),
    ("POST", "/v1/memories/ann/sessions"),
    ("POST", "/v1/chat/completions"),
]
PATIENCE_S = 20


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("small"), max_body_bytes=MOST) as made:
        yield made


def pieces(size: int) -> Iterator[bytes]:
    """Yield a body that does not say how long it is."""
    for _ in range(size // 1024):
        yield b" " * 1024


def counted(server: Running, path: str) -> dict[str, float]:
    """Return how often a route was answered by each status."""
    route = f'route="{path.replace("ann", "{user}")}"'
    found = {}
    with server.client() as client:
        for line in client.get("/metrics").text.splitlines():
            if line.startswith("lpm_requests_total") and route in line:
                found[line.partition('status="')[2][:3]] = float(line.rpartition(" ")[2])
    return found


@pytest.mark.parametrize(("method", "path"), TAKING)
def test_a_body_that_grows_too_large_is_refused_as_such(small, caplog, method, path):
    with caplog.at_level(logging.INFO), small.client() as client:
        answer = client.request(method, path, content=pieces(2 * MOST))
    assert answer.status_code == 413, answer.text
    assert str(MOST) in answer.json()["error"]["message"]
    assert not [line for line in caplog.messages if "failure" in line]


@pytest.mark.parametrize(("method", "path"), TAKING)
@pytest.mark.parametrize("announced", [True, False])
def test_a_client_that_leaves_in_the_middle_is_no_failure(small, caplog, method, path, announced):
    place = urlsplit(small.url)
    how = "Content-Length: 1000" if announced else "Transfer-Encoding: chunked"
    begun = b"x" * 10 if announced else b"a\r\n" + b"x" * 10 + b"\r\n"
    lines = (f"{method} {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {small.north}", how)
    before = counted(small, path)
    with caplog.at_level(logging.INFO):
        with socket.create_connection((place.hostname, place.port)) as gone:
            gone.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode() + begun)
        deadline = time.monotonic() + PATIENCE_S
        while (now := counted(small, path)) == before:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    assert now == before | {"499": before.get("499", 0) + 1}
    assert not [line for line in caplog.messages if "failure" in line]
    assert any(json.loads(line)["status"] == 499 for line in caplog.messages if "499" in line)


def test_a_body_at_the_limit_is_read(small):
    line = b'{"role": "user", "content": "I keep bees."}'
    body = line + b"\n" * (MOST - len(line))
    with small.client() as client:
        for content in (body, iter([body])):
            answer = client.post(
                "/v1/memories/bea/file-sessions", content=content, params={"refine_steps": 0}
            )
            assert answer.status_code == 201, answer.text


def test_without_a_key_nothing_of_a_file_is_kept(small):
    with httpx.Client(base_url=small.url) as nobody:
        for method, path in TAKING[:3]:
            assert nobody.request(method, path, content=b"x").status_code == 401

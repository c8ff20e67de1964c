"""Who gets to the engine next: in turns between tenants, within bounds."""

from __future__ import annotations

import asyncio

import pytest

from lpm.server.admission import Admission
from lpm.server.engine import BusyError, StoppingError
from lpm.server.fair_queue import FairQueue


def test_tenants_take_turns_and_keep_their_order():
    queue: FairQueue[str] = FairQueue()
    queue.put("north", ["n1", "n2", "n3"])
    queue.put("south", ["s1"])
    queue.put("east", ["e1", "e2"])
    queue.put("west", [])
    assert len(queue) == 6 and queue.peek() == "n1"
    assert [queue.pop() for _ in range(6)] == ["n1", "s1", "e1", "n2", "e2", "n3"]
    assert not queue
    for take in (queue.peek, queue.pop):
        with pytest.raises(IndexError):
            take()


async def enter(admission: Admission, tenant: str, order: list[str], gate: asyncio.Event, count=1):
    async with admission.place(tenant, count):
        order.append(tenant)
        await gate.wait()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_a_crowd_of_one_tenant_does_not_keep_another_out():
    async def main():
        admission, order, gate = Admission(1, 100), [], asyncio.Event()
        tenants = ["north"] * 4 + ["south"] * 2
        tasks = [asyncio.create_task(enter(admission, one, order, gate)) for one in tenants]
        await settle()
        gate.set()
        await asyncio.gather(*tasks)
        return order

    assert asyncio.run(main()) == ["north", "north", "south", "north", "south", "north"]


def test_no_more_run_and_wait_than_may():
    async def main():
        admission, order, gate = Admission(4, 3), [], asyncio.Event()
        tasks = [asyncio.create_task(enter(admission, "a", order, gate, 2)) for _ in range(2)]
        tasks += [asyncio.create_task(enter(admission, "a", order, gate, 3))]
        await settle()
        assert (admission.num_running, admission.num_waiting) == (4, 3)
        with pytest.raises(BusyError, match="3 requests are waiting"):
            await enter(admission, "b", order, gate)
        gate.set()
        await asyncio.gather(*tasks)
        assert (admission.num_running, admission.num_waiting) == (0, 0)

    asyncio.run(main())


def test_a_request_of_more_sequences_than_places_runs_by_itself():
    async def main():
        admission, order, gate = Admission(2, 100), [], asyncio.Event()
        first = asyncio.create_task(enter(admission, "first", order, gate))
        large = asyncio.create_task(enter(admission, "large", order, gate, 8))
        await settle()
        assert order == ["first"]
        gate.set()
        await asyncio.gather(first, large)
        return order

    assert asyncio.run(main()) == ["first", "large"]


def test_who_gives_up_waiting_leaves_no_trace():
    async def main():
        admission, order, gate = Admission(1, 2), [], asyncio.Event()
        first = asyncio.create_task(enter(admission, "first", order, gate))
        gone = asyncio.create_task(enter(admission, "gone", order, gate))
        last = asyncio.create_task(enter(admission, "last", order, gate))
        await settle()
        gone.cancel()
        await settle()
        assert admission.num_waiting == 1
        gate.set()
        await asyncio.gather(first, last)
        assert (admission.num_running, admission.num_waiting) == (0, 0)
        return order

    assert asyncio.run(main()) == ["first", "last"]


def test_who_is_cancelled_just_as_the_place_is_free_gives_it_back():
    async def main():
        admission, order, gate = Admission(1, 2), [], asyncio.Event()
        first = asyncio.create_task(enter(admission, "first", order, gate))
        second = asyncio.create_task(enter(admission, "second", order, gate))
        await settle()
        first.cancel()
        # The place goes to the second in this very step, and it is cancelled before it runs.
        await asyncio.sleep(0)
        second.cancel()
        await settle()
        assert (admission.num_running, admission.num_waiting) == (0, 0)

    asyncio.run(main())


def test_after_closing_nothing_is_let_in():
    async def main():
        admission = Admission(1, 1)
        admission.closed = True
        with pytest.raises(StoppingError):
            await enter(admission, "a", [], asyncio.Event())

    asyncio.run(main())

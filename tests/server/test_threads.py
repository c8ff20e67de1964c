"""Threads for tenants: a few each, some for all together, and an end to waiting."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter

import pytest

from lpm.server.engine import BusyError
from lpm.server.threads import Lanes

PATIENCE_S = 20


class Held:
    """Work that goes on until it is let go, and counts who is at it."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes, self._go = lanes, threading.Event()
        self._changed = threading.Condition()
        self.running: Counter[str] = Counter()
        self.most: Counter[str] = Counter()

    def start(self, tenant: str) -> asyncio.Task[str]:
        return asyncio.create_task(self._lanes.run(tenant, lambda: self._work(tenant)))

    def go(self) -> None:
        self._go.set()

    async def at_work(self, count: int) -> None:
        """Wait until so many are at it."""

        def reached() -> bool:
            with self._changed:
                return self._changed.wait_for(
                    lambda: self.running.total() >= count, timeout=PATIENCE_S
                )

        assert await asyncio.to_thread(reached)

    def _work(self, tenant: str) -> str:
        with self._changed:
            self.running[tenant] += 1
            self.most[tenant] = max(self.most[tenant], self.running[tenant])
            self.most["all"] = max(self.most["all"], self.running.total())
            self._changed.notify_all()
        assert self._go.wait(PATIENCE_S)
        with self._changed:
            self.running[tenant] -= 1
        return tenant


def test_each_tenant_has_its_own_threads_and_all_of_them_some_together():
    async def life() -> Held:
        held = Held(Lanes(each=2, together=5, most=100))
        tasks = [held.start(tenant) for tenant in "aaaaabbbbbcccccddddd"]
        await held.at_work(5)
        assert held.running == {"a": 2, "b": 2, "c": 1}
        held.go()
        assert [await task for task in tasks] == list("aaaaabbbbbcccccddddd")
        return held

    most = asyncio.run(life()).most
    assert most.pop("all") == 5 and {*most} == {*"abcd"} and max(most.values()) == 2


def test_who_comes_when_too_many_wait_is_refused_and_another_tenant_is_not():
    async def life() -> None:
        held = Held(Lanes(each=1, together=5, most=2))
        tasks = [held.start("a") for _ in range(3)]
        await held.at_work(1)
        with pytest.raises(BusyError, match=r"2 .* wait"):
            await held.start("a")
        other = held.start("b")
        await held.at_work(2)
        held.go()
        await asyncio.gather(*tasks, other)
        assert await held.start("a") == "a"

    asyncio.run(life())


def test_work_that_fails_or_is_no_longer_wanted_makes_room():
    async def life() -> None:
        lanes = Lanes(each=1, together=1, most=1)
        held = Held(lanes)
        first, second = held.start("a"), held.start("a")
        await held.at_work(1)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        held.go()
        assert await first == "a"
        with pytest.raises(ZeroDivisionError):
            await lanes.run("a", lambda: 1 // 0)
        assert await lanes.run("a", lambda: 7) == 7

    asyncio.run(life())

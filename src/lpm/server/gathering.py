"""Work that costs less together: whatever waits when the thread is free is done at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Protocol, TypeVar

from lpm.server.fair_queue import FairQueue


class Owned(Protocol):
    """Whatever is some tenant's."""

    @property
    def tenant(self) -> str:
        """Return whose it is."""
        ...


Q = TypeVar("Q", bound=Owned)
A = TypeVar("A")


class Gathered(Generic[Q, A]):
    """Calls `work` in one thread with what waits, at most `most` items. For one event loop.

    Tenants take turns. How much waits is bounded by who calls; see `Entrance`.
    """

    def __init__(self, work: Callable[[Sequence[Q]], Sequence[A]], *, most: int, name: str) -> None:
        self._work = work
        self._most = most
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._waiting: FairQueue[tuple[Q, asyncio.Future[A]]] = FairQueue()
        self._busy = False

    async def __call__(self, item: Q) -> A:
        """Return what `work` gives for an item; raises what it raises for this item alone."""
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.put(item.tenant, [(item, answer)])
        if not self._busy:
            self._busy = True
            # Not at once: what came in the same turn of the loop goes along.
            answer.get_loop().call_soon(self._begin)
        return await answer

    def close(self) -> None:
        """End the thread; nothing may wait any more."""
        self._thread.shutdown()

    def _begin(self) -> None:
        taken: list[tuple[Q, asyncio.Future[A]]] = []
        while self._waiting and len(taken) < self._most:
            one = self._waiting.pop()
            if not one[1].done():
                taken.append(one)
        self._busy = bool(taken)
        if not taken:
            return
        items = [item for item, _ in taken]
        loop = taken[0][1].get_loop()
        done = loop.run_in_executor(self._thread, self._each, items)
        done.add_done_callback(lambda ended: self._tell(taken, ended.result()))

    def _tell(
        self, taken: list[tuple[Q, asyncio.Future[A]]], found: Sequence[A | Exception]
    ) -> None:
        for (_, answer), one in zip(taken, found, strict=True):
            if answer.done():
                continue
            if isinstance(one, Exception):
                answer.set_exception(one)
            else:
                answer.set_result(one)
        self._begin()

    def _each(self, items: Sequence[Q]) -> Sequence[A | Exception]:
        """Return answers or errors; what fails together is tried alone, to fail for itself only."""
        try:
            return self._work(items)
        except Exception as error:
            if len(items) == 1:
                return [error]
            return [self._each([item])[0] for item in items]

"""How many sequences are with an engine at once, how many may wait, and who is next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from lpm.errors import InputError
from lpm.server.engine import BusyError, StoppingError
from lpm.server.fair_queue import FairQueue


def check_line(count: int, *, waiting: int, most: int, closed: bool) -> None:
    """Raise BusyError where `count` more sequences are too many now, InputError where always.

    closed: whether nobody is let in any more, which raises StoppingError.
    """
    if closed:
        raise StoppingError("The server is shutting down; send the request to another one.")
    if count > most:
        raise InputError(
            f"`n` is {count}, but at most {most} answers can be waited for here; ask for fewer."
        )
    if waiting + count > most:
        raise BusyError(f"{waiting} requests are waiting already; try again in a moment.")


@dataclass(eq=False)
class _Waiter:
    count: int
    admitted: asyncio.Future[None]


class Admission:
    """Lets `max_running` sequences in, `max_waiting` wait, and refuses the rest. For one loop."""

    def __init__(self, max_running: int, max_waiting: int) -> None:
        self._max_running = max_running
        self._max_waiting = max_waiting
        self._line: FairQueue[_Waiter] = FairQueue()
        self.num_waiting = 0
        self.num_running = 0
        self.closed = False

    @asynccontextmanager
    async def place(self, tenant: str, count: int) -> AsyncIterator[None]:
        """Hold places for `count` sequences while the body runs; raises as `check_line` does.

        A request of more sequences than there are places runs by itself.
        """
        check_line(count, waiting=self.num_waiting, most=self._max_waiting, closed=self.closed)
        waiter = _Waiter(count, asyncio.get_running_loop().create_future())
        self._line.put(tenant, [waiter])
        self.num_waiting += count
        self._admit()
        try:
            await waiter.admitted
        except asyncio.CancelledError:
            if waiter.admitted.cancelled():
                self.num_waiting -= count
                self._line.drop(lambda one: one.admitted.cancelled())
                # It may have been what the others waited behind.
                self._admit()
            else:
                self._leave(count)
            raise
        try:
            yield
        finally:
            self._leave(count)

    def _leave(self, count: int) -> None:
        self.num_running -= count
        self._admit()

    def _admit(self) -> None:
        while self._line:
            following = self._line.peek()
            if not following.admitted.cancelled():
                if self.num_running and self.num_running + following.count > self._max_running:
                    return
                self.num_waiting -= following.count
                self.num_running += following.count
                following.admitted.set_result(None)
            self._line.pop()

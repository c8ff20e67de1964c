"""Threads for work that waits: a few for each tenant, so that none of them takes all."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from lpm.server.engine import BusyError

T = TypeVar("T")


class Lanes:
    """Runs work in threads, in the order in which it came. For one event loop."""

    def __init__(self, *, each: int, together: int, most: int) -> None:
        """each: threads of a tenant. together: of all. most: of a tenant that may wait for one."""
        self._each, self._most = each, most
        self._together = CapacityLimiter(together)
        self._tenants: dict[str, CapacityLimiter] = {}

    async def run(self, tenant: str, work: Callable[[], T]) -> T:
        """Return what work gives; raises BusyError when too much of the tenant's waits already."""
        own = self._tenants.setdefault(tenant, CapacityLimiter(self._each))
        # What waits holds its body, and clients that give up leave it waiting.
        if own.statistics().tasks_waiting >= self._most:
            raise BusyError(f"{self._most} such requests wait already; try again later.")
        async with own:
            return await to_thread.run_sync(work, limiter=self._together)

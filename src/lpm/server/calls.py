"""What routes ask of memories: who calls, and in which threads it is done.

The pool that everything else shares is left alone, so that a tenant who is busy, or a store that
is, holds up neither health checks nor chats.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from lpm.model import LatentPersonalMemory
from lpm.server.access import Caller
from lpm.server.service import Service
from lpm.server.threads import Lanes

T = TypeVar("T")
# A tenant's calls of the backbone run one by one: more threads of theirs would wait for the lock.
BACKBONE_EACH, STORE_EACH, TOGETHER = 1, 4, 32
MOST_WAITING, MOST_WAITING_FOR_STORE = 32, 256


async def _body(request: Request) -> bytes:
    """Return the body as it came, whatever type it says it has."""
    return await request.body()


Body = Annotated[bytes, Depends(_body)]


class Calls:
    """Does what was asked with the memories of who asked."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._backbone = Lanes(each=BACKBONE_EACH, together=TOGETHER, most=MOST_WAITING)
        self._store = Lanes(each=STORE_EACH, together=TOGETHER, most=MOST_WAITING_FOR_STORE)

    async def caller(self, request: Request, user: str | None = None) -> Caller:
        """Return who calls, and count the request; see `Access.caller` and `Caller.speaks_for`."""
        caller = await self._service.access.caller_of(request, "memories")
        if user is not None:
            caller.speaks_for(user)
        return caller

    async def on_backbone(self, caller: Caller, work: Callable[[LatentPersonalMemory], T]) -> T:
        """Do what learns, explains or changes; raises BusyError when too much of that waits."""
        return await self._backbone.run(caller.tenant, lambda: work(self._memories(caller)))

    async def on_store(self, caller: Caller, work: Callable[[LatentPersonalMemory], T]) -> T:
        """Do what asks the store alone; it waits for nothing that learns."""
        return await self._store.run(caller.tenant, lambda: work(self._memories(caller)))

    def _memories(self, caller: Caller) -> LatentPersonalMemory:
        return self._service.memories(caller.tenant)

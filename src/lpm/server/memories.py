"""/v1/memories: everything a person may do with what is remembered of them."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from lpm.errors import InputError
from lpm.forgetting import ErasureReceipt
from lpm.memory import Memory
from lpm.model import LatentPersonalMemory
from lpm.server.jobs import refuse_while_queued
from lpm.server.schemas import (
    ExplainRequest,
    RememberRequest,
    RollbackRequest,
    UserInPath,
    UserPage,
    VersionList,
)
from lpm.server.service import Service
from lpm.store import page_mark
from lpm.types import Explanation, MemoryView, RememberReport, UserOrder, UserSummary

FILE_TYPE = "application/vnd.lpm.memory"
_BYTES = {"schema": {"type": "string", "format": "binary"}}


def router(service: Service) -> APIRouter:
    """Return the routes. They are no coroutines, so each runs in a thread of its own."""
    routes = APIRouter(prefix="/v1/memories", tags=["memories"])

    def reached(request: Request, user: str) -> LatentPersonalMemory:
        caller = service.access.caller(request, "memories")
        caller.speaks_for(user)
        return service.memories(caller.tenant)

    @routes.get("")
    def list_memories(
        request: Request,
        prefix: Annotated[str, Query(max_length=200)] = "",
        after: Annotated[str, Query(max_length=300)] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        updated_since: datetime | None = None,
        order: UserOrder = "user",
    ) -> UserPage:
        """List users by name, or the latest first; `after` is `next` of the page before."""
        caller = service.access.caller(request, "memories")
        if updated_since is not None and updated_since.tzinfo is None:
            updated_since = updated_since.replace(tzinfo=UTC)
        if caller.user is not None:
            if not caller.user.startswith(prefix):
                return UserPage(data=[], has_more=False)
            # The name itself comes before all others that begin with it.
            prefix, order, limit = caller.user, "user", 1
        found = service.memories(caller.tenant).store.users(
            prefix=prefix, after=after, limit=limit + 1, updated_since=updated_since, order=order
        )
        shown = [item for item in found[:limit] if caller.user in (None, item.user)]
        if caller.user is not None or len(found) <= limit:
            return UserPage(data=shown, has_more=False)
        return UserPage(data=shown, has_more=True, next=page_mark(shown[-1], order))

    @routes.post("/{user}/sessions", status_code=201)
    def remember(user: UserInPath, asked: RememberRequest, request: Request) -> RememberReport:
        """Remember finished conversations; the answer comes when they are stored."""
        return reached(request, user).remember(user, asked.history(), **asked.options())

    @routes.get("/{user}")
    def show(user: UserInPath, request: Request, tell: bool = False) -> MemoryView:
        """Show every slot of a memory."""
        return reached(request, user).show(user, tell=tell)

    @routes.post("/{user}/explain")
    def explain(user: UserInPath, asked: ExplainRequest, request: Request) -> Explanation:
        """Say which slots a message reads, and what each is worth to an answer."""
        memories = reached(request, user)
        service.check_length([asked.message, asked.answer or ""])
        return memories.explain(user, asked.message, answer=asked.answer)

    @routes.get("/{user}/versions")
    def versions(user: UserInPath, request: Request) -> VersionList:
        """List the versions of a memory, oldest first."""
        return VersionList(data=list(reached(request, user).history(user)))

    @routes.post("/{user}/rollback")
    def rollback(user: UserInPath, asked: RollbackRequest, request: Request) -> UserSummary:
        """Make an old version the newest again."""
        return reached(request, user).rollback(user, asked.version)

    @routes.get(
        "/{user}/file", response_class=Response, responses={200: {"content": {FILE_TYPE: _BYTES}}}
    )
    def export(user: UserInPath, request: Request) -> Response:
        """Export a memory file."""
        data = reached(request, user).store.get(user).encode()
        return Response(data, media_type=FILE_TYPE)

    @routes.put(
        "/{user}/file",
        status_code=201,
        openapi_extra={
            "requestBody": {"required": True, "content": {"application/octet-stream": _BYTES}}
        },
    )
    async def import_(user: UserInPath, request: Request) -> UserSummary:
        """Import a memory file of a user who is not stored."""
        memories = await run_in_threadpool(reached, request, user)
        data = await request.body()
        return await run_in_threadpool(_import, memories, user, data)

    @routes.delete("/{user}")
    def forget(
        user: UserInPath,
        request: Request,
        session: Annotated[str | None, Query(max_length=200)] = None,
        about: Annotated[str | None, Query(max_length=1000)] = None,
        dry_run: bool = False,
    ) -> ErasureReceipt:
        """Forget a user, a session or a topic; the receipt says what went."""
        memories = reached(request, user)
        if session is not None or about is not None:
            refuse_while_queued(memories.store.queue, user)
        return memories.forget(user, session=session, about=about, dry_run=dry_run)

    return routes


def _import(memories: LatentPersonalMemory, user: str, data: bytes) -> UserSummary:
    memory = Memory.decode(data)
    if memory.user != user:
        raise InputError(f"The file is the memory of another user than '{user}'.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory"
        path.write_bytes(data)
        return memories.import_(path)

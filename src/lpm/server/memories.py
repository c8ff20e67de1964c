"""/v1/memories: everything a person may do with what is remembered of them."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from lpm.errors import InputError
from lpm.forgetting import ErasureReceipt
from lpm.memory import Memory
from lpm.model import LatentPersonalMemory
from lpm.server.access import Caller
from lpm.server.calls import Body, Calls
from lpm.server.jobs import refuse_while_text_is_queued
from lpm.server.schemas import (
    ExplainRequest,
    RememberRequest,
    RollbackRequest,
    UserInPath,
    UserPage,
    VersionList,
)
from lpm.server.service import Service
from lpm.store import MemoryStore, page_mark
from lpm.types import Explanation, MemoryView, RememberReport, UserOrder, UserSummary

FILE_TYPE = "application/vnd.lpm.memory"
_BYTES = {"schema": {"type": "string", "format": "binary"}}


def router(service: Service, calls: Calls) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/v1/memories", tags=["memories"])

    @routes.get("")
    async def list_memories(
        request: Request,
        prefix: Annotated[str, Query(max_length=200)] = "",
        after: Annotated[str, Query(max_length=300)] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        updated_since: datetime | None = None,
        order: UserOrder = "user",
    ) -> UserPage:
        """List users by name, or the latest first; `after` is `next` of the page before."""
        caller = await calls.caller(request)
        if updated_since is not None and updated_since.tzinfo is None:
            updated_since = updated_since.replace(tzinfo=UTC)
        return await calls.on_store(
            caller,
            lambda memories: _page(
                memories.store, caller, prefix, after, limit, updated_since, order
            ),
        )

    @routes.post("/{user}/sessions", status_code=201)
    async def remember(
        user: UserInPath, asked: RememberRequest, request: Request
    ) -> RememberReport:
        """Remember finished conversations; the answer comes when they are stored."""
        return await calls.on_backbone(
            await calls.caller(request, user),
            lambda memories: memories.remember(user, asked.history(), **asked.options()),
        )

    @routes.get("/{user}")
    async def show(user: UserInPath, request: Request, tell: bool = False) -> MemoryView:
        """Show every slot of a memory."""
        return await calls.on_backbone(
            await calls.caller(request, user), lambda memories: memories.show(user, tell=tell)
        )

    @routes.post("/{user}/explain")
    async def explain(user: UserInPath, asked: ExplainRequest, request: Request) -> Explanation:
        """Say which slots a message reads, and what each is worth to an answer."""

        def explained(memories: LatentPersonalMemory) -> Explanation:
            service.check_length([asked.message, asked.answer or ""])
            return memories.explain(user, asked.message, answer=asked.answer)

        return await calls.on_backbone(await calls.caller(request, user), explained)

    @routes.get("/{user}/versions")
    async def versions(user: UserInPath, request: Request) -> VersionList:
        """List the versions of a memory, oldest first."""
        return await calls.on_store(
            await calls.caller(request, user),
            lambda memories: VersionList(data=list(memories.history(user))),
        )

    @routes.post("/{user}/rollback")
    async def rollback(user: UserInPath, asked: RollbackRequest, request: Request) -> UserSummary:
        """Make an old version the newest again."""
        return await calls.on_backbone(
            await calls.caller(request, user),
            lambda memories: memories.rollback(user, asked.version),
        )

    @routes.get(
        "/{user}/file", response_class=Response, responses={200: {"content": {FILE_TYPE: _BYTES}}}
    )
    async def export(user: UserInPath, request: Request) -> Response:
        """Export a memory file."""
        data = await calls.on_store(
            await calls.caller(request, user), lambda memories: memories.store.get(user).encode()
        )
        return Response(data, media_type=FILE_TYPE)

    @routes.put(
        "/{user}/file",
        status_code=201,
        openapi_extra={
            "requestBody": {"required": True, "content": {"application/octet-stream": _BYTES}}
        },
    )
    async def import_(user: UserInPath, request: Request, data: Body) -> UserSummary:
        """Import a memory file of a user who is not stored."""
        return await calls.on_backbone(
            await calls.caller(request, user), lambda memories: _import(memories, user, data)
        )

    @routes.delete("/{user}")
    async def forget(
        user: UserInPath,
        request: Request,
        session: Annotated[str | None, Query(max_length=200)] = None,
        about: Annotated[str | None, Query(max_length=1000)] = None,
        dry_run: bool = False,
    ) -> ErasureReceipt:
        """Forget a user, a session or a topic; the receipt says what went."""

        def forgotten(memories: LatentPersonalMemory) -> ErasureReceipt:
            if session is not None or about is not None:
                refuse_while_text_is_queued(memories.store.queue, user)
            return memories.forget(user, session=session, about=about, dry_run=dry_run)

        return await calls.on_backbone(await calls.caller(request, user), forgotten)

    return routes


def _page(
    store: MemoryStore,
    caller: Caller,
    prefix: str,
    after: str,
    limit: int,
    updated_since: datetime | None,
    order: UserOrder,
) -> UserPage:
    """Return a page of users; of who speaks for one user alone, that one."""
    if caller.user is not None:
        if not caller.user.startswith(prefix):
            return UserPage(data=[], has_more=False)
        # The name itself comes before all others that begin with it.
        prefix, order, limit = caller.user, "user", 1
    found = store.users(
        prefix=prefix, after=after, limit=limit + 1, updated_since=updated_since, order=order
    )
    shown = [item for item in found[:limit] if caller.user in (None, item.user)]
    if caller.user is not None or len(found) <= limit:
        return UserPage(data=shown, has_more=False)
    return UserPage(data=shown, has_more=True, next=page_mark(shown[-1], order))


def _import(memories: LatentPersonalMemory, user: str, data: bytes) -> UserSummary:
    memory = Memory.decode(data)
    if memory.user != user:
        raise InputError(f"The file is the memory of another user than '{user}'.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory"
        path.write_bytes(data)
        return memories.import_(path)

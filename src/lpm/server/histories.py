"""/v1/memories/{user}: history files in, kept sessions out, changes between versions."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request

from lpm.inspection import MemoryChanges
from lpm.server.calls import Body, Calls
from lpm.server.jobs import queue_fit
from lpm.server.schemas import FileQuery, KeptSession, SessionPage, UserInPath
from lpm.server.service import Service
from lpm.store import Job, MemoryStore
from lpm.types import RememberReport

FILE_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
File = Annotated[FileQuery, Query()]


def router(service: Service, calls: Calls) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/v1/memories", tags=["memories"])

    @routes.post("/{user}/file-sessions", status_code=201, openapi_extra=FILE_BODY)
    async def remember_file(
        user: UserInPath, request: Request, data: Body, file: File
    ) -> RememberReport:
        """Remember a history file as it is: its bytes are the body, its name goes into errors."""
        return await calls.on_backbone(
            await calls.caller(request, user),
            lambda memories: memories.remember(user, file.history(data), **file.options()),
        )

    @routes.post("/{user}/file-jobs", status_code=202, openapi_extra=FILE_BODY)
    async def queue_file(user: UserInPath, request: Request, data: Body, file: File) -> Job:
        """Queue a history file to be remembered; `/v1/jobs/{job_id}` says how far it is."""
        return await calls.on_store(
            await calls.caller(request, user),
            lambda memories: queue_fit(service, memories.store.queue, user, file.request(data)),
        )

    @routes.get("/{user}/sessions")
    async def sessions(
        user: UserInPath,
        request: Request,
        offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> SessionPage:
        """List the sessions a memory has learnt from, with their turns where these were kept."""
        return await calls.on_store(
            await calls.caller(request, user),
            lambda memories: _page(memories.store, user, offset, limit),
        )

    @routes.get("/{user}/diff")
    async def changes(
        user: UserInPath,
        request: Request,
        old: Annotated[int, Query(ge=1, le=2**31)],
        new: Annotated[int | None, Query(ge=1, le=2**31)] = None,
    ) -> MemoryChanges:
        """Say which slots came, went and moved between two versions, the newest by default."""
        return await calls.on_store(
            await calls.caller(request, user), lambda memories: memories.changes(user, old, new)
        )

    return routes


def _page(store: MemoryStore, user: str, offset: int, limit: int) -> SessionPage:
    """Return a page of kept sessions; raises UnknownUserError without a memory."""
    store.stamp(user)
    found = store.sessions(user)
    history = store.get_history(user)
    texts = {one.content_hash(): one.turns for one in (history.sessions if history else ())}
    shown = [
        KeptSession(**asdict(item), turns=texts.get(item.content_hash))
        for item in found[offset : offset + limit]
    ]
    return SessionPage(data=shown, has_more=len(found) > offset + limit)

"""/v1/memories/{user}: history files in, kept sessions out, changes between versions."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from lpm.inspection import MemoryChanges
from lpm.model import LatentPersonalMemory
from lpm.server.jobs import queue_fit
from lpm.server.schemas import FileQuery, KeptSession, SessionPage, UserInPath
from lpm.server.service import Service
from lpm.store import Job
from lpm.types import RememberReport

FILE_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


async def _body(request: Request) -> bytes:
    """Return the body as it came, whatever type it says it has."""
    return await request.body()


Data = Annotated[bytes, Depends(_body)]
File = Annotated[FileQuery, Query()]


def router(service: Service) -> APIRouter:
    """Return the routes. They are no coroutines, so each runs in a thread of its own."""
    routes = APIRouter(prefix="/v1/memories", tags=["memories"])

    def reached(request: Request, user: str) -> LatentPersonalMemory:
        caller = service.access.caller(request, "memories")
        caller.speaks_for(user)
        return service.memories(caller.tenant)

    @routes.post("/{user}/file-sessions", status_code=201, openapi_extra=FILE_BODY)
    def remember_file(user: UserInPath, request: Request, data: Data, file: File) -> RememberReport:
        """Remember a history file as it is: its bytes are the body, its name goes into errors."""
        return reached(request, user).remember(user, file.history(data), **file.options())

    @routes.post("/{user}/file-jobs", status_code=202, openapi_extra=FILE_BODY)
    def queue_file(user: UserInPath, request: Request, data: Data, file: File) -> Job:
        """Queue a history file to be remembered; `/v1/jobs/{job_id}` says how far it is."""
        queue = reached(request, user).store.queue
        return queue_fit(service, queue, user, file.request(data))

    @routes.get("/{user}/sessions")
    def sessions(
        user: UserInPath,
        request: Request,
        offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> SessionPage:
        """List the sessions a memory has learnt from, with their turns where these were kept."""
        store = reached(request, user).store
        store.stamp(user)
        found = store.sessions(user)
        history = store.get_history(user)
        texts = {one.content_hash(): one.turns for one in (history.sessions if history else ())}
        shown = [
            KeptSession(**asdict(item), turns=texts.get(item.content_hash))
            for item in found[offset : offset + limit]
        ]
        return SessionPage(data=shown, has_more=len(found) > offset + limit)

    @routes.get("/{user}/diff")
    def changes(
        user: UserInPath,
        request: Request,
        old: Annotated[int, Query(ge=1, le=2**31)],
        new: Annotated[int | None, Query(ge=1, le=2**31)] = None,
    ) -> MemoryChanges:
        """Say which slots came, went and moved between two versions, the newest by default."""
        return reached(request, user).changes(user, old, new)

    return routes

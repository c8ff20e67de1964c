"""/v1/memories: everything a person may do with what is remembered of them."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from lpm.errors import InputError
from lpm.memory import Memory
from lpm.model import LatentPersonalMemory
from lpm.server.jobs import refuse_while_queued
from lpm.server.schemas import ExplainRequest, RememberRequest, RollbackRequest, UserName
from lpm.server.service import Service

FILE_TYPE = "application/vnd.lpm.memory"


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
        after: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> dict[str, Any]:
        caller = service.access.caller(request, "memories")
        found = service.memories(caller.tenant).store.users(prefix=prefix, after=after, limit=limit)
        shown = [asdict(item) for item in found if caller.user in (None, item.user)]
        return {"object": "list", "data": shown, "has_more": len(found) == limit}

    @routes.post("/{user}/sessions", status_code=201)
    def remember(user: UserName, asked: RememberRequest, request: Request) -> dict[str, Any]:
        report = reached(request, user).remember(user, asked.history(), **asked.options())
        return asdict(report)

    @routes.get("/{user}")
    def show(user: UserName, request: Request, tell: bool = False) -> dict[str, Any]:
        return asdict(reached(request, user).show(user, tell=tell))

    @routes.post("/{user}/explain")
    def explain(user: UserName, asked: ExplainRequest, request: Request) -> dict[str, Any]:
        return asdict(reached(request, user).explain(user, asked.message, answer=asked.answer))

    @routes.get("/{user}/versions")
    def versions(user: UserName, request: Request) -> dict[str, Any]:
        found = reached(request, user).history(user)
        return {"object": "list", "data": [asdict(item) for item in found]}

    @routes.post("/{user}/rollback")
    def rollback(user: UserName, asked: RollbackRequest, request: Request) -> dict[str, Any]:
        return asdict(reached(request, user).rollback(user, asked.version))

    @routes.get("/{user}/file", response_class=Response)
    def export(user: UserName, request: Request) -> Response:
        data = reached(request, user).store.get(user).encode()
        return Response(data, media_type=FILE_TYPE)

    @routes.put("/{user}/file", status_code=201)
    async def import_(user: UserName, request: Request) -> JSONResponse:
        memories = await run_in_threadpool(reached, request, user)
        data = await request.body()
        made = await run_in_threadpool(_import, memories, user, data)
        return JSONResponse(made, 201)

    @routes.delete("/{user}")
    def forget(
        user: UserName,
        request: Request,
        session: Annotated[str | None, Query(max_length=200)] = None,
        about: Annotated[str | None, Query(max_length=1000)] = None,
        dry_run: bool = False,
    ) -> dict[str, Any]:
        memories = reached(request, user)
        if session is not None or about is not None:
            refuse_while_queued(memories.store.queue, user)
        return asdict(memories.forget(user, session=session, about=about, dry_run=dry_run))

    return routes


def _import(memories: LatentPersonalMemory, user: str, data: bytes) -> dict[str, Any]:
    memory = Memory.decode(data)
    if memory.user != user:
        raise InputError(f"The file is the memory of another user than '{user}'.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory"
        path.write_bytes(data)
        return asdict(memories.import_(path))

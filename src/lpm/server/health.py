"""/healthz, /readyz and /metrics: for whoever watches the server; they need no key."""

from __future__ import annotations

from functools import partial

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse

from lpm.errors import LPMError
from lpm.server.service import Service


def router(service: Service) -> APIRouter:
    """Return the routes. None of them needs a thread that other requests may hold."""
    routes = APIRouter(tags=["health"])
    thread = CapacityLimiter(1)

    @routes.get("/healthz")
    async def alive() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/readyz", responses={503: {"description": "Not ready; `status` says why."}})
    async def ready() -> JSONResponse:
        if service.draining or service.engine.stopping:
            return JSONResponse({"status": "stopping"}, 503)
        await to_thread.run_sync(partial(service.store.users, limit=1), limiter=thread)
        try:
            await service.engine.check()
        except LPMError as error:
            return JSONResponse({"status": "engine not ready", "reason": str(error)}, 503)
        return JSONResponse({"status": "ready"})

    @routes.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> PlainTextResponse:
        return PlainTextResponse(service.metrics.text(), media_type="text/plain; version=0.0.4")

    return routes

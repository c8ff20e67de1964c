"""The application: routes, limits, health, logs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import lpm
from lpm.errors import LPMError
from lpm.modeling import LPMModel
from lpm.server import generation, histories, jobs, memories, page
from lpm.server.access import Access
from lpm.server.description import ERRORS, KEY, describe
from lpm.server.engines import build_engine
from lpm.server.errors import add_handlers, body_of
from lpm.server.observing import Observed
from lpm.server.opening import open_keys, open_memories, open_model, open_quotas
from lpm.server.paths import EscapedSegments
from lpm.server.quotas import Budget
from lpm.server.service import Service
from lpm.server.settings import ServerSettings
from lpm.server.tracing import NO_FASTAPI_TELEMETRY, Traced
from lpm.store import MemoryStore


def build_service(
    settings: ServerSettings, *, store: MemoryStore | None = None, model: LPMModel | None = None
) -> Service:
    """Open the store, load the model, start the engine; raises ConfigError without any key."""
    keys = open_keys(settings)
    if store is None:
        store = open_memories(settings)
    try:
        if model is None:
            model = open_model(settings)
        budget = Budget(settings.tenant_requests_per_minute, settings.tenant_tokens_per_day)
        access = Access(keys, open_quotas(settings), budget)
        engine = build_engine(settings, model.backbone)
        return Service(settings, store, model, engine, access)
    except BaseException:
        store.close()
        raise


def create_app(service: Service) -> FastAPI:
    """Return the application of a service; its end stops the engine and closes the store."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service.worker.start()
        yield
        await run_in_threadpool(service.worker.stop, timeout_s=service.settings.drain_s)
        await run_in_threadpool(service.engine.stop, timeout_s=service.settings.drain_s)
        service.close()

    app = FastAPI(
        title="Latent Personal Memory",
        version=lpm.__version__,
        lifespan=lifespan,
        docs_url=None,
        telemetry=NO_FASTAPI_TELEMETRY,
        redoc_url=None,
    )
    add_handlers(app)
    describe(app)
    for routes in (generation, memories, jobs, histories):
        app.include_router(routes.router(service), responses=ERRORS, dependencies=[KEY])
    app.include_router(page.router(service))
    app.include_router(_health(service))
    app.add_middleware(EscapedSegments)
    app.add_middleware(BodyLimit, most=service.settings.max_body_bytes)
    app.add_middleware(Observed, metrics=service.metrics)
    app.add_middleware(Traced)
    return app


def _health(service: Service) -> Any:
    from fastapi import APIRouter

    routes = APIRouter(tags=["health"])

    @routes.get("/healthz")
    def alive() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/readyz", responses={503: {"description": "Not ready; `status` says why."}})
    async def ready() -> JSONResponse:
        if service.draining or service.engine.stopping:
            return JSONResponse({"status": "stopping"}, 503)
        await run_in_threadpool(service.store.users, limit=1)
        try:
            await service.engine.check()
        except LPMError as error:
            return JSONResponse({"status": "engine not ready", "reason": str(error)}, 503)
        return JSONResponse({"status": "ready"})

    @routes.get("/metrics", response_class=PlainTextResponse)
    def metrics() -> PlainTextResponse:
        return PlainTextResponse(service.metrics.text(), media_type="text/plain; version=0.0.4")

    return routes


class BodyLimit:
    """Refuse bodies that are too large, before they are read whole."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on while its body stays within the limit."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        announced = headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > self._most:
            await self._refuse(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            # What is too large is not read on; the answer below takes the place of any other.
            return message if seen <= self._most else {"type": "http.disconnect"}

        async def checked(message: Message) -> None:
            if seen <= self._most:
                await send(message)

        await self._app(scope, counted, checked)
        if seen > self._most:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = f"The body is larger than {self._most} bytes; send less at once."
        await JSONResponse(body_of(message, "invalid_request_error"), 413)(scope, receive, send)

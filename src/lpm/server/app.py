"""The application: what stands around the routes, and what they share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi.concurrency import run_in_threadpool

import lpm
from lpm.modeling import LPMModel
from lpm.server import generation, health, histories, jobs, memories, page
from lpm.server.access import Access
from lpm.server.bodies import BodyLimit
from lpm.server.calls import Calls
from lpm.server.description import ERRORS, KEY, describe
from lpm.server.engines import build_engine
from lpm.server.errors import add_handlers
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
    calls = Calls(service)
    for routes in (
        generation.router(service),
        memories.router(service, calls),
        jobs.router(service, calls),
        histories.router(service, calls),
    ):
        known = [KEY, Depends(service.access.identify)]
        app.include_router(routes, responses=ERRORS, dependencies=known)
    app.include_router(page.router(service))
    app.include_router(health.router(service))
    app.add_middleware(EscapedSegments)
    app.add_middleware(BodyLimit, most=service.settings.max_body_bytes)
    app.add_middleware(Observed, metrics=service.metrics)
    app.add_middleware(Traced)
    return app

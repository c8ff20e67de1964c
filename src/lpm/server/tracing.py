"""Spans of requests, and where they go."""

from __future__ import annotations

import os
from importlib.util import find_spec

from fastapi.telemetry import TelemetryConfig
from opentelemetry import propagate, trace
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import lpm
from lpm.errors import MissingExtraError
from lpm.store.tracing import NAME, records, span

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
# FastAPI's own spans hold paths and queries, which name users and say what they want forgotten.
NO_FASTAPI_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
}


class Traced:
    """A span around every request, below the one that its `traceparent` header names."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on within its span."""
        if scope["type"] != "http" or not records():
            await self._app(scope, receive, send)
            return
        parent = propagate.extract(Headers(scope=scope))
        kind = trace.SpanKind.SERVER
        with span(scope["method"], context=parent, kind=kind) as made:
            made.set_attribute("http.request.method", scope["method"])

            async def watched(message: Message) -> None:
                if message["type"] == "http.response.start":
                    made.set_attribute("http.response.status_code", message["status"])
                await send(message)

            try:
                await self._app(scope, receive, watched)
            finally:
                # The route's pattern, not its path: that may name a user.
                made.set_attribute("http.route", getattr(scope.get("route"), "path", "unknown"))


def begin_span(name: str) -> trace.Span:
    """Begin a span that ends elsewhere: its `end` is to be called."""
    return trace.get_tracer(NAME).start_span(name)


def start_tracing() -> bool:
    """Send spans to the collector that the environment names; return whether there is one.

    Raises MissingExtraError where it is named but the SDK is not installed.
    """
    if not os.environ.get(ENDPOINT):
        return False
    if find_spec("opentelemetry.sdk") is None:
        raise MissingExtraError(
            f"{ENDPOINT} is set, but spans need an extra; run "
            "`pip install 'latent-personal-memory[tracing]'`."
        )
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = Resource.create({"service.name": "lpm", "service.version": lpm.__version__})
    provider = TracerProvider(resource=named)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return True

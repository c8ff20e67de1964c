"""Spans tell how long what took, and nothing of whom or what it was about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from running_server import ask, running

from lpm.errors import MissingExtraError
from lpm.server.tracing import ENDPOINT, start_tracing

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(scope="module")
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    # A process has one provider for ever; no other test needs another.
    trace.set_tracer_provider(provider)
    yield exporter
    provider.shutdown()


def test_reading_engine_and_store_have_spans_below_the_request(tmp_path, spans):
    with running(tmp_path) as server, server.client(traceparent=PARENT) as client:
        session = {"session_id": "s", "messages": [{"role": "user", "content": "planted-text"}]}
        body = {"sessions": [session], "refine_steps": 0}
        assert client.post("/v1/memories/planted-user/sessions", json=body).status_code == 201
        assert ask(client, "planted-user", "planted-question").status_code == 200
        client.delete("/v1/memories/planted-user", params={"about": "planted-topic"})
        client.get("/v1/memories/planted-nobody")
    made = spans.get_finished_spans()
    ours = [one for one in made if one.context.trace_id == int(PARENT.split("-")[1], 16)]
    named = {one.name: one for one in ours}
    assert {"POST", "GET", "lpm.read", "lpm.engine", "lpm.store.read", "lpm.store.write"} <= {
        *named
    }
    chat = next(one for one in ours if one.attributes.get("http.route") == "/v1/chat/completions")
    assert chat.attributes["http.response.status_code"] == 200
    for name in ("lpm.read", "lpm.engine"):
        assert named[name].parent.span_id == chat.context.span_id
    assert named["lpm.engine"].attributes["lpm.soft_tokens"] == 5
    assert not [one.to_json() for one in made if "planted" in one.to_json()]


def test_a_collector_without_the_sdk_is_named_and_without_one_nothing_starts(monkeypatch):
    monkeypatch.delenv(ENDPOINT, raising=False)
    assert start_tracing() is False
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:9")
    monkeypatch.setattr("lpm.server.tracing.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"\[tracing\]"):
        start_tracing()

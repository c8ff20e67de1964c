"""Figures for Prometheus; no label tells who a user is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from lpm.server.service import Service


class Metrics:
    """The counters of one server."""

    def __init__(self, service: Service) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "lpm_requests", "Requests answered.", ["route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "lpm_request_seconds",
            "Time to the end of an answer.",
            ["route"],
            registry=self.registry,
        )
        self.first_token = Histogram(
            "lpm_first_token_seconds", "Time to the first token.", registry=self.registry
        )
        self.tokens = Counter("lpm_tokens", "Tokens by kind.", ["kind"], registry=self.registry)
        self._jobs = Counter(
            "lpm_jobs", "Jobs by kind and end.", ["kind", "end"], registry=self.registry
        )
        waiting = Gauge("lpm_waiting", "Sequences that wait.", registry=self.registry)
        waiting.set_function(lambda: service.engine.num_waiting)
        running = Gauge("lpm_running", "Sequences being decoded.", registry=self.registry)
        running.set_function(lambda: service.engine.num_running)
        statistics = getattr(service.store, "statistics", None)
        if statistics is not None:
            rate = Gauge("lpm_hot_hit_rate", "Share of memories at hand.", registry=self.registry)
            rate.set_function(lambda: statistics().hit_rate)
            size = Gauge("lpm_hot_bytes", "Size of memories at hand.", registry=self.registry)
            size.set_function(lambda: statistics().size_bytes)

    def count_job(self, kind: str, end: str) -> None:
        """Count a job that ended, or was put back."""
        self._jobs.labels(kind, end).inc()

    def text(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        return generate_latest(self.registry)

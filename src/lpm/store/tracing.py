"""Spans of OpenTelemetry where it is installed and set up; nothing where it is not.

Names and numbers only: no text, no slots, no user, and of an error only its kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

try:
    from opentelemetry import trace
except ImportError:
    trace = None  # type: ignore[assignment]

NAME = "lpm"


class Span(Protocol):
    """What can be said while something runs."""

    def set_attribute(self, key: str, value: Any) -> None: ...


class _Silent:
    def set_attribute(self, key: str, value: Any) -> None:
        """Say nothing."""


def records() -> bool:
    """Say whether spans go anywhere."""
    return trace is not None and not isinstance(
        trace.get_tracer_provider(), trace.ProxyTracerProvider
    )


@contextmanager
def span(name: str, **options: Any) -> Iterator[Span]:
    """Make a span around a block. options: of `start_as_current_span`."""
    if not records():
        yield _Silent()
        return
    # The SDK would record an error with its message, which may quote text.
    options |= {"record_exception": False, "set_status_on_exception": False}
    with trace.get_tracer(NAME).start_as_current_span(name, **options) as made:
        try:
            yield made
        except BaseException as error:
            made.set_attribute("error.type", type(error).__name__)
            made.set_status(trace.StatusCode.ERROR)
            raise

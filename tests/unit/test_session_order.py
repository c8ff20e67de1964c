"""Sessions are put in order by their instants, whatever the machine's zone: without one, in UTC."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import torch

from lpm.remembering import merged
from lpm.superseding import told_in_order
from lpm.types import Session, SlotSource, Turn, in_time
from lpm.written import Written

# In Berlin clocks go forward from 02:00 to 03:00 that night.
EARLIER, LATER = datetime(2026, 3, 29, 2, 30), datetime(2026, 3, 29, 3, 0)


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


def session(name: str, when: datetime) -> Session:
    return Session(name, (Turn("user", f"I am in {name}."),), when)


def names(sessions: tuple[Session, ...]) -> list[str]:
    return [item.session_id for item in sessions]


def order(*pairs: tuple[str, datetime]) -> list[str]:
    """Return the names by when `told_in_order` says that their slots were told."""
    sources = tuple((SlotSource(name, 0, 1.0),) for name, _ in pairs)
    written = Written(
        torch.zeros(1, len(pairs), 4), sources, (1.0,) * len(pairs), torch.zeros(len(pairs), 0)
    )
    places = told_in_order(written, list(pairs))
    return [name for _, name in sorted(zip(places, (n for n, _ in pairs), strict=True))]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (EARLIER, LATER),
        (datetime(1, 1, 1), EARLIER),
        (EARLIER, datetime(2026, 3, 29, 2, 45, tzinfo=UTC)),
        (LATER, datetime(9999, 12, 31, 23, 59)),
    ],
)
def test_sessions_come_in_the_order_of_their_instants(first: datetime, second: datetime) -> None:
    assert names(merged([session("b", second)], [session("a", first)], set()).sessions) == [
        "a",
        "b",
    ]
    both = [session("b", second), session("a", first)]
    assert names(in_time(both, [second, first])) == ["a", "b"]
    assert order(("b", second), ("a", first)) == ["a", "b"]

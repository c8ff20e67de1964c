"""Questions about time: the date of the session that taught what they read.

Slots hold what was said, and people say "last week". So a message that asks when something was is
given the date of the session behind the slot that it attends to most, as one line of text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from jaxtyping import Float
from torch import Tensor

from lpm.memory import Memory
from lpm.types import Message, SlotSource

SessionDates = Mapping[str, datetime | None]
Provenance = Sequence[Sequence[SlotSource]]

_ASKS_WHEN = re.compile(
    r"\bwhen('s|\s+(did|do|does|was|were|is|are|am|will|would|has|have|had))\b"
    r"|\b(what|which)\s+(date|day|month|year)\b|\bhow\s+long\s+ago\b",
    re.IGNORECASE,
)
"""Of English; a question in another language gets no date."""
_MOSTLY = 0.5


def asks_when(message: str) -> bool:
    """Say whether a message asks when something was."""
    return _ASKS_WHEN.search(message) is not None


def session_dates(memory: Memory) -> SessionDates:
    """Return the time of each session that a memory has learnt from."""
    return {record.session_id: record.time for record in memory.sessions}


def told_at(
    attention: Float[Tensor, "heads slots"], provenance: Provenance, dates: SessionDates
) -> datetime | None:
    """Return when the slot that is attended to most was told; None where that is not known.

    Nor is it where most of the attention lies on what was never told.
    """
    shares = attention.mean(dim=0)[: len(provenance)]
    if not provenance or float(shares.sum()) < _MOSTLY:
        return None
    sources = provenance[int(shares.argmax())]
    return dates.get(sources[0].session_id) if sources else None


def with_date(
    messages: Sequence[Message],
    about: str,
    attention: Float[Tensor, "heads slots"],
    provenance: Provenance,
    dates: SessionDates,
) -> list[Message]:
    """Put the date before the newest message where `about`, what it asks, asks for one."""
    if not asks_when(about) or (told := told_at(attention, provenance, dates)) is None:
        return list(messages)
    content = f"DATE: {told.day} {told:%B %Y}\n{messages[-1]['content']}"
    return [*messages[:-1], {"role": "user", "content": content}]

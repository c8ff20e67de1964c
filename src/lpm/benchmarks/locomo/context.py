"""LoCoMo's conversations as text: what full-context methods put before a question."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from lpm.types import History, Session

# Spelt out because strftime's month names and am/pm depend on the locale.
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def said_line(speaker: str, text: str, caption: str | None = None) -> str:
    """Return a turn as the official context shows it: `X said, "…"`, then what X shared."""
    shared = "" if caption is None else f" and shared {caption}."
    return f'{speaker} said, "{text}"{shared}'


def conversation_context(
    history: History,
    *,
    newest_first: bool = False,
    max_tokens: int | None = None,
    count_tokens: Callable[[str], int] | None = None,
) -> str:
    """Return a benchmark history as text: a DATE line, CONVERSATION:, then one line a turn.

    Sessions stand in the order of time, or in the official code's, newest first. With `max_tokens`
    and a `count_tokens`, as much as fits is kept: the earliest sessions and, of the first one that
    does not fit, its last turns; the later ones are lost, as in the official code.
    """
    blocks: list[str] = []
    left = max_tokens
    for session in history.sessions:
        lines = [turn.content for turn in session.turns]
        if left is not None and count_tokens is not None:
            kept, left = _fitting(_heading(session), lines, left, count_tokens)
            cut, lines = len(kept) < len(lines), kept
        else:
            cut = False
        if lines:
            blocks.append("\n".join([_heading(session), *lines]))
        if cut:
            break
    return "\n\n".join(reversed(blocks) if newest_first else blocks)


def _fitting(
    heading: str, lines: list[str], left: int, count_tokens: Callable[[str], int]
) -> tuple[list[str], int]:
    """Return the last lines that fit behind a heading, and the tokens left after them."""
    left -= count_tokens(heading + "\n")
    kept: list[str] = []
    for line in reversed(lines):
        needed = count_tokens(line + "\n")
        if needed > left:
            break
        kept.insert(0, line)
        left -= needed
    return kept, left


def _heading(session: Session) -> str:
    return "\n".join(_heading_lines(session))


def _heading_lines(session: Session) -> Iterator[str]:
    if session.time is not None:
        yield f"DATE: {_written(session.time)}"
    yield "CONVERSATION:"


def _written(time: datetime) -> str:
    """Write a time as the file does: "1:56 pm on 8 May, 2023"."""
    half = "am" if time.hour < 12 else "pm"
    clock = f"{(time.hour + 11) % 12 + 1}:{time.minute:02d} {half}"
    return f"{clock} on {time.day} {_MONTHS[time.month - 1]}, {time.year}"

"""The full-context prompt: the whole history as text in front of the question."""

from __future__ import annotations

from collections.abc import Sequence

from lpm.backbone import Backbone
from lpm.types import History, Message

OPENING = "Here is what we talked about before."
BRIEFLY = " Answer in a few words."
"""Asks for the short answers that benchmarks score; it stands behind a question."""

_MARGIN_TOKENS = 64


def history_lines(history: History) -> list[str]:
    """Return a date line a session and a line a turn, oldest first."""
    lines = []
    for session in history.sessions:
        if session.time:
            lines.append(f"[{session.time:%d %B %Y}]")
        lines += [f"{turn.role}: {turn.content}" for turn in session.turns]
    return lines


def full_context_messages(
    backbone: Backbone,
    history: History,
    messages: Sequence[Message],
    max_tokens: int | None,
    *,
    opening: str = OPENING,
) -> list[Message]:
    """Put the history's text before the newest message; the oldest lines go when it is too long.

    max_tokens: of the whole prompt; None keeps everything. opening: the first line. The truncation
    rule: whole lines are dropped from the start until the rest fits.
    """
    lines = history_lines(history)
    if max_tokens is not None:
        encode = backbone.tokenizer.encode
        rest = sum(len(encode(message["content"])) for message in messages)
        room = max_tokens - rest - _MARGIN_TOKENS - 8 * len(messages)
        kept: list[str] = []
        for line in reversed(lines):
            room -= len(encode(line, add_special_tokens=False)) + 1
            if room < 0:
                break
            kept.append(line)
        lines = kept[::-1]
    text = "\n".join([opening, *lines, "", messages[-1]["content"]])
    return [*messages[:-1], {"role": "user", "content": text}]

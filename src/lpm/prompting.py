"""A history as text: how its turns are written, and which of them fit in front of a message."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lpm.backbone import Backbone
from lpm.types import History, Message, Turn

OPENING = "Here is what we talked about before."
BRIEFLY = " Answer in a few words."
"""Asks for the short answers that people compare; it stands behind a question."""

TEMPLATE_TOKENS = 64
MESSAGE_TOKENS = 8
"""What chat templates add, about, to a prompt and to each of its messages."""


@dataclass(frozen=True)
class Line:
    """One turn as text. heading: what stands above the first line shown of its session."""

    session: int
    heading: str
    text: str
    turn: Turn


def turn_lines(history: History) -> list[Line]:
    """Return every turn as a line, oldest first.

    The heading is LoCoMo's: the session's DATE, where it is known, and CONVERSATION. Roles are
    written where a history has more than one; friends whose turns all have one role are named in
    what they say.
    """
    roles = {turn.role for _, _, turn in history.turns()}
    lines = []
    for number, session in enumerate(history.sessions):
        date = f"DATE: {session.time.day} {session.time:%B %Y}\n" if session.time else ""
        for turn in session.turns:
            said = f"{turn.role}: {turn.content}" if len(roles) > 1 else turn.content
            lines.append(Line(number, f"{date}CONVERSATION:", said, turn))
    return lines


def written(lines: Sequence[Line]) -> str:
    """Return lines as text, each session's under its heading."""
    parts = []
    for before, line in zip([None, *lines[:-1]], lines, strict=True):
        if before is None or before.session != line.session:
            parts.append(line.heading)
        parts.append(line.text)
    return "\n".join(parts)


def fitting(
    lines: Sequence[Line], room: int, count: Callable[[str], int], *, newest: bool = True
) -> list[Line]:
    """Return the lines that fit from one end, the newest or the oldest; none is cut.

    room, count: in tokens; every piece of text takes one more, for its end of line.
    """
    kept: list[Line] = []
    for line in reversed(lines) if newest else lines:
        if not kept or kept[-1].session != line.session:
            room -= count(line.heading) + 1
        room -= count(line.text) + 1
        if room < 0:
            break
        kept.append(line)
    return kept[::-1] if newest else kept


def token_counter(backbone: Backbone) -> Callable[[str], int]:
    """Return what counts a text's tokens without special ones."""
    encode = backbone.tokenizer.encode
    return lambda text: len(encode(text, add_special_tokens=False))


def before_message(lines: Sequence[Line], messages: Sequence[Message]) -> list[Message]:
    """Return the messages with lines, where there are any, as text before the newest one."""
    if not lines:
        return list(messages)
    text = f"{OPENING}\n{written(lines)}\n\n{messages[-1]['content']}"
    return [*messages[:-1], {"role": "user", "content": text}]


def full_context_messages(
    backbone: Backbone,
    history: History,
    messages: Sequence[Message],
    max_tokens: int | None,
) -> list[Message]:
    """Put the history's text before the newest message; the oldest turns go when it is too long.

    max_tokens: of the whole prompt; None keeps everything. The truncation rule: whole turns are
    dropped from the start until the rest fits.
    """
    lines = turn_lines(history)
    if max_tokens is not None:
        count = token_counter(backbone)
        asked = sum(count(message["content"]) + MESSAGE_TOKENS for message in messages)
        lines = fitting(lines, max_tokens - asked - TEMPLATE_TOKENS, count)
    return before_message(lines, messages)

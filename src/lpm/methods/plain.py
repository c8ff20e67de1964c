"""Methods that learn nothing: the backbone alone, and with the history in its context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from lpm.backbone import Backbone
from lpm.methods.contract import Cost, Request
from lpm.methods.reading import Reading
from lpm.methods.responder import Responder
from lpm.methods.settings import require_at_least
from lpm.nn.injection import build_prompt
from lpm.prompting import (
    MESSAGE_TOKENS,
    TEMPLATE_TOKENS,
    Line,
    before_message,
    fitting,
    token_counter,
    turn_lines,
    written,
)
from lpm.types import History, Message

_ROOM_STEP = 256


class NoMemory(Responder):
    """The frozen backbone with nothing but the request."""

    name = "no-memory"

    def learn(self, history: History, seed: int) -> None:
        """Learn nothing."""

    def read(self, requests: Sequence[Request]) -> list[Reading]:
        """Read each request as it stands."""
        return [text_reading(self.backbone, request.messages) for request in requests]

    def count(self) -> Cost:
        """Return zeros."""
        return Cost(0, 0, 0)


@dataclass(frozen=True)
class FullContextSettings:
    """How the history stands before the message, and what goes when it is too long.

    max_tokens: of the whole prompt, the backbone's context by default. keep_newest: the newest
    turns stay, or else the earliest; whole turns go. layout: one text before the message, or the
    turns as messages of a chat, which shows no dates.
    """

    max_tokens: int | None = None
    keep_newest: bool = True
    layout: Literal["text", "chat"] = "text"

    def __post_init__(self) -> None:
        require_at_least(self, max_tokens=1)


class FullContext(Responder):
    """The whole history before the newest message, cut by whole turns where it is too long."""

    name = "full-context"

    def __init__(self, backbone: Backbone, settings: FullContextSettings) -> None:
        super().__init__(backbone)
        self.settings = settings
        self._lines: list[Line] = []
        self._count = token_counter(backbone)

    def learn(self, history: History, seed: int) -> None:
        """Keep the history's turns; they are counted once."""
        self._lines = turn_lines(history)
        self._count = cache(token_counter(self.backbone))

    def read(self, requests: Sequence[Request]) -> list[Reading]:
        """Put the turns that fit before each request."""
        return [text_reading(self.backbone, self._messages(request)) for request in requests]

    def _messages(self, request: Request) -> list[Message]:
        chat = self.settings.layout == "chat"
        count = self._count_message if chat else self._count
        lines = fitting(self._lines, self._room(request), count, newest=self.settings.keep_newest)
        if not chat:
            return before_message(lines, request.messages)
        turns = (line.turn for line in lines)
        said: list[Message] = [{"role": turn.role, "content": turn.content} for turn in turns]
        return [*said, *request.messages]

    def _room(self, request: Request) -> int:
        """Return the tokens left for the history.

        Most requests leave the same room, so they see the same turns and share what is read.
        """
        most = min(
            self.settings.max_tokens or self.backbone.max_context_tokens,
            self.backbone.max_context_tokens,
        )
        asked = sum(self._count_message(message["content"]) for message in request.messages)
        needed = asked + request.max_new_tokens
        return most - -(-needed // _ROOM_STEP) * _ROOM_STEP - TEMPLATE_TOKENS

    def _count_message(self, text: str) -> int:
        return self._count(text) + MESSAGE_TOKENS

    def count(self) -> Cost:
        """Count the bytes of the text that must be kept."""
        return Cost(0, 0, len(written(self._lines).encode()))


def text_reading(backbone: Backbone, messages: Sequence[Message]) -> Reading:
    """Return a reading of text alone."""
    return Reading(build_prompt(backbone, list(messages), "front", rows=False))

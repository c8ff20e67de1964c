"""Methods that learn nothing: the backbone alone, and with the history in its context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lpm.backbone import Backbone
from lpm.methods.contract import Cost, Request
from lpm.methods.reading import Reading
from lpm.methods.responder import Responder
from lpm.methods.settings import require_at_least
from lpm.nn.injection import build_prompt
from lpm.prompting import OPENING, history_lines
from lpm.types import History, Message

# Chat templates add a few tokens a message that are not counted line by line.
TEMPLATE_TOKENS = 64


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
    """max_tokens: of the whole prompt, the backbone's context by default.

    keep: which lines stay when the history is too long, the newest or the earliest; the latter is
    LoCoMo's official rule.
    """

    max_tokens: int | None = None
    keep_newest: bool = True

    def __post_init__(self) -> None:
        require_at_least(self, max_tokens=1)


class FullContext(Responder):
    """The whole history as text before the newest message, cut by whole lines where too long."""

    name = "full-context"

    def __init__(self, backbone: Backbone, settings: FullContextSettings) -> None:
        super().__init__(backbone)
        self.settings = settings
        self._lines: list[tuple[str, int]] = []

    def learn(self, history: History, seed: int) -> None:
        """Keep the history's lines and their lengths in tokens."""
        encode = self.backbone.tokenizer.encode
        self._lines = [
            (line, len(encode(line, add_special_tokens=False)) + 1)
            for line in history_lines(history)
        ]

    def read(self, requests: Sequence[Request]) -> list[Reading]:
        """Put the lines that fit beside the longest request before every request.

        All requests see the same lines, so the backbone reads them once.
        """
        room = self._room(requests)
        lines = self._lines[::-1] if self.settings.keep_newest else self._lines
        kept: list[str] = []
        for line, length in lines:
            room -= length
            if room < 0:
                break
            kept.append(line)
        text = "\n".join([OPENING, *(kept[::-1] if self.settings.keep_newest else kept), "", ""])
        return [
            text_reading(self.backbone, with_text(request.messages, text)) for request in requests
        ]

    def _room(self, requests: Sequence[Request]) -> int:
        most = min(
            self.settings.max_tokens or self.backbone.max_context_tokens,
            self.backbone.max_context_tokens,
        )
        encode = self.backbone.tokenizer.encode
        longest = max(
            sum(len(encode(message["content"])) + 8 for message in request.messages)
            + request.max_new_tokens
            for request in requests
        )
        return most - longest - TEMPLATE_TOKENS

    def count(self) -> Cost:
        """Count the bytes of the text that must be kept."""
        return Cost(0, 0, sum(len(line.encode()) + 1 for line, _ in self._lines))


def text_reading(backbone: Backbone, messages: Sequence[Message]) -> Reading:
    """Return a reading of text alone."""
    return Reading(build_prompt(backbone, list(messages), "front", rows=False))


def with_text(messages: Sequence[Message], text: str) -> list[Message]:
    """Return the messages with a text put before the newest one."""
    newest: Message = {"role": "user", "content": text + messages[-1]["content"]}
    return [*messages[:-1], newest]

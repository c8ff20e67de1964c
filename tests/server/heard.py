"""An engine's answer, put together again."""

from __future__ import annotations

from dataclasses import dataclass

from lpm.server.engine import Engine, EngineRequest
from lpm.server.sampling import TokenLogprob

ASKED = "Where does my sister live?"


@dataclass
class Heard:
    """One choice of an answer: its text, tokens, end, scores."""

    text: str = ""
    tokens: int = 0
    finished: str | None = None
    scores: tuple[TokenLogprob, ...] = ()
    pieces: int = 0

    @property
    def ids(self) -> list[int]:
        return [score.token for score in self.scores]


async def heard(engine: Engine, request: EngineRequest) -> list[Heard]:
    """Return all choices of a request."""
    choices = [Heard() for _ in range(request.n)]
    async for pieces in engine.generate(request):
        for index, piece in pieces:
            choice = choices[index]
            assert choice.finished is None, "a piece came after the last"
            choice.text += piece.text
            choice.tokens, choice.finished = piece.tokens, piece.finished
            choice.scores += piece.logprobs
            choice.pieces += 1
    return choices

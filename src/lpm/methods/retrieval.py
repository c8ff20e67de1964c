"""Retrieval: the turns of the history nearest to the message, as text before it."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lpm.backbone import Backbone, split_batches
from lpm.errors import MissingExtraError
from lpm.methods.contract import Cost, Request
from lpm.methods.plain import text_reading
from lpm.methods.reading import Reading
from lpm.methods.responder import Responder
from lpm.methods.settings import require_at_least
from lpm.prompting import Line, before_message, turn_lines, written
from lpm.types import History

_BATCH = 16
_MAX_TURN_CHARACTERS = 2_000
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class RetrievalSettings:
    """top_k: turns before each message. layer: of the hidden states that rag-dense compares."""

    top_k: int = 5
    layer: int = 12

    def __post_init__(self) -> None:
        require_at_least(self, top_k=1, layer=0)


class Retrieval(Responder):
    """Turns as text, the most relevant ones before the message, in the order they were said."""

    def __init__(self, backbone: Backbone, settings: RetrievalSettings) -> None:
        super().__init__(backbone)
        self.settings = settings
        self.lines: list[Line] = []

    def learn(self, history: History, seed: int) -> None:
        """Index every turn of the history, with its date."""
        self.lines = turn_lines(history)
        self.index([written([line]) for line in self.lines])

    @abstractmethod
    def index(self, turns: Sequence[str]) -> None:
        """Prepare `relevance` for the turns, each with its heading."""

    @abstractmethod
    def relevance(self, texts: Sequence[str]) -> Float[Tensor, "texts turns"]:
        """Return how relevant each turn is to each text."""

    def read(self, requests: Sequence[Request]) -> list[Reading]:
        """Put the turns retrieved for each request before its newest message."""
        return [
            text_reading(self.backbone, before_message(lines, request.messages))
            for request, lines in zip(requests, self.retrieved(requests), strict=True)
        ]

    def retrieved(self, requests: Sequence[Request]) -> list[list[Line]]:
        """Return each request's turns, in the order they were said."""
        if not self.lines:
            return [[] for _ in requests]
        scores = self.relevance([request.about for request in requests])
        best = scores.topk(min(self.settings.top_k, len(self.lines)), dim=1).indices
        return [[self.lines[i] for i in sorted(row)] for row in best.tolist()]

    def count(self) -> Cost:
        """Count the bytes of the text that must be kept; an index can be made again from it."""
        return Cost(0, 0, len(written(self.lines).encode()))


class BM25(Retrieval):
    """Okapi BM25 over stemmed words, by bm25s."""

    name = "rag-bm25"

    def __init__(self, backbone: Backbone, settings: RetrievalSettings) -> None:
        if find_spec("bm25s") is None or find_spec("nltk") is None:
            raise MissingExtraError(
                "rag-bm25 needs bm25s and nltk: pip install 'latent-personal-memory[bench]'."
            )
        super().__init__(backbone, settings)
        from nltk.stem.porter import PorterStemmer

        self._retriever: Any = None
        self._stem = cache(PorterStemmer().stem)

    def index(self, turns: Sequence[str]) -> None:
        """Index the turns' words."""
        import bm25s

        self._retriever = bm25s.BM25()
        words = [self._words(turn) for turn in turns]
        if words:
            self._retriever.index(words, show_progress=False)

    def relevance(self, texts: Sequence[str]) -> Float[Tensor, "texts turns"]:
        """Return BM25 scores; 0 for a text that shares no word with any turn."""
        scores = torch.zeros(len(texts), len(self.lines))
        for row, text in enumerate(texts):
            known = [word for word in self._words(text) if word in self._retriever.vocab_dict]
            if known:
                scores[row] = torch.from_numpy(self._retriever.get_scores(known)).float()
        return scores

    def _words(self, text: str) -> list[str]:
        # An empty document has no words to index; a placeholder keeps the numbering.
        return [self._stem(word) for word in _WORD.findall(text.lower())] or ["-"]


class Dense(Retrieval):
    """Cosine of mean hidden states of the frozen backbone, centred over the turns.

    No other model takes part: what is compared is how far this backbone's own states go.
    """

    name = "rag-dense"

    def index(self, turns: Sequence[str]) -> None:
        """Embed all turns."""
        states = self._embed(turns)
        self._centre = states.mean(dim=0) if len(states) else states.new_zeros(states.shape[1:])
        self._turns = torch.nn.functional.normalize(states - self._centre, dim=1)

    def relevance(self, texts: Sequence[str]) -> Float[Tensor, "texts turns"]:
        """Return cosines."""
        asked = torch.nn.functional.normalize(self._embed(texts) - self._centre, dim=1)
        return asked @ self._turns.t()

    @torch.no_grad()
    def _embed(self, texts: Sequence[str]) -> Float[Tensor, "texts hidden"]:
        backbone = self.backbone
        found = [torch.zeros(0, backbone.hidden_size)]
        layer = min(self.settings.layer, backbone.num_layers)
        for part in split_batches(len(texts), _BATCH):
            ids = [
                backbone.tokenizer.encode(text[:_MAX_TURN_CHARACTERS] or " ")
                for text in texts[part]
            ]
            padded, mask = backbone.pad(ids, padding_side="right")
            (states,) = backbone.hidden_states(padded, mask, (layer,))
            weights = mask[..., None].to(states.dtype)
            found.append(((states * weights).sum(1) / weights.sum(1)).float().cpu())
        return torch.cat(found)

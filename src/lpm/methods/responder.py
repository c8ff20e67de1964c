"""The part that all methods share: how requests, once they are readings, become replies."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from lpm.backbone import Backbone, split_batches
from lpm.errors import ConfigError, InputError
from lpm.methods.contract import Cost, Reply, Request
from lpm.methods.decoding import greedy_answers, option_likelihoods
from lpm.methods.reading import KeyValues, Reading
from lpm.types import History

REQUESTS_AT_ONCE = 256


class Responder(ABC):
    """A method (see `lpm.methods.contract`) that answers by prompt, rows and learnt prefix.

    A subclass says what it learns (`learn`), what a request is read as (`read`) and what it costs
    (`count`). `reader` is the model that reads, `prefix` the learnt keys and values before it all.
    """

    name: str
    prefix: KeyValues | None = None

    def __init__(self, backbone: Backbone) -> None:
        self.backbone = backbone
        self.reader = backbone
        self._prepared = False

    @abstractmethod
    def learn(self, history: History, seed: int) -> None:
        """Learn a user from a fresh start."""

    @abstractmethod
    def read(self, requests: Sequence[Request]) -> list[Reading]:
        """Return what the backbone reads for each request."""

    @abstractmethod
    def count(self) -> Cost:
        """Return what the prepared user takes."""

    def prepare(self, history: History, *, seed: int = 0) -> None:
        """Learn one user; see `Method`."""
        self._prepared = False
        self.learn(history, seed)
        self._prepared = True

    def answer(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer greedily; see `Method`. InputError when a prompt exceeds the context."""
        self._check_prepared()
        replies = []
        for part in split_batches(len(requests), REQUESTS_AT_ONCE):
            readings = self.read(requests[part])
            limits = [request.max_new_tokens for request in requests[part]]
            for reading, limit in zip(readings, limits, strict=True):
                self._check_length(reading, limit)
            texts = greedy_answers(self.reader, readings, limits, self.prefix)
            replies += [
                Reply(text, reading.soft_tokens, reading.prompt.num_tokens, self._kv_bytes(reading))
                for text, reading in zip(texts, readings, strict=True)
            ]
        return replies

    def option_scores(
        self, requests: Sequence[Request], options: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        """Score options by likelihood, in the same context as `answer`; see `Method`."""
        self._check_prepared()
        if len(requests) != len(options):
            raise InputError(
                f"There must be one list of options a request, but got {len(options)} lists for "
                f"{len(requests)} requests."
            )
        scores = []
        for part in split_batches(len(requests), REQUESTS_AT_ONCE):
            readings = self.read(requests[part])
            for reading in readings:
                self._check_length(reading, 1)
            scores += option_likelihoods(self.reader, readings, options[part], self.prefix)
        return scores

    def cost(self) -> Cost:
        """Count parameters and bytes; see `Method`."""
        self._check_prepared()
        return self.count()

    def _kv_bytes(self, reading: Reading) -> int:
        return self.backbone.kv_bytes_per_token * (self._prefix_tokens + reading.length)

    @property
    def _prefix_tokens(self) -> int:
        return 0 if self.prefix is None else self.prefix.num_tokens

    def _check_prepared(self) -> None:
        if not self._prepared:
            raise ConfigError(f"Method '{self.name}' knows no user yet; call `prepare` first.")

    def _check_length(self, reading: Reading, room: int) -> None:
        length = self._prefix_tokens + reading.length
        if length + room > self.backbone.max_context_tokens:
            raise InputError(
                f"A request of method '{self.name}' takes {length} tokens and {room} for its "
                f"answer, but backbone '{self.backbone.name}' reads at most "
                f"{self.backbone.max_context_tokens}. Ask for less, or use another backbone."
            )

"""The contract of everything that is evaluated: a user's history in, answers out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from lpm.types import History, Message


@dataclass(frozen=True)
class Request:
    """One message to answer about the prepared user.

    messages: the chat, ending with the user's newest message. query: the text that decides what is
    retrieved or read from a memory; the newest message by default. It leaves out multiple-choice
    options, which would steer the read. max_new_tokens: limit of the answer. not_told: the words in
    which the messages ask to be told that the history does not say; a method that says so in words
    of its own says it in these.
    """

    messages: tuple[Message, ...]
    query: str | None = None
    max_new_tokens: int = 50
    not_told: str | None = None

    @property
    def about(self) -> str:
        """Return the text to retrieve by."""
        return self.messages[-1]["content"] if self.query is None else self.query


@dataclass(frozen=True)
class Reply:
    """An answer and what its request cost.

    soft_tokens: rows added to the input. prompt_tokens: text tokens read, rows not counted.
    kv_bytes: KV-cache of rows, text and any learnt prefix.
    """

    text: str
    soft_tokens: int
    prompt_tokens: int
    kv_bytes: int


@dataclass(frozen=True)
class Cost:
    """What a method trains and stores.

    params_per_user: floats trained for one user. params_shared: floats trained once for all.
    bytes_per_user: what must be kept to answer this user later.
    """

    params_per_user: int
    params_shared: int
    bytes_per_user: int


class Method(Protocol):
    """Something that learns one user from raw history and then answers for them.

    - `prepare` forgets the user before and learns the given history from a fresh start; the same
      seed gives the same result. It never sees a benchmark's questions.
    - `answer` gives one reply a request, greedily, in order; requests are independent.
    - `option_scores` gives, for each request and each of its options, the mean log-probability a
      token of the option as the assistant's answer.
    - `cost` tells what the prepared user takes; ConfigError before `prepare`.
    """

    name: str

    def prepare(self, history: History, *, seed: int = 0) -> None: ...

    def answer(self, requests: Sequence[Request]) -> list[Reply]: ...

    def option_scores(
        self, requests: Sequence[Request], options: Sequence[Sequence[str]]
    ) -> list[list[float]]: ...

    def cost(self) -> Cost: ...


@runtime_checkable
class PreparedOnce(Protocol):
    """What a method has beside `Method` when it learns something that all users share.

    `prepare_once` learns it from a fresh start; whoever runs the method calls it before the first
    `prepare`, with histories of users who are not asked.
    """

    def prepare_once(self, histories: Sequence[History], *, seed: int = 0) -> None: ...

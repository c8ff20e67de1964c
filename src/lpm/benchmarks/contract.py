"""The contract of a benchmark: users with histories, questions about them, and a rule to score."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from lpm.methods.contract import Request
from lpm.types import History

Split = Literal["tune", "report"]


@dataclass(frozen=True)
class Question:
    """One scored question.

    category: as the benchmark's tables name it. gold: what the rule compares with. options: the
    choices of a multiple-choice question, whose likelihoods are scored as a metric of their own.
    gold_option: index of the right one.
    """

    category: str
    request: Request
    gold: str
    options: tuple[str, ...] = ()
    gold_option: int | None = None


@dataclass(frozen=True)
class Case:
    """One user: a history, and the questions that it should let a method answer.

    cluster: what standard errors are clustered by; users of one persona share it.
    """

    user: str
    cluster: str
    split: Split
    history: History
    questions: tuple[Question, ...]


class Benchmark(Protocol):
    """A data set with its protocol.

    `cases` yields the users of a mode in a fixed order. `score` rates an answer's text from 0 to 1,
    in that mode. `categories` are in the order of the benchmark's own tables.
    """

    name: str
    modes: tuple[str, ...]
    categories: tuple[str, ...]

    def cases(self, mode: str) -> Iterator[Case]: ...

    def score(self, mode: str, question: Question, prediction: str) -> float: ...


def example_id(benchmark: str, mode: str, case: Case, question: Question) -> str:
    """Return 16 hex digits that name a question by content: user, request, gold and options."""
    request = question.request
    content = [
        benchmark,
        mode,
        case.user,
        [session.content_hash() for session in case.history.sessions],
        [dict(message) for message in request.messages],
        request.query,
        request.max_new_tokens,
        question.gold,
        question.options,
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

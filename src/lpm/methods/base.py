"""The contract of a method that learns one user from question-answer pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lpm.types import QuestionAnswer


class UserMethod(Protocol):
    """Something that can be taught about one user and then be asked.

    `fit` teaches it a user's pairs with a budget of optimiser steps, from a fresh start, always
    from the same seed. `answer` answers questions greedily. `params_per_user` counts what one user
    trains; `soft_tokens` the rows that a request adds.
    """

    name: str
    params_per_user: int
    soft_tokens: int

    def fit(self, pairs: Sequence[QuestionAnswer], *, steps: int, seed: int) -> list[float]:
        """Learn one user; return the loss of every step."""
        ...

    def answer(self, questions: Sequence[str]) -> list[str]:
        """Answer questions about the user learnt last."""
        ...

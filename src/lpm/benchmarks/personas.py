"""The synthetic personas as a benchmark: held-out users, one history each, of any length."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from lpm.benchmarks.abstention import abstains
from lpm.benchmarks.contract import Case, Question, Split
from lpm.benchmarks.synthetic import (
    KINDS,
    GeneratorConfig,
    SyntheticQuestion,
    SyntheticUser,
    generate_user,
    is_right,
)
from lpm.benchmarks.synthetic.phrasings import OWN_FACTS, fact_phrasings, fill
from lpm.errors import ConfigError
from lpm.methods.contract import Request

NEVER_TOLD = "never_told"
LENGTHS = {"1k": 1_000, "4k": 4_000, "16k": 16_000, "64k": 64_000, "128k": 128_000}
"""Tokens of a mode's histories, about, as text with roles and dates (default backbone)."""

_SHORT_TOKENS = 1_150
_TOKENS_A_FILLER_TOKEN = 1.915
"""Measured: the generator counts 1.3 tokens a word, and neither roles nor dates."""

FIRST_SEEDS: dict[Split, int] = {"report": 20_000_000, "tune": 30_000_000}
USERS_A_SEED = 10_000
MAX_NEW_TOKENS = 32

_MAX_SEED = 999
# What a user tells about a preference or another fact may hint at these: asked as never told, they
# would have an answer after all.
_HINTED = {"dish", "flight", "gym_day", "instrument", "marathon_city", "marathon_time", "my_hobby",
           "reading", "travel"}  # fmt: skip


@dataclass(frozen=True)
class PersonaQuestion(Question):
    """A question with all that the synthetic rule compares; None for one that was never told."""

    source: SyntheticQuestion | None = None


class PersonasBenchmark:
    """Synthetic users of the test split, whose values and wordings no training user shares.

    `short` uses the generator as it stands; a length adds small talk among the same facts until a
    history has about that many tokens. `num_users` are in `report`, `num_tune_users` in `tune`,
    made from numbers that training never uses; every `seed` makes other users. Scores are clustered
    by user.

    With `never_told`, each user is also asked that many questions about facts they never told, in
    a category of its own, right only if the answer abstains.
    """

    name = "personas"
    modes: tuple[str, ...] = ("short", *LENGTHS)

    def __init__(
        self,
        *,
        num_users: int = 50,
        num_tune_users: int = 10,
        never_told: int = 0,
        seed: int = 0,
        config: GeneratorConfig | None = None,
    ) -> None:
        """Raise ConfigError if a number is out of range; `config` is that of mode `short`."""
        for name, value, low, high in (
            ("num_users", num_users, 0, USERS_A_SEED),
            ("num_tune_users", num_tune_users, 0, USERS_A_SEED),
            ("never_told", never_told, 0, len(OWN_FACTS)),
            ("seed", seed, 0, _MAX_SEED),
        ):
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise ConfigError(
                    f"`{name}` must be a whole number from {low} to {high}, not {value!r}."
                )
        self.counts: dict[Split, int] = {"tune": num_tune_users, "report": num_users}
        self.never_told = never_told
        self.seed = seed
        self.config = config or GeneratorConfig()
        self.categories: tuple[str, ...] = (*KINDS, NEVER_TOLD) if never_told else KINDS

    def cases(self, mode: str) -> Iterator[Case]:
        """Yield the users of `tune`, then those of `report`, by ascending number."""
        config = self._config(mode)
        splits: tuple[Literal["tune"], Literal["report"]] = ("tune", "report")
        for split in splits:
            first = FIRST_SEEDS[split] + self.seed * USERS_A_SEED
            for number in range(first, first + self.counts[split]):
                user = generate_user(number, "test", config)
                yield Case(
                    user=user.user_id,
                    cluster=user.user_id,
                    split=split,
                    history=user.history,
                    questions=(*map(_told, user.questions), *self._never_told(user)),
                )

    def score(self, mode: str, question: Question, prediction: str) -> float:
        """Return 1.0 for a right answer, else 0.0; ConfigError for another benchmark's question."""
        self._config(mode)
        if not isinstance(question, PersonaQuestion):
            raise ConfigError("This question is not one of 'personas'; score it where it is from.")
        if question.source is None:
            return float(abstains(prediction))
        return float(is_right(prediction, question.source))

    def _config(self, mode: str) -> GeneratorConfig:
        if mode == "short":
            return self.config
        if mode not in LENGTHS:
            raise ConfigError(
                f"'personas' has no mode {mode!r}; choose one of {', '.join(self.modes)}."
            )
        missing = max(0, LENGTHS[mode] - _SHORT_TOKENS) / _TOKENS_A_FILLER_TOKEN
        return replace(self.config, filler_tokens=self.config.filler_tokens + round(missing))

    def _never_told(self, user: SyntheticUser) -> Iterator[Question]:
        rng = random.Random(f"{NEVER_TOLD}-{user.user_id}")
        told = {question.fact_id for question in user.questions} | _HINTED
        untold = [fact for fact in OWN_FACTS if fact.key not in told]
        for fact in rng.sample(untold, min(self.never_told, len(untold))):
            phrasing = rng.choice(fact_phrasings(fact, "heldout"))
            yield PersonaQuestion(NEVER_TOLD, _request(fill(phrasing.template)), "I don't know")


def _told(question: SyntheticQuestion) -> Question:
    return PersonaQuestion(
        category=question.kind,
        request=_request(question.question),
        gold=question.answer,
        source=question,
    )


def _request(text: str) -> Request:
    return Request(({"role": "user", "content": text},), max_new_tokens=MAX_NEW_TOKENS)

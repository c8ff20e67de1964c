"""Which users and which of their questions are asked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Literal

from lpm.benchmarks.contract import Benchmark, Case, Question, example_id
from lpm.errors import ConfigError


@dataclass(frozen=True)
class EvalConfig:
    """What is run: mode; split `tune`, `report` or `all`; limits of users and of questions.

    users: of each split. limit: questions in all, in the benchmark's order. per_user: questions of
    each user, those whose hashes come first, so that the choice is spread over the history and the
    same for every method.
    """

    mode: str
    split: Literal["tune", "report", "all"] = "report"
    users: int | None = None
    limit: int | None = None
    per_user: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.split not in ("tune", "report", "all"):
            raise ConfigError(
                f"There is no split {self.split!r}; choose 'tune', 'report' or 'all'."
            )
        for name in ("users", "limit", "per_user"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"`{name}` must be at least 1, but is {value}.")


def chosen_cases(benchmark: Benchmark, config: EvalConfig) -> list[Case]:
    """Return the users of the split, within the limits; ConfigError when none is left."""
    found = (case for case in benchmark.cases(config.mode) if config.split in ("all", case.split))
    cases, left = [], config.limit
    taken: Counter[str] = Counter()
    for case in found:
        if taken[case.split] == config.users:
            if config.split != "all":
                break
            continue
        taken[case.split] += 1
        questions = _sampled(benchmark, case, config)[:left]
        left = None if left is None else left - len(questions)
        if questions:
            cases.append(replace(case, questions=questions))
        if left == 0:
            break  # further users would be made for nothing
    if not cases:
        raise ConfigError(
            f"Benchmark {benchmark.name!r} has no user in mode {config.mode!r}, split "
            f"{config.split!r}."
        )
    return cases


def _sampled(benchmark: Benchmark, case: Case, config: EvalConfig) -> tuple[Question, ...]:
    if config.per_user is None:
        return case.questions
    names = example_names(benchmark, config.mode, case)
    chosen = set(sorted(names)[: config.per_user])
    return tuple(q for name, q in zip(names, case.questions, strict=True) if name in chosen)


def example_names(benchmark: Benchmark, mode: str, case: Case) -> list[str]:
    """Return a name for every question of a user; one asked twice counts twice, as in the file."""
    seen: Counter[str] = Counter()
    names = []
    for question in case.questions:
        name = example_id(benchmark.name, mode, case, question)
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return names

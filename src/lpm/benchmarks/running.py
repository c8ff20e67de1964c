"""Run a method over a benchmark: prepare each user, answer, score, and sum up."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, Literal

from lpm.backbone import Backbone, split_batches
from lpm.benchmarks.averages import Scored, average
from lpm.benchmarks.contract import Benchmark, Case, Question, example_id
from lpm.benchmarks.ledger import Ledger, Prediction
from lpm.benchmarks.results import Result, environment
from lpm.benchmarks.teaching import Lessons
from lpm.errors import ConfigError
from lpm.methods.contract import Method
from lpm.methods.registry import settings_of
from lpm.prompting import history_lines

# After each batch predictions are on disk; a GPU answers hundreds at once.
QUESTIONS_AT_ONCE = 16
QUESTIONS_AT_ONCE_ON_GPU = 256
COUNTED_USERS = 8

Progress = Callable[[str, int, int, float], None]
"""Told (method, questions done, questions in all, mean score so far)."""


@dataclass(frozen=True)
class EvalConfig:
    """What is run: mode; split `tune`, `report` or `all`; limits of users and of questions.

    limit: questions in all, in the benchmark's order. per_user: questions of each user, those whose
    hashes come first, so that the choice is spread over the history and the same for every method.
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
    for case in islice(found, config.users):
        questions = _sampled(benchmark, case, config)[:left]
        if not questions:
            break
        left = None if left is None else left - len(questions)
        cases.append(Case(case.user, case.cluster, case.split, case.history, questions))
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


def run_name(benchmark: Benchmark, method: Method, backbone: Backbone, config: EvalConfig) -> str:
    """Return the name of a run's files; runs that differ in anything have different names."""
    settings = json.dumps(settings_of(method), sort_keys=True)
    model = getattr(method, "model", None)
    shared = "" if model is None else model.fingerprint
    limits = f"{config.users}{config.limit}{config.per_user or ''}"
    parts = f"{settings}{backbone.fingerprint}{shared}{limits}"
    key = hashlib.sha256(parts.encode()).hexdigest()[:8]
    return f"{benchmark.name}-{config.mode}-{config.split}-{method.name}-{key}-seed{config.seed}"


def run_method(
    benchmark: Benchmark,
    cases: Sequence[Case],
    method: Method,
    backbone: Backbone,
    config: EvalConfig,
    out: Path,
    *,
    resume: bool = False,
    progress: Progress | None = None,
) -> list[Path]:
    """Evaluate a method; return its result files: one a metric, and for split `all` one a split.

    Predictions go to `out/predictions`, a line each, as they come; with `resume` those there are
    kept and only the missing ones are made. See `Lessons` for who teaches the controls.
    """
    name = run_name(benchmark, method, backbone, config)
    ledger = Ledger(out / "predictions" / f"{name}.jsonl", resume=resume)
    names = [example_names(benchmark, config.mode, case) for case in cases]
    total = sum(map(len, names))
    lessons = Lessons(benchmark, config.mode, cases, method, config.seed)
    for index, (case, ids) in enumerate(zip(cases, names, strict=True)):
        missing = {
            example: question
            for example, question in zip(ids, case.questions, strict=True)
            if example not in ledger
        }
        if not missing:
            continue
        begin = time.perf_counter()
        lessons.prepare(index)
        preparing = (time.perf_counter() - begin) / len(missing)
        pending = list(missing.items())
        for part in split_batches(len(pending), questions_at_once(backbone)):
            ledger.append(
                _predictions(benchmark, config.mode, case, method, pending[part], preparing)
            )
            if progress:
                mean = sum(item.score for item in ledger) / len(ledger)
                progress(method.name, len(ledger), total, mean)
    wanted = {example for ids in names for example in ids}
    done = [item for item in ledger if item.example in wanted]
    if len(done) != total:
        raise ConfigError(
            f"{total - len(done)} questions of {benchmark.name!r} have no prediction of their own; "
            "users of a benchmark must have names of their own."
        )
    model = getattr(method, "model", None)
    weights = {} if model is None else {"projector": model.fingerprint}
    facts = {
        "settings": settings_of(method) | lessons.notes | weights,
        "history_tokens": history_tokens(backbone, cases),
    }
    paths = _save(benchmark, method, backbone, config, done, out / name, facts)
    if config.split == "all":
        split_of = dict(
            zip(chain(*names), (c.split for c in cases for _ in c.questions), strict=True)
        )
        for split in sorted(set(split_of.values())):
            own = [item for item in done if split_of[item.example] == split]
            if len(own) < len(done):
                of_split = replace(config, split=split)
                stem = out / f"{name}-{split}"
                paths += _save(benchmark, method, backbone, of_split, own, stem, facts)
    return paths


def example_names(benchmark: Benchmark, mode: str, case: Case) -> list[str]:
    """Return a name for every question of a user; one asked twice counts twice, as in the file."""
    seen: Counter[str] = Counter()
    names = []
    for question in case.questions:
        name = example_id(benchmark.name, mode, case, question)
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return names


def questions_at_once(backbone: Backbone) -> int:
    """Return how many questions are answered, and their predictions written, together."""
    return QUESTIONS_AT_ONCE if backbone.device.type == "cpu" else QUESTIONS_AT_ONCE_ON_GPU


def history_tokens(backbone: Backbone, cases: Sequence[Case]) -> float:
    """Return the mean length of a history in the backbone's tokens, over the first users."""
    encode = backbone.tokenizer.encode
    return _mean(
        sum(len(encode(line, add_special_tokens=False)) + 1 for line in history_lines(case.history))
        for case in cases[:COUNTED_USERS]
    )


def _predictions(
    benchmark: Benchmark,
    mode: str,
    case: Case,
    method: Method,
    pending: Sequence[tuple[str, Question]],
    preparing_s: float,
) -> list[Prediction]:
    begin = time.perf_counter()
    questions = [question for _, question in pending]
    replies = method.answer([question.request for question in questions])
    chosen = _chosen_options(method, questions)
    seconds = preparing_s + (time.perf_counter() - begin) / len(pending)
    cost = method.cost()
    return [
        Prediction(
            example=example,
            user=case.user,
            cluster=case.cluster,
            category=question.category,
            prediction=reply.text,
            score=benchmark.score(mode, question, reply.text),
            option=option,
            option_right=None if option is None else option == question.gold_option,
            soft_tokens=reply.soft_tokens,
            prompt_tokens=reply.prompt_tokens,
            kv_bytes=reply.kv_bytes,
            params_per_user=cost.params_per_user,
            params_shared=cost.params_shared,
            bytes_per_user=cost.bytes_per_user,
            seconds=round(seconds, 4),
            prepare_seconds=round(preparing_s, 4),
        )
        for (example, question), reply, option in zip(pending, replies, chosen, strict=True)
    ]


def _chosen_options(method: Method, questions: Sequence[Question]) -> list[int | None]:
    with_options = [
        question for question in questions if question.options and len(question.options) > 2
    ]
    if not with_options:
        return [None] * len(questions)
    scores = iter(
        method.option_scores(
            [question.request for question in with_options],
            [question.options for question in with_options],
        )
    )
    chosen: list[int | None] = []
    for question in questions:
        if question in with_options:
            likelihoods = next(scores)
            chosen.append(likelihoods.index(max(likelihoods)))
        else:
            chosen.append(None)
    return chosen


def _save(
    benchmark: Benchmark,
    method: Method,
    backbone: Backbone,
    config: EvalConfig,
    done: Sequence[Prediction],
    stem: Path,
    facts: dict[str, Any],
) -> list[Path]:
    paths = []
    scored = {"score": [Scored(item.category, item.cluster, item.score) for item in done]}
    by_option = [
        Scored(item.category, item.cluster, float(item.option_right))
        for item in done
        if item.option_right is not None
    ]
    if by_option:
        scored["option-likelihood"] = by_option
    for metric, items in scored.items():
        path = stem.with_name(stem.name + ("" if metric == "score" else f"-{metric}") + ".json")
        _result(benchmark, method, backbone, config, done, metric, items, facts).save(path)
        paths.append(path)
    return paths


def _result(
    benchmark: Benchmark,
    method: Method,
    backbone: Backbone,
    config: EvalConfig,
    done: Sequence[Prediction],
    metric: str,
    scored: Sequence[Scored],
    facts: dict[str, Any],
) -> Result:
    averages = average(scored)
    order = [kind for kind in benchmark.categories if kind in averages.by_category]
    preparing = [item.prepare_seconds for item in done]
    return Result(
        benchmark=benchmark.name,
        mode=config.mode,
        split=config.split,
        backbone=backbone.name,
        backbone_fingerprint=backbone.fingerprint,
        method=method.name,
        seed=config.seed,
        overall=averages.micro,
        stderr=averages.micro_stderr,
        macro=averages.macro,
        macro_stderr=averages.macro_stderr,
        n=averages.n,
        num_users=averages.num_clusters,
        params_per_user=max(item.params_per_user for item in done),
        params_shared=max(item.params_shared for item in done),
        bytes_per_user=round(_mean(item.bytes_per_user for item in done)),
        kv_bytes=round(_mean(item.kv_bytes for item in done)),
        soft_tokens=max(item.soft_tokens for item in done),
        prompt_tokens=_mean(item.prompt_tokens for item in done),
        seconds=sum(item.seconds for item in done),
        by_kind={
            kind: [averages.by_category[kind][0], averages.by_category[kind][1]] for kind in order
        },
        by_kind_stderr={
            kind: averages.category_stderr[kind]
            for kind in order
            if not math.isnan(averages.category_stderr[kind])
        },
        prepare_seconds=None if None in preparing else sum(s for s in preparing if s is not None),
        metric=metric,
        environment=environment() | backbone.runs_on,
        **facts,
    )


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)

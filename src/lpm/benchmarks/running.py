"""Run a method over a benchmark: prepare each user, answer, score, and sum up."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from lpm.backbone import Backbone, split_batches
from lpm.benchmarks.choosing import EvalConfig, example_names
from lpm.benchmarks.contract import Benchmark, Case, Question
from lpm.benchmarks.ledger import Ledger, Prediction
from lpm.benchmarks.summing import history_tokens, save_results
from lpm.benchmarks.teaching import Lessons
from lpm.errors import ConfigError
from lpm.methods.contract import Method
from lpm.methods.registry import settings_of

# After each batch predictions are on disk; a GPU answers hundreds at once.
QUESTIONS_AT_ONCE = 16
QUESTIONS_AT_ONCE_ON_GPU = 256

Progress = Callable[[str, int, int, float], None]
"""Told (method, questions done, questions in all, mean score so far)."""


def run_name(benchmark: Benchmark, method: Method, backbone: Backbone, config: EvalConfig) -> str:
    """Return the name of a run's files; runs that differ in anything have different names."""
    limits = [config.users, config.limit, config.per_user]
    parts = [settings_of(method), backbone.fingerprint, shared_weights(method), limits]
    key = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:8]
    return f"{benchmark.name}-{config.mode}-{config.split}-{method.name}-{key}-seed{config.seed}"


def open_ledger(out: Path, name: str, *, resume: bool) -> Ledger:
    """Open the predictions of a run; ConfigError when they exist and are not to be resumed."""
    return Ledger(out / "predictions" / f"{name}.jsonl", resume=resume)


def shared_weights(method: Method) -> dict[str, str]:
    """Return the fingerprint of the projector and writer that read, or chose what is studied."""
    owner = method if hasattr(method, "model") else getattr(method, "studies", None)
    model = getattr(owner, "model", None)
    return {} if model is None else {"projector": model.fingerprint}


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
    ledger = open_ledger(out, name, resume=resume)
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
            made = _predictions(benchmark, config.mode, case, method, pending[part], preparing)
            ledger.append([replace(item, device=backbone.device_name) for item in made])
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
    facts = {
        "settings": settings_of(method) | lessons.notes | shared_weights(method),
        "history_tokens": history_tokens(backbone, cases),
    }
    paths = save_results(benchmark, method, backbone, config, done, out / name, facts)
    if config.split == "all":
        split_of = dict(
            zip(chain(*names), (c.split for c in cases for _ in c.questions), strict=True)
        )
        for split in sorted(set(split_of.values())):
            own = [item for item in done if split_of[item.example] == split]
            if len(own) < len(done):
                of_split = replace(config, split=split)
                stem = out / f"{name}-{split}"
                paths += save_results(benchmark, method, backbone, of_split, own, stem, facts)
    return paths


def questions_at_once(backbone: Backbone) -> int:
    """Return how many questions are answered, and their predictions written, together."""
    return QUESTIONS_AT_ONCE if backbone.device.type == "cpu" else QUESTIONS_AT_ONCE_ON_GPU


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
    seconds = preparing_s + (time.perf_counter() - begin) / len(pending)
    chosen = _chosen_options(method, questions)
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

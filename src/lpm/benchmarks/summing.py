"""Predictions summed up: a result file for each metric."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from lpm.backbone import Backbone
from lpm.benchmarks.averages import Scored, average
from lpm.benchmarks.choosing import EvalConfig
from lpm.benchmarks.contract import Benchmark, Case
from lpm.benchmarks.ledger import Prediction
from lpm.benchmarks.results import Result, environment
from lpm.methods.contract import Method
from lpm.prompting import token_counter, turn_lines, written

COUNTED_USERS = 8


def save_results(
    benchmark: Benchmark,
    method: Method,
    backbone: Backbone,
    config: EvalConfig,
    done: Sequence[Prediction],
    stem: Path,
    facts: dict[str, Any],
) -> list[Path]:
    """Write the result file of each metric, beside `stem`; return their paths.

    facts: fields of `Result` that predictions do not tell.
    """
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
        bytes_per_user=max(item.bytes_per_user for item in done),
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
        question_set=_digest(*sorted(item.example for item in done))[:16],
        user_set=_digest(*sorted({item.user for item in done}))[:16],
        environment=environment() | backbone.runs_on | _devices(done),
        **facts,
    )


def _devices(done: Sequence[Prediction]) -> dict[str, str]:
    """Return where predictions were made, the most first, when it was on more than one device."""
    counts = Counter(item.device for item in done if item.device is not None).most_common()
    if not counts:
        return {}
    said = [name if len(counts) == 1 else f"{name} ({count:,} questions)" for name, count in counts]
    return {"device": ", ".join(said)}


def _digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)


def history_tokens(backbone: Backbone, cases: Sequence[Case]) -> float:
    """Return the mean length of a history as text, in tokens, over the first users."""
    count = token_counter(backbone)
    return _mean(count(written(turn_lines(case.history))) for case in cases[:COUNTED_USERS])

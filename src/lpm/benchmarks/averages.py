"""Micro and macro averages of scored answers, with standard errors clustered by user."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lpm.errors import ConfigError


@dataclass(frozen=True)
class Scored:
    """One scored answer: its question's category, its user's cluster, its score from 0 to 1."""

    category: str
    cluster: str
    score: float


@dataclass(frozen=True)
class Averages:
    """Means of scored answers.

    micro: mean over all answers. macro: mean over the means of the categories. Standard errors are
    clustered; they are NaN where there are fewer than two clusters. by_category: (mean, n) each,
    in the order of first appearance; category_stderr: the clustered error of each of those means.
    """

    micro: float
    micro_stderr: float
    macro: float
    macro_stderr: float
    n: int
    num_clusters: int
    by_category: dict[str, tuple[float, int]]
    category_stderr: dict[str, float]


def average(scored: Iterable[Scored]) -> Averages:
    """Average scored answers; raises ConfigError when there is none.

    Answers of one cluster may be correlated, so an error is the root of the summed squares of the
    clusters' contributions to the mean, times G / (G - 1) for G clusters.
    """
    items = list(scored)
    if not items:
        raise ConfigError("There is no scored answer to average; give at least one.")
    scores = defaultdict[str, list[float]](list)
    for item in items:
        scores[item.category].append(item.score)
    means = {category: sum(found) / len(found) for category, found in scores.items()}
    micro = sum(item.score for item in items) / len(items)
    micro_parts, macro_parts = defaultdict[str, float](float), defaultdict[str, float](float)
    own_parts = {category: defaultdict[str, float](float) for category in scores}
    for item in items:
        share = len(scores[item.category]) * len(scores)
        micro_parts[item.cluster] += (item.score - micro) / len(items)
        off = item.score - means[item.category]
        macro_parts[item.cluster] += off / share
        own_parts[item.category][item.cluster] += off / len(scores[item.category])
    return Averages(
        micro=micro,
        micro_stderr=_stderr(micro_parts),
        macro=sum(means.values()) / len(means),
        macro_stderr=_stderr(macro_parts),
        n=len(items),
        num_clusters=len(micro_parts),
        by_category={category: (means[category], len(scores[category])) for category in scores},
        category_stderr={category: _stderr(parts) for category, parts in own_parts.items()},
    )


def clustered_mean(scores: Mapping[str, Sequence[float]]) -> tuple[float, float]:
    """Return the mean over the scores of all users, and its standard error, clustered by user."""
    found = average(Scored("", user, score) for user in scores for score in scores[user])
    return found.micro, found.micro_stderr


def _stderr(parts: dict[str, float]) -> float:
    count = len(parts)
    if count < 2:
        return math.nan
    return math.sqrt(sum(part * part for part in parts.values()) * count / (count - 1))

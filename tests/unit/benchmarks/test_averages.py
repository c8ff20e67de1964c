"""Means and clustered errors equal those worked out by hand."""

from __future__ import annotations

import math

import pytest

from lpm.benchmarks.averages import Scored, average, clustered_mean
from lpm.errors import ConfigError


def scored(*rows: tuple[str, str, float]) -> list[Scored]:
    return [Scored(*row) for row in rows]


def test_micro_counts_answers_and_macro_counts_categories() -> None:
    found = average(scored(("x", "a", 1.0), ("x", "b", 0.0), ("x", "b", 0.0), ("y", "a", 1.0)))
    assert found.micro == 0.5
    assert found.macro == pytest.approx((1 / 3 + 1) / 2)
    assert found.by_category == {"x": (pytest.approx(1 / 3), 3), "y": (1.0, 1)}
    assert (found.n, found.num_clusters) == (4, 2)


def test_errors_are_clustered() -> None:
    # Contributions to the mean of 0.5: a (1 - .5 + 1 - .5) / 4 = .25, b -.25.
    found = average(scored(("x", "a", 1), ("x", "a", 1), ("x", "b", 0), ("x", "b", 0)))
    assert found.micro_stderr == pytest.approx(math.sqrt(2 * 0.25**2 * 2))


def test_with_one_answer_a_cluster_it_is_the_usual_error() -> None:
    values = [0.0, 1.0, 1.0, 0.0, 1.0]
    found = average(scored(*(("x", str(i), value) for i, value in enumerate(values))))
    mean = sum(values) / 5
    spread = math.sqrt(sum((value - mean) ** 2 for value in values) / 4)
    assert found.micro_stderr == pytest.approx(spread / math.sqrt(5))


def test_one_cluster_has_no_error_and_nothing_has_no_mean() -> None:
    assert math.isnan(average(scored(("x", "a", 1.0), ("x", "a", 0.0))).micro_stderr)
    with pytest.raises(ConfigError, match="no scored answer"):
        average([])


def test_each_category_has_a_clustered_error_of_its_own() -> None:
    found = average(scored(("x", "a", 1), ("x", "b", 0), ("y", "a", 1), ("y", "a", 0)))
    assert found.category_stderr["x"] == pytest.approx(math.sqrt(2 * 0.25**2 * 2))
    assert math.isnan(found.category_stderr["y"]), "one user alone asked about y"


def test_the_scores_of_each_user_have_a_mean_and_a_clustered_error() -> None:
    mean, error = clustered_mean({"a": [1.0, 1.0], "b": [0.0, 0.0]})
    assert (mean, error) == (0.5, pytest.approx(math.sqrt(2 * 0.25**2 * 2)))
    alone, unknown = clustered_mean({"a": [1.0, 0.0]})
    assert alone == 0.5 and math.isnan(unknown)

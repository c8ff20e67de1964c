"""Rows that may be compared: merged over seeds, chosen on `tune`, asked the same questions."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Any

from lpm.benchmarks.rows import Row

NOTES = ("projector", "taught_by")
"""What settings say of how a row came about; nobody chose it."""
CONTROLS_OF_LPM = ("swapped-user", "empty-memory")
"""They have LPM's settings, not the best of their own."""


def asked(row: Row) -> object:
    """Return what names the questions that a row answers: the same for the same questions."""
    return row["question_set"] or (row["n"], row["num_users"])


def merged(rows: Sequence[Row]) -> list[Row]:
    """Merge the rows of one table that differ in the seed alone, best first.

    `seeds` counts them and `seed_spread` is the standard deviation of their scores, None with one.
    Seeds with users of their own are summed over all users. Where seeds ask the same users, the
    mean's error is at most the mean of the errors, and that is what `stderr` becomes.
    """
    groups = defaultdict[tuple[Any, ...], list[Row]](list)
    seen: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        settings = json.dumps(row["settings"], sort_keys=True)
        key = (row["backbone_fingerprint"], row["method"], settings, row["n"], row["num_users"])
        # The same seed measured again is a row of its own, not one more seed.
        seen[*key, row["seed"]] += 1
        groups[*key, seen[*key, row["seed"]]].append(row)
    return sorted(map(_merged_row, groups.values()), key=lambda row: -row["overall"])


def _merged_row(rows: Sequence[Row]) -> Row:
    first = rows[0]
    if len(rows) == 1:
        return first | {"seeds": 1, "seed_spread": None}
    own_users = None not in (users := [row["user_set"] for row in rows]) and (
        len(set(users)) == len(rows)
    )
    error = _error_of_all if own_users else _mean
    means = {
        name: _mean([row[name] for row in rows])
        for name in ("overall", "macro", "prompt_tokens", "history_tokens", "seconds",
                     "prepare_seconds", "answer_seconds", "kv_bytes")
    }  # fmt: skip
    most = {name: max(row[name] for row in rows) for name in ("params_per_user", "bytes_per_user")}
    kinds = {
        kind: [row["by_kind"][kind] for row in rows if kind in row["by_kind"]]
        for kind in dict.fromkeys(kind for row in rows for kind in row["by_kind"])
    }
    errors = {
        kind: error([row["by_kind_stderr"].get(kind) for row in rows if kind in row["by_kind"]])
        for kind in kinds
    }
    times = len(rows) if own_users else 1
    return first | means | most | {
        "stderr": error([row["stderr"] for row in rows]),
        "n": first["n"] * times,
        "num_users": first["num_users"] * times,
        "by_kind": {
            kind: [
                sum(mean * count for mean, count in found) / sum(count for _, count in found),
                sum(count for _, count in found) if own_users else found[0][1],
            ]
            for kind, found in kinds.items()
        },
        "by_kind_stderr": {kind: value for kind, value in errors.items() if value is not None},
        "question_set": "+".join(sorted({str(asked(row)) for row in rows})),
        "seeds": len(rows),
        "seed_spread": stdev(row["overall"] for row in rows),
        "files": [file for row in rows for file in row.get("files", ())],
    }  # fmt: skip


def _error_of_all(errors: Sequence[float | None]) -> float | None:
    """Return the error of the mean of equally many answers from users who are all different."""
    known = [error for error in errors if error is not None]
    if len(known) < len(errors):
        return None
    return math.sqrt(sum(error * error for error in known)) / len(known)


def best_of_each(rows: Sequence[Row]) -> list[Row]:
    """Return each method's best row, best method first.

    Scores of different questions are not compared: of the sets of questions that a method was
    measured with, the one with most rows counts, and of two alike the greater.
    """
    alike = Counter((row["method"], row["n"], str(asked(row))) for row in rows)
    most: dict[str, str] = {}
    for (method, _, which), _ in sorted(alike.items(), key=lambda item: (item[1], item[0])):
        most[method] = which
    best: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: -row["overall"]):
        if str(asked(row)) == most[row["method"]]:
            best.setdefault(row["method"], row)
    return list(best.values())


def chosen_settings(
    rows: Sequence[Row], benchmark: str, mode: str, metric: str = "score"
) -> dict[str, dict[str, Any]]:
    """Return the settings that did best on `tune`, by method, without notes.

    A method that was not tuned in this mode has those chosen in another. Controls of LPM have
    LPM's.
    """
    tuned = [
        row
        for row in rows
        if (row["benchmark"], row["split"], row["metric"]) == (benchmark, "tune", metric)
    ]
    in_mode = [row for row in tuned if row["mode"] == mode]
    best = [*best_of_each(merged(tuned)), *best_of_each(merged(in_mode))]
    chosen = {row["method"]: without_notes(row["settings"]) for row in best}
    return chosen | {name: chosen["lpm"] for name in CONTROLS_OF_LPM if "lpm" in chosen}


def without_notes(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that somebody chose."""
    return {key: value for key, value in settings.items() if key not in NOTES}


def reported(
    rows: Sequence[Row], benchmark: str, mode: str, split: str = "report", metric: str = "score"
) -> dict[str, Row]:
    """Return one row a method of a split, never picked by its score there.

    That with the settings chosen on `tune` if it is on file; of those, the one of most questions.
    """
    found: dict[str, Row] = {}
    for row in _by_choice(rows, benchmark, mode, split, metric):
        found.setdefault(row["method"], row)
    return found


def side_by_side(
    rows: Sequence[Row], benchmark: str, mode: str, methods: Sequence[str], split: str = "report"
) -> dict[str, Row]:
    """Return the rows as `reported`, on most of the questions that all these methods were asked.

    Nothing where there are no such questions.
    """
    by_asked: dict[object, dict[str, Row]] = defaultdict(dict)
    for row in _by_choice(rows, benchmark, mode, split, "score"):
        if row["method"] in methods:
            by_asked[asked(row)].setdefault(row["method"], row)
    common = [found for found in by_asked.values() if len(found) == len(set(methods))]
    return max(common, key=lambda found: found[methods[0]]["n"], default={})


def _by_choice(
    rows: Sequence[Row], benchmark: str, mode: str, split: str, metric: str
) -> list[Row]:
    """Return the merged rows of a table: those with the chosen settings first, then by n."""
    chosen = chosen_settings(rows, benchmark, mode, metric)
    wanted = [
        row
        for row in rows
        if (row["benchmark"], row["mode"], row["split"], row["metric"])
        == (benchmark, mode, split, metric)
    ]
    return sorted(
        merged(wanted),
        key=lambda row: (
            without_notes(row["settings"]) != chosen.get(row["method"]),
            -row["n"],
            row["file"],
        ),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if len(known) == len(values) else None

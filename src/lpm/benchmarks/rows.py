"""Result files as rows: read, grouped into what may stand together, merged over seeds."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from lpm.benchmarks.results import Result
from lpm.errors import ConfigError

Row = dict[str, Any]
TABLE = ("benchmark", "mode", "split", "backbone", "metric")
"""What the rows of one table have in common."""


def load_results(folder: Path) -> list[tuple[Path, Result]]:
    """Return the result files below a folder, by path; other JSON documents are passed over.

    Raises ConfigError when the folder is absent, holds no result file, or holds a damaged one.
    """
    found = [
        (path, Result.load(path))
        for path, content in load_documents(folder)
        if content is None or _is_result(content)
    ]
    if not found:
        raise ConfigError(f"{folder} holds no result file; make one with `lpm eval`.")
    return found


def load_documents(folder: Path) -> list[tuple[Path, dict[str, Any] | None]]:
    """Return every JSON object below a folder, by path; None for a file that is no JSON."""
    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder; give the one that `lpm eval --out` wrote to.")
    found: list[tuple[Path, dict[str, Any] | None]] = []
    for path in sorted(folder.rglob("*.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            content = None
        if content is None or isinstance(content, dict):
            found.append((path, content))
    return found


def _is_result(content: dict[str, Any]) -> bool:
    return {"benchmark", "method", "overall", "stderr"} <= set(content)


def report_rows(results: Sequence[Result]) -> list[Row]:
    """Return one row a result, with plain values; an unknown standard error is None."""
    return [
        {
            "benchmark": result.benchmark,
            "mode": result.mode,
            "split": result.split,
            "backbone": result.backbone,
            "method": result.method,
            "metric": result.metric,
            "settings": result.settings,
            "seed": result.seed,
            "overall": result.overall,
            "stderr": _known(result.stderr),
            "macro": _known(result.macro),
            "n": result.n,
            "num_users": result.num_users,
            "params_per_user": result.params_per_user,
            "params_shared": result.params_shared,
            "bytes_per_user": result.bytes_per_user,
            "kv_bytes": result.kv_bytes,
            "soft_tokens": result.soft_tokens,
            "prompt_tokens": result.prompt_tokens,
            "history_tokens": result.history_tokens,
            "seconds": result.seconds,
            "prepare_seconds": result.prepare_seconds,
            "answer_seconds": _answer_seconds(result),
            "by_kind": result.by_kind,
            "by_kind_stderr": result.by_kind_stderr,
        }
        for result in results
    ]


def _answer_seconds(result: Result) -> float | None:
    """Return the seconds that one question took, without what its user took to learn."""
    if result.prepare_seconds is None:
        return None
    return (result.seconds - result.prepare_seconds) / result.n


def grouped(rows: Sequence[Row], common: Sequence[str]) -> dict[tuple[str, ...], list[Row]]:
    """Group rows by what they have in common, in the order of its values."""
    groups = defaultdict[tuple[str, ...], list[Row]](list)
    for row in rows:
        groups[tuple(str(row[part]) for part in common)].append(row)
    return dict(sorted(groups.items()))


def merged(rows: Sequence[Row]) -> list[Row]:
    """Merge the rows of one table that differ in the seed alone, best first.

    `seeds` counts them and `seed_spread` is the standard deviation of their scores, None with one.
    Seeds may ask the same users, so the mean's error is only known to be at most the mean of the
    errors, and that is what `stderr` becomes.
    """
    groups = defaultdict[tuple[Any, ...], list[Row]](list)
    seen: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        key = (row["method"], json.dumps(row["settings"], sort_keys=True), row["n"])
        # The same seed measured again is a row of its own, not one more seed.
        seen[*key, row["seed"]] += 1
        groups[*key, seen[*key, row["seed"]]].append(row)
    return sorted(map(_mean_row, groups.values()), key=lambda row: -row["overall"])


def _mean_row(rows: Sequence[Row]) -> Row:
    first = rows[0]
    if len(rows) == 1:
        return first | {"seeds": 1, "seed_spread": None}
    means = {
        name: _mean([row[name] for row in rows])
        for name in ("overall", "stderr", "macro", "prompt_tokens", "history_tokens", "seconds",
                     "prepare_seconds", "answer_seconds", "kv_bytes", "bytes_per_user")
    }  # fmt: skip
    kinds = {
        kind: [fmean(row["by_kind"][kind][0] for row in rows), count]
        for kind, (_, count) in first["by_kind"].items()
    }
    errors = {
        kind: fmean(row["by_kind_stderr"][kind] for row in rows)
        for kind in first["by_kind_stderr"]
        if all(kind in row["by_kind_stderr"] for row in rows)
    }
    together = {"seeds": len(rows), "seed_spread": stdev(row["overall"] for row in rows)}
    return first | means | {"by_kind": kinds, "by_kind_stderr": errors} | together


def best_of_each(rows: Sequence[Row]) -> list[Row]:
    """Return each method's best row, best method first.

    Scores of different questions are not compared: of the numbers of questions that a method was
    measured with, the one with most rows counts, and the greater of two alike.
    """
    alike = Counter((row["method"], row["n"]) for row in rows)
    best: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: -row["overall"]):
        method = row["method"]
        counts = [(rows, n) for (name, n), rows in alike.items() if name == method]
        if row["n"] == max(counts)[1]:
            best.setdefault(method, row)
    return list(best.values())


def reported(
    rows: Sequence[Row], benchmark: str, mode: str, split: str = "report", metric: str = "score"
) -> dict[str, Row]:
    """Return one row a method of a split, never picked by its score there.

    That with the settings chosen on `tune`, in this mode or else in another, if it is on file; else
    the one of most questions.
    """
    own = [row for row in rows if (row["benchmark"], row["metric"]) == (benchmark, metric)]
    tuned = [row for row in own if row["split"] == "tune"]
    in_mode = [row for row in tuned if row["mode"] == mode]
    chosen = {row["method"]: row["settings"] for row in best_of_each(merged(in_mode or tuned))}
    wanted = [row for row in own if (row["mode"], row["split"]) == (mode, split)]
    found: dict[str, Row] = {}
    for row in sorted(
        merged(wanted),
        key=lambda row: (row["settings"] != chosen.get(row["method"]), -row["n"], row["file"]),
    ):
        found.setdefault(row["method"], row)
    return found


def labels(rows: Sequence[Row]) -> list[str]:
    """Return a name for each row: its method, and the settings that tell it from its like."""
    return [
        " ".join([row["method"], *(f"{key} {_value(row, key)}" for key in _differing(row, rows))])
        for row in rows
    ]


def _differing(row: Row, rows: Sequence[Row]) -> list[str]:
    same = [other for other in rows if other["method"] == row["method"]]
    keys = dict.fromkeys(key for other in same for key in (*other["settings"], "n"))
    return [
        key
        for key in keys
        if _value(row, key) is not None and len({str(_value(other, key)) for other in same}) > 1
    ]


def _value(row: Row, key: str) -> Any:
    return row["n"] if key == "n" else row["settings"].get(key)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if len(known) == len(values) else None


def _known(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value

"""Result files as rows: read, named, grouped into what may stand together."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lpm.benchmarks.results import Result
from lpm.errors import ConfigError

Row = dict[str, Any]
TABLE = ("benchmark", "mode", "split", "backbone", "backbone_fingerprint", "metric")
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
            "backbone_fingerprint": result.backbone_fingerprint,
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
            "question_set": result.question_set,
            "user_set": result.user_set,
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


def _known(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value

"""Tables of result files, put between the markers of a page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DOCS, RESULTS = ROOT / "docs", ROOT / "results"
Row = tuple[str, str, str]


def table(rows: list[Row]) -> str:
    """Return rows as Markdown."""
    if not rows:
        return "_Nothing is on file yet._"
    lines = ["| Measured | Value | File |", "| --- | ---: | --- |"]
    return "\n".join([*lines, *(f"| {what} | {value} | `{file}` |" for what, value, file in rows)])


def read(name: str) -> tuple[dict[str, Any] | None, str]:
    """Return a result file's content, None where there is none, and its name in the project."""
    path = RESULTS / name
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    return found, f"results/{name}"


def filled(text: str, marker: str, content: str) -> str:
    """Return a page with what stands between a marker's ends replaced."""
    begin, end = f"<!-- {marker}:begin -->", f"<!-- {marker}:end -->"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    return pattern.sub(lambda _: f"{begin}\n\n{content}\n\n{end}", text)

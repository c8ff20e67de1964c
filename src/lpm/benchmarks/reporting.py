"""Tables and plots of result files, as Markdown, HTML or JSON."""

from __future__ import annotations

import base64
import html
import io
import json
import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from lpm.benchmarks.results import Result
from lpm.errors import ConfigError

Format = Literal["md", "html", "json"]
FORMATS: tuple[Format, ...] = ("md", "html", "json")
Row = dict[str, Any]

_COLUMNS = (
    ("method", "method"),
    ("settings", "settings"),
    ("overall", "overall"),
    ("macro", "macro"),
    ("n", "n"),
    ("num_users", "users"),
    ("params_per_user", "parameters a user"),
    ("params_shared", "shared"),
    ("bytes_per_user", "bytes a user"),
    ("kv_bytes", "KV bytes"),
    ("prompt_tokens", "prompt tokens"),
    ("seconds", "seconds"),
    ("file", "file"),
)


def load_results(folder: Path) -> list[tuple[Path, Result]]:
    """Return the result files below a folder, by path; other JSON documents are passed over.

    Raises ConfigError when the folder is absent, holds no result file, or holds a damaged one.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder; give the one that `lpm eval --out` wrote to.")
    found = []
    for path in sorted(folder.rglob("*.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            content = None
        if content is None or (isinstance(content, dict) and _is_result(content)):
            found.append((path, Result.load(path)))
    if not found:
        raise ConfigError(f"{folder} holds no result file; make one with `lpm eval`.")
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
            "seconds": result.seconds,
            "by_kind": result.by_kind,
        }
        for result in results
    ]


def render(folder: Path, kind: Format) -> str:
    """Return the report of all result files below a folder."""
    if kind not in FORMATS:
        raise ConfigError(f"`format` must be one of {', '.join(FORMATS)}, but is {kind!r}.")
    loaded = load_results(folder)
    rows = report_rows([result for _, result in loaded])
    for row, (path, _) in zip(rows, loaded, strict=True):
        row["file"] = path.relative_to(folder).as_posix()
    if kind == "json":
        return json.dumps(rows, indent=1) + "\n"
    return _markdown(rows) if kind == "md" else _html(rows)


def _tables(rows: Sequence[Row]) -> dict[tuple[str, ...], list[Row]]:
    """Group rows that may stand in one table: one benchmark, mode, split, backbone and metric."""
    tables = defaultdict[tuple[str, ...], list[Row]](list)
    for row in rows:
        key = ("benchmark", "mode", "split", "backbone", "metric")
        tables[tuple(str(row[part]) for part in key)].append(row)
    return dict(sorted(tables.items()))


def _title(key: tuple[str, ...]) -> str:
    benchmark, mode, split, backbone, metric = key
    return f"{benchmark} ({mode}), split {split}, {backbone}: {metric}"


def _cells(row: Row) -> list[str]:
    cells = []
    for name, _ in _COLUMNS:
        value = row[name]
        if name == "overall":
            error = "" if row["stderr"] is None else f" ± {row['stderr']:.3f}"
            cells.append(f"{value:.3f}{error}")
        elif name == "settings":
            cells.append(", ".join(f"{k} {v}" for k, v in value.items() if v is not None))
        elif value is None:
            cells.append("")
        elif name == "macro":
            cells.append(f"{value:.3f}")
        else:
            cells.append(f"{value:,.0f}" if isinstance(value, int | float) else str(value))
    return cells


def _kinds(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(kind for row in rows for kind in row["by_kind"]))


def _kind_cells(row: Row, kinds: Sequence[str]) -> list[str]:
    found = row["by_kind"]
    return [
        f"{found[kind][0]:.3f} (n={found[kind][1]:.0f})" if kind in found else "" for kind in kinds
    ]


def _markdown(rows: Sequence[Row]) -> str:
    parts = []
    for key, group in _tables(rows).items():
        group = sorted(group, key=lambda row: -row["overall"])
        kinds = _kinds(group)
        parts += [
            f"## {_title(key)}",
            "",
            *_markdown_table([title for _, title in _COLUMNS], [_cells(row) for row in group]),
            "",
            *_markdown_table(
                ["method", *kinds],
                [[row["method"], *_kind_cells(row, kinds)] for row in group],
            ),
            "",
        ]
    note = "Errors are standard errors clustered by user; without one, there is a single user."
    return "\n".join(["# Results", "", note, "", *parts])


def _markdown_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    safe = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return [
        "| " + " | ".join(titles) + " |",
        "|" + "---|" * len(titles),
        *("| " + " | ".join(row) + " |" for row in safe),
    ]


def _html(rows: Sequence[Row]) -> str:
    from lpm.benchmarks.plots import plot_kinds, plot_parameters

    parts = []
    for key, group in _tables(rows).items():
        group = sorted(group, key=lambda row: -row["overall"])
        kinds = _kinds(group)
        parts += [
            f"<h2>{html.escape(_title(key))}</h2>",
            _html_table([title for _, title in _COLUMNS], [_cells(row) for row in group]),
            _html_table(
                ["method", *kinds], [[row["method"], *_kind_cells(row, kinds)] for row in group]
            ),
            _image(plot_kinds(group), f"Scores by category: {_title(key)}"),
            _image(plot_parameters(group), f"Score against parameters a user: {_title(key)}"),
        ]
    style = (
        "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}"
        "table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}"
        "td,th{border-bottom:1px solid #bbb;padding:.3rem .6rem;text-align:left}"
        "img{max-width:100%;background:#fff}"
        "@media(prefers-color-scheme:dark){body{background:#111;color:#eee}}"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Results</title>'
        f"<style>{style}</style></head><body><h1>Results</h1><p>Errors are standard errors "
        "clustered by user; without one, there is a single user.</p>"
        + "\n".join(parts)
        + "</body></html>\n"
    )


def _html_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(title)}</th>" for title in titles)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _image(figure: Any, text: str) -> str:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110, bbox_inches="tight")
    data = base64.b64encode(stream.getvalue()).decode()
    return f'<img alt="{html.escape(text)}" src="data:image/png;base64,{data}">'


def _known(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value

"""The report of a folder of result files: every table and plot, as Markdown, HTML or JSON."""

from __future__ import annotations

import base64
import html
import io
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

from lpm.benchmarks import plots
from lpm.benchmarks.comparing import asked, best_of_each, merged, reported
from lpm.benchmarks.rows import (
    TABLE,
    Row,
    grouped,
    labels,
    load_documents,
    load_results,
    report_rows,
)
from lpm.benchmarks.tables import Table, kind_table, length_table, score_table, sweep_table
from lpm.errors import ConfigError

Format = Literal["md", "html", "json"]
FORMATS: tuple[Format, ...] = ("md", "html", "json")
NOTE = (
    "Errors are standard errors clustered by user; without one, there is a single user. Where a "
    "row is the mean of several seeds, the spread is the standard deviation of their scores."
)

_LENGTH = re.compile(r"\d+[kM]")
"""Modes that are lengths of history."""


@dataclass(frozen=True)
class Section:
    """One part of a report; figures are drawn only when they are wanted."""

    title: str
    tables: tuple[tuple[str, Table], ...] = ()
    figures: tuple[tuple[str, Callable[[], Any]], ...] = field(default=())


def render(folder: Path, kind: Format) -> str:
    """Return the report of all result files below a folder."""
    if kind not in FORMATS:
        raise ConfigError(f"`format` must be one of {', '.join(FORMATS)}, but is {kind!r}.")
    rows = load_rows(folder)
    if kind == "json":
        return json.dumps(rows, indent=1) + "\n"
    sections = [*score_sections(rows), *length_sections(rows), *speed_sections(folder)]
    return _markdown(sections) if kind == "md" else _html(sections)


def load_rows(folder: Path) -> list[Row]:
    """Return a row a result file; `file` is its path below the folder."""
    loaded = load_results(folder)
    rows = report_rows([result for _, result in loaded])
    return [
        row | {"file": (name := path.relative_to(folder).as_posix()), "files": [name]}
        for row, (path, _) in zip(rows, loaded, strict=True)
    ]


def score_sections(rows: Sequence[Row]) -> Iterator[Section]:
    """Yield a section for every benchmark, mode, split, backbone and metric.

    On `tune` all settings tried stand in one table, and the plots show the best of each method.
    """
    for (benchmark, mode, split, backbone, _, metric), group in grouped(rows, TABLE).items():
        found = merged(group)
        tuning = split == "tune"
        shown = best_of_each(found) if tuning else found
        title = f"{benchmark} ({mode}), split {split}, {backbone}: {metric}"
        figures: list[tuple[str, Callable[[], Any]]] = [
            (f"Scores by category: {title}", partial(plots.plot_kinds, shown)),
            (f"Score against parameters a user: {title}", partial(plots.plot_parameters, found)),
        ]
        lines = curves(found, tuning=tuning)
        if lines:
            best = "; at each number of steps the best setting tried" if tuning else ""
            figures.append((f"Learning curves{best}: {title}", partial(plots.plot_curves, lines)))
        main = sweep_table(found) if tuning else score_table(found)
        tables = (("", main), ("", kind_table(shown, labels(shown))))
        yield Section(title, tables, tuple(figures))


def curves(rows: Sequence[Row], *, tuning: bool) -> dict[str, list[tuple[int, Row]]]:
    """Return lines of (steps, row); none unless something was measured at two numbers of steps.

    With `tuning` a line a method, through the best at each number of steps; else a line a method
    and other settings. Every line is of the same questions.
    """
    lines = defaultdict[str, dict[int, Row]](dict)
    for row in rows:
        settings = row["settings"]
        name = next((key for key in ("steps", "refine_steps") if key in settings), None)
        if name is None:
            continue
        others = {k: v for k, v in settings.items() if k != name and v is not None}
        own = ", ".join(f"{key} {value}" for key, value in others.items())
        line = lines[f"{row['method']}|{'' if tuning else own}|{asked(row)}"]
        steps = int(settings[name])
        if steps not in line or (tuning and row["overall"] > line[steps]["overall"]):
            line[steps] = row
    if all(len(line) < 2 for line in lines.values()):
        return {}
    firsts = [next(iter(line.values())) for line in lines.values()]
    without = [
        first | {"settings": {k: v for k, v in first["settings"].items() if "steps" not in k}}
        for first in firsts
    ]
    return {
        label: sorted(line.items(), key=lambda point: point[0])
        for label, line in zip(labels(without), lines.values(), strict=True)
    }


def length_sections(rows: Sequence[Row]) -> Iterator[Section]:
    """Yield a section for every benchmark whose modes are lengths, measured at several."""
    known = [row for row in rows if row["history_tokens"] and _LENGTH.fullmatch(row["mode"])]
    common = ("benchmark", "split", "backbone", "backbone_fingerprint", "metric")
    for (benchmark, split, backbone, weights, metric), group in grouped(known, common).items():
        tuned = [
            row for row in rows if (row["split"], row["backbone_fingerprint"]) == ("tune", weights)
        ]
        by_mode = {
            mode: (
                best_of_each(merged(found))
                if split == "tune"
                else list(reported([*found, *tuned], benchmark, mode, split, metric).values())
            )
            for (mode,), found in grouped(group, ("mode",)).items()
        }
        if len(by_mode) < 2:
            continue
        modes = sorted(by_mode, key=lambda mode: by_mode[mode][0]["history_tokens"])
        lines = defaultdict[str, list[Row]](list)
        for mode in modes:
            for row in by_mode[mode]:
                lines[row["method"]].append(row)
        title = f"{benchmark} by length of history, split {split}, {backbone}: {metric}"
        tables = tuple(
            (caption, length_table(lines, name, modes))
            for name, caption in (
                ("overall", "Score"),
                ("kv_bytes", "KV-cache of a request"),
                ("answer_seconds", "Seconds a question, answered in batches"),
            )
        )
        figure = (f"Against length: {title}", partial(plots.plot_lengths, lines))
        yield Section(title, tables, (figure,))


def speed_sections(folder: Path) -> Iterator[Section]:
    """Yield a section for every file of `bench/efficiency.py` and `bench/latency.py`."""
    for _, content in load_documents(folder):
        kind = None if content is None else content.get("kind")
        if content is not None and kind == "counted":
            title = f"KV-cache counted, {content['backbone']['name']}"
            draw = partial(plots.plot_counted, content["counts"], title)
            yield Section(title, (), ((f"{title}, against the history", draw),))
        if content is not None and kind == "latency":
            weights = ", random weights" if content["random_weights"] else ""
            title = f"A request measured, {content['backbone']}{weights}, {content['device']}"
            draw = partial(plots.plot_request, content["rows"], title)
            yield Section(
                title,
                (("", _request_table(content["rows"])),),
                ((f"{title}, against the history", draw),),
            )


def _request_table(rows: Sequence[dict[str, Any]]) -> Table:
    return Table(
        ("method", "tokens in all", "first token", "then tokens a second", "peak bytes"),
        tuple(
            (
                row["method"],
                f"{row['context_tokens']:,}",
                f"{row['first_token_s']:.3f} s",
                f"{row['decode_tokens_per_s']:.1f}",
                "" if row["peak_bytes"] is None else f"{row['peak_bytes']:,}",
            )
            for row in rows
        ),
    )


def _markdown(sections: Sequence[Section]) -> str:
    parts = ["# Results", "", NOTE, ""]
    for section in sections:
        if not section.tables:
            continue
        parts += [f"## {section.title}", ""]
        for caption, table in section.tables:
            parts += [f"{caption}:", ""] if caption else []
            parts += [table.markdown(), ""]
    return "\n".join(parts)


def _html(sections: Sequence[Section]) -> str:
    parts = []
    for section in sections:
        parts.append(f"<h2>{html.escape(section.title)}</h2>")
        for caption, table in section.tables:
            parts.append(f"<p>{html.escape(caption)}</p>" if caption else "")
            parts.append(table.html())
        parts += [_image(draw(), caption) for caption, draw in section.figures]
    style = (
        "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}"
        "table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}"
        "td,th{border-bottom:1px solid #bbb;padding:.3rem .6rem;text-align:left}"
        "figure{margin:1rem 0}figcaption{font-size:.9em}img{max-width:100%;background:#fff}"
        "@media(prefers-color-scheme:dark){body{background:#111;color:#eee}}"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Results</title>'
        f"<style>{style}</style></head><body><h1>Results</h1><p>{html.escape(NOTE)}</p>"
        + "\n".join(parts)
        + "</body></html>\n"
    )


def _image(figure: Any, text: str) -> str:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110)
    data = base64.b64encode(stream.getvalue()).decode()
    return (
        f'<figure><img alt="{html.escape(text)}" src="data:image/png;base64,{data}">'
        f"<figcaption>{html.escape(text)}</figcaption></figure>"
    )

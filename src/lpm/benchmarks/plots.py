"""Plots of result rows, drawn without a display; every axis says what it counts and in what."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from itertools import cycle
from typing import Any

from lpm.benchmarks.rows import Row, labels
from lpm.errors import MissingExtraError

PANELS_A_ROW = 4
LPM_COLOUR = "#d62728"
HYBRID_COLOUR = "#ff7f0e"
_OTHERS = ("#1f77b4", "#2ca02c", "#9467bd", "#8c564b", "#17becf", "#bcbd22", "#e377c2", "#7f7f7f",
           "#393b79", "#637939", "#8c6d31", "#7b4173", "#a6bddb")  # fmt: skip
CONTROLS = ("blind", "blind-trained", "empty-memory", "no-memory", "swapped-user")
_BAND = 900
_MARKS = "osD^vP*X<>hp"
OVERALL = "overall"


def plot_kinds(rows: Sequence[Row]) -> Any:
    """Return a panel a category, and one overall: a bar a row, errors clustered by user."""
    kinds = [*dict.fromkeys(kind for row in rows for kind in row["by_kind"]), OVERALL]
    columns = min(PANELS_A_ROW, len(kinds))
    lines = -(-len(kinds) // columns)
    height = lines * (0.9 + 0.24 * len(rows))
    figure, grid = _figure((2.4 + 2.6 * columns, height), lines, columns)
    names = labels(rows)
    places = range(len(rows))[::-1]
    most = _most([_of_kind(row, kind) for row in rows for kind in kinds])
    colours = _colours([row["method"] for row in rows])
    for index, axes in enumerate(grid):
        if index >= len(kinds):
            axes.set_axis_off()
            continue
        kind = kinds[index]
        found = [_of_kind(row, kind) for row in rows]
        axes.barh(places, [mean for mean, _ in found], color=colours, height=0.75)
        axes.errorbar(
            [mean for mean, _ in found],
            list(places),
            xerr=[error for _, error in found],
            fmt="none",
            ecolor="#333333",
            elinewidth=1,
            capsize=2,
        )
        axes.set_title(_wrapped(kind), fontsize=9)
        axes.set_xlim(0, most)
        axes.set_yticks(list(places), names if index % columns == 0 else [""] * len(rows))
        axes.tick_params(labelsize=8)
        axes.grid(axis="x", alpha=0.3)
        axes.set_axisbelow(True)
        axes.set_xlabel("score", fontsize=8)
    return figure


def plot_parameters(rows: Sequence[Row]) -> Any:
    """Return the overall score against parameters a user, on a scale that shows none as well."""
    figure, (axes,) = _figure((7.5, 4.2), 1, 1)
    for method, colour, mark in _styles([row["method"] for row in rows]):
        own = [row for row in rows if row["method"] == method]
        axes.errorbar(
            [row["params_per_user"] + _beside(row, rows) for row in own],
            [row["overall"] for row in own],
            yerr=[_error(row) for row in own],
            marker=mark,
            color=colour,
            capsize=2,
            linestyle="none",
            label=method,
        )
    axes.set_xscale("symlog", linthresh=1_000)
    most = max(row["params_per_user"] for row in rows)
    powers = [10**power for power in range(3, 12) if 10 ** (power - 1) < most]
    axes.set_xticks([0, *powers], ["0", *map(_short_count, powers)])
    axes.set_xticks([], minor=True)
    axes.set_xlim(-_BAND, max([_BAND, *powers]))
    if any(not row["params_per_user"] for row in rows):
        # The scale is linear there: those that train nothing stand side by side.
        axes.axvspan(-_BAND, _BAND, color="#eeeeee", zorder=0)
    axes.set_xlabel("parameters trained for one user (grey: none)")
    _scores(axes, rows)
    _legend(axes)
    return figure


def plot_curves(lines: Mapping[str, Sequence[tuple[int, Row]]]) -> Any:
    """Return the overall score against optimiser steps, a line each."""
    figure, (axes,) = _figure((7.5, 4.2), 1, 1)
    for (label, points), (_, colour, mark) in zip(lines.items(), _styles(list(lines)), strict=True):
        axes.errorbar(
            [steps for steps, _ in points],
            [row["overall"] for _, row in points],
            yerr=[_error(row) for _, row in points],
            marker=mark,
            color=colour,
            capsize=2,
            label=label,
        )
    axes.set_xscale("symlog", linthresh=10)
    ticks = sorted({steps for points in lines.values() for steps, _ in points})
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks], minor=False)
    axes.set_xticks([], minor=True)
    axes.set_xlabel("optimiser steps for one user")
    _scores(axes, (row for points in lines.values() for _, row in points))
    _legend(axes)
    return figure


def plot_lengths(lines: Mapping[str, Sequence[Row]]) -> Any:
    """Return score, KV bytes and seconds a question against the length of the history."""
    every = [row for rows in lines.values() for row in rows]
    panels = [
        (name, title)
        for name, title in (
            ("overall", "score"),
            ("kv_bytes", "KV-cache of a request (bytes)"),
            ("answer_seconds", "seconds a question, in batches"),
        )
        if name == "overall" or any(row[name] for row in every)
    ]
    figure, grid = _figure((3.6 * len(panels) + 1.7, 4.0), 1, len(panels))
    for axes, (name, title) in zip(grid, panels, strict=True):
        for (label, rows), (_, colour, mark) in zip(
            lines.items(), _styles(list(lines)), strict=True
        ):
            known = [row for row in rows if row[name] is not None]
            axes.errorbar(
                [row["history_tokens"] for row in known],
                [row[name] for row in known],
                yerr=[_error(row) for row in known] if name == "overall" else None,
                marker=mark,
                markersize=4,
                linewidth=1.2,
                linestyle=":" if rows[0]["method"] in CONTROLS else "-",
                color=colour,
                capsize=2,
                label=label,
            )
        axes.set_ylabel(title)
        _tokens(axes, "tokens of history")
        if name == "kv_bytes":
            _bytes(axes)
        elif name == "answer_seconds":
            _seconds(axes)
    _scores(grid[0], every)
    _legend(grid[-1])
    return figure


def plot_request(rows: Sequence[Mapping[str, Any]], title: str) -> Any:
    """Return the measured first token, rate and memory of a request: `bench/latency.py`'s rows."""
    panels = (
        ("first_token_s", "seconds to the first token"),
        ("decode_tokens_per_s", "then tokens a second"),
        ("peak_bytes", "peak memory (bytes)"),
    )
    shown = [panel for panel in panels if all(row[panel[0]] is not None for row in rows)]
    figure, grid = _figure((4.2 * len(shown) + 1.2, 3.8), 1, len(shown))
    full = [row for row in rows if row["method"] != "lpm"]
    for axes, (name, label) in zip(grid, shown, strict=True):
        for row in rows:
            if row["method"] == "lpm":
                axes.axhline(row[name], color=LPM_COLOUR, label="lpm, whatever the history")
        axes.plot(
            [row["context_tokens"] for row in full],
            [row[name] for row in full],
            marker="o",
            color=_OTHERS[0],
            label="full context",
        )
        axes.set_ylabel(label)
        _tokens(axes, "tokens of history, message and answer")
        if name == "first_token_s":
            _seconds(axes)
        elif name == "peak_bytes":
            _bytes(axes, scale="linear")
        if name != "first_token_s":
            axes.set_ylim(bottom=0)
    _legend(grid[-1])
    figure.suptitle(title, fontsize=10)
    return figure


def plot_counted(counts: Sequence[Mapping[str, Any]], title: str) -> Any:
    """Return the counted KV-cache of a request against the history: `bench/efficiency.py`'s."""
    figure, (axes,) = _figure((7.5, 4.2), 1, 1)
    full = [count for count in counts if count["method"] == "full-context"]
    axes.plot(
        [count["size"] for count in full],
        [count["request_kv_bytes"] for count in full],
        marker="o",
        color="#333333",
        label="full context",
    )
    sizes = {"lpm": "slots", "lora": "rank", "prompt-tuning": "rows", "cartridge": "positions"}
    constant = [count for count in counts if count["method"] in sizes]
    names = [f"{c['method']}, {c['size']:,} {sizes[c['method']]}" for c in constant]
    # LoRA of any rank reads the message alone.
    kept = {count["request_kv_bytes"]: i for i, count in reversed(list(enumerate(constant)))}
    chosen = sorted(kept.values())
    for index, (_, colour, _) in zip(
        chosen, _styles([constant[i]["method"] + names[i] for i in chosen]), strict=True
    ):
        own = LPM_COLOUR if constant[index]["method"] == "lpm" else colour
        label = "lora, any rank" if constant[index]["method"] == "lora" else names[index]
        axes.axhline(constant[index]["request_kv_bytes"], color=own, label=label)
    axes.set_ylabel("KV-cache of a request (bytes)")
    _bytes(axes)
    _tokens(axes, "tokens of history")
    _legend(axes)
    axes.set_title(title, fontsize=10)
    return figure


def _figure(size: tuple[float, float], rows: int, columns: int) -> tuple[Any, list[Any]]:
    if find_spec("matplotlib") is None:
        raise MissingExtraError(
            "Plots need matplotlib: pip install 'latent-personal-memory[bench]'."
        )
    # The figure alone, without pyplot: nothing global is kept and no display is asked for.
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    return figure, list(axes.flat)


def _of_kind(row: Row, kind: str) -> tuple[float, float]:
    if kind == OVERALL:
        return row["overall"], _error(row)
    return row["by_kind"].get(kind, (0.0, 0))[0], row["by_kind_stderr"].get(kind, math.nan)


def _error(row: Row) -> float:
    """Return the overall error; where it is NaN, none is drawn."""
    return math.nan if row["stderr"] is None else float(row["stderr"])


def _styles(names: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return (name, colour, mark) of each distinct name; LPM and hybrid have their own colours."""
    distinct = list(dict.fromkeys(names))
    others, marks = cycle(_OTHERS), cycle(_MARKS)
    own = {"lpm": LPM_COLOUR, "hybrid": HYBRID_COLOUR}
    return [(name, own.get(name.split()[0]) or next(others), next(marks)) for name in distinct]


def _colours(methods: Sequence[str]) -> list[str]:
    own = {"lpm": LPM_COLOUR, "hybrid": HYBRID_COLOUR}
    return [own.get(method, "#9aa7b8") for method in methods]


def _beside(row: Row, rows: Sequence[Row]) -> float:
    """Return how far right to draw a row that trains nothing, so that none hides another."""
    if row["params_per_user"]:
        return 0.0
    untrained = [other for other in rows if not other["params_per_user"]]
    place = next(i for i, other in enumerate(untrained) if other is row)
    return 0.8 * _BAND * (2 * place / (len(untrained) - 1) - 1) if len(untrained) > 1 else 0.0


def _most(found: Sequence[tuple[float, float]]) -> float:
    """Return the end of the scale: 1, or a quarter or half of it where all lies below."""
    highest = max(score + (0.0 if math.isnan(error) else error) for score, error in found)
    return next(end for end in (0.25, 0.5, 1.0, highest) if highest <= end)


def _scores(axes: Any, rows: Iterable[Row]) -> None:
    axes.set_ylabel("score")
    axes.set_ylim(0, _most([_of_kind(row, OVERALL) for row in rows]))
    axes.grid(alpha=0.3)


def _tokens(axes: Any, title: str) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(LogLocator(base=4))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(title)
    axes.grid(alpha=0.3)


def _seconds(axes: Any) -> None:
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _bytes(axes: Any, scale: str = "log") -> None:
    from matplotlib.ticker import EngFormatter

    axes.set_yscale(scale)
    axes.yaxis.set_major_formatter(EngFormatter(unit="B"))


def _short(tokens: float) -> str:
    return f"{tokens / 1024:g}K" if tokens >= 1024 else f"{tokens:g}"


def _short_count(count: float) -> str:
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= size:
            return f"{count / size:g}{unit}"
    return f"{count:g}"


def _legend(axes: Any) -> None:
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)


def _wrapped(name: str) -> str:
    words = name.replace("_", " ").replace("-", " ").split()
    return "\n".join(" ".join(words[i : i + 3]) for i in range(0, len(words), 3))

"""Plots of result rows, drawn without a display."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from lpm.errors import MissingExtraError


def plot_kinds(rows: Sequence[dict[str, Any]]) -> Any:
    """Return bars of every method's score in every category, and overall with its error."""
    kinds = list(dict.fromkeys(kind for row in rows for kind in row["by_kind"]))
    places = [*kinds, "overall"]
    figure, axes = _axes((max(7.0, 1.5 * len(places)), 3.8))
    width = 0.8 / len(rows)
    for index, row in enumerate(rows):
        heights = [row["by_kind"].get(kind, (0.0, 0))[0] for kind in kinds]
        # Only the overall score has an error clustered by user.
        errors = [*(0.0 for _ in kinds), row["stderr"] or 0.0]
        axes.bar(
            [place + (index - (len(rows) - 1) / 2) * width for place in range(len(places))],
            [*heights, row["overall"]],
            width,
            yerr=errors,
            capsize=2,
            label=_label(row),
        )
    axes.set_xticks(range(len(places)), [_wrapped(place) for place in places], fontsize=7)
    axes.set_ylabel("score")
    axes.set_ylim(0, 1)
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def plot_parameters(rows: Sequence[dict[str, Any]]) -> Any:
    """Return the overall score against parameters a user, on a scale that shows none as well."""
    figure, axes = _axes((7.0, 3.8))
    for row in rows:
        axes.errorbar(
            [row["params_per_user"]],
            [row["overall"]],
            yerr=[row["stderr"] or 0.0],
            marker="o",
            capsize=3,
            linestyle="none",
            label=_label(row),
        )
    axes.set_xscale("symlog", linthresh=1_000)
    axes.set_xlim(left=-200)
    axes.set_xlabel("parameters trained for one user")
    axes.set_ylabel("score")
    axes.set_ylim(0, 1)
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _axes(size: tuple[float, float]) -> tuple[Any, Any]:
    if find_spec("matplotlib") is None:
        raise MissingExtraError(
            "An HTML report needs matplotlib: pip install 'latent-personal-memory[bench]'."
        )
    # The figure alone, without pyplot: nothing global is kept and no display is asked for.
    from matplotlib.figure import Figure

    figure = Figure(figsize=size)
    axes = figure.add_subplot()
    axes.grid(axis="y", alpha=0.3)
    return figure, axes


def _label(row: dict[str, Any]) -> str:
    steps = row["settings"].get("steps")
    return f"{row['method']} ({steps} steps)" if steps else str(row["method"])


def _wrapped(name: str) -> str:
    words = name.replace("_", " ").replace("-", " ").split()
    return "\n".join(" ".join(words[i : i + 2]) for i in range(0, len(words), 2))

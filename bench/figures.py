"""Gather result files into results/figures.json and the plots that the pages show.

python bench/figures.py
"""

from __future__ import annotations

import json
from pathlib import Path

from lpm.benchmarks.reporting import load_rows
from lpm.benchmarks.results import Result
from lpm.benchmarks.rows import reported
from lpm.benchmarks.tables import score_text, settings_text

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "results" / "personas"
EVALUATED = (("locomo", "fixed"), ("personamem", "32k"), ("personas", "short"))
SHOWN = (
    *("lpm", "swapped-user", "hybrid", "lora", "prompt-tuning", "rag-bm25", "full-context"),
    "no-memory",
)
"""Methods of `lpm eval` that the README shows; the pages of results show all."""


def figures() -> list[dict[str, str]]:
    """Return one row a result file: what was measured, the value with its error, the file."""
    rows = []
    for path in sorted(FOLDER.glob("*.json")):
        result = Result.load(path)
        if result.split == "tune" or result.mode not in ("pairs", "history"):
            continue  # sweeps are on the pages of results; for `lpm eval` see below
        settings = ", ".join(f"{key} {value}" for key, value in result.settings.items())
        # One user gives no error clustered by user.
        error = f" ± {result.stderr:.3f}" if result.num_users > 1 else ""
        rows.append(
            {
                "figure": f"personas ({result.mode}, {result.split}): {result.method}"
                + (f" ({settings})" if settings else ""),
                "value": f"{result.overall:.3f}{error}, n = {result.n}, "
                f"{_users(result.num_users)}, {result.params_per_user:,} parameters a user",
                "source": str(path.relative_to(ROOT)),
            }
        )
    return [*rows, *evaluated()]


def evaluated() -> list[dict[str, str]]:
    """Return a row for each method shown, with the settings chosen on tuning users."""
    found = load_rows(ROOT / "results")
    figures = []
    for benchmark, mode in EVALUATED:
        by_method = reported(found, benchmark, mode)
        for row in (by_method[method] for method in SHOWN if method in by_method):
            settings = settings_text(row)
            users = _users(row["num_users"])
            seeds = f", {row['seeds']} seeds" if row["seeds"] > 1 else ""
            figures.append(
                {
                    "figure": f"{benchmark} ({mode}, report): {row['method']}"
                    + (f" ({settings})" if settings else ""),
                    "value": f"{score_text(row)}, n = {row['n']:,}, {users}{seeds}"
                    f", {row['params_per_user']:,} parameters a user",
                    "source": f"results/{row['file']}",
                }
            )
    return figures


def _users(count: int) -> str:
    return "1 user" if count == 1 else f"{count} users"


def plot_budgets() -> None:
    """Plot accuracy against steps for the methods that are given pairs."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "lpm"
    from matplotlib import pyplot

    results = [Result.load(path) for path in sorted(FOLDER.glob("pairs-report-*.json"))]
    if not results:
        return
    figure, axes = pyplot.subplots(figsize=(6, 4))
    for method in sorted({result.method for result in results}):
        of_method = sorted(
            (r for r in results if r.method == method), key=lambda r: r.settings["steps"]
        )
        axes.errorbar(
            [r.settings["steps"] for r in of_method],
            [r.overall for r in of_method],
            yerr=[r.stderr for r in of_method],
            marker="o",
            capsize=3,
            label=f"{method} ({of_method[0].params_per_user:,} a user)",
        )
    axes.set_xscale("symlog", linthresh=10)
    axes.set_xlabel("optimiser steps of 8 rows")
    axes.set_ylabel("right on unseen phrasings")
    axes.set_ylim(0, 1)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(ROOT / "results" / "pairs-accuracy.svg", metadata={"Date": None})
    pyplot.close(figure)


def plot_parameters() -> None:
    """Plot accuracy against parameters a user, a point a method and budget."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "lpm"
    from matplotlib import pyplot

    results = [Result.load(path) for path in sorted(FOLDER.glob("pairs-report-*.json"))]
    if not results:
        return
    figure, axes = pyplot.subplots(figsize=(6, 4))
    for method in sorted({result.method for result in results}):
        of_method = [result for result in results if result.method == method]
        axes.plot(
            [result.params_per_user for result in of_method],
            [result.overall for result in of_method],
            "o",
            label=method,
        )
        for height, steps in labels_of(of_method):
            axes.annotate(
                f"{', '.join(map(str, steps))} steps",
                (of_method[0].params_per_user, height),
                textcoords="offset points",
                xytext=(7, -3),
                fontsize=7,
            )
    axes.set_xscale("log")
    axes.set_xlim(5e3, 1e7)
    axes.set_xlabel("parameters trained for one user")
    axes.set_ylabel("right on unseen phrasings")
    axes.set_ylim(-0.03, 1)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, loc="center")
    figure.tight_layout()
    figure.savefig(ROOT / "results" / "pairs-parameters.svg", metadata={"Date": None})
    pyplot.close(figure)


def labels_of(results: list[Result], apart: float = 0.04) -> list[tuple[float, list[int]]]:
    """Return heights with the budgets to name there; points nearer than `apart` share a label."""
    labels: list[tuple[float, list[int]]] = []
    for result in sorted(results, key=lambda r: r.overall):
        steps = int(result.settings["steps"])
        if labels and result.overall - labels[-1][0] < apart:
            labels[-1][1].append(steps)
        else:
            labels.append((result.overall, [steps]))
    return [(height, sorted(steps)) for height, steps in labels]


def main() -> None:
    (ROOT / "results").mkdir(exist_ok=True)
    text = json.dumps({"figures": figures()}, indent=1, ensure_ascii=False) + "\n"
    (ROOT / "results" / "figures.json").write_text(text, encoding="utf-8")
    plot_budgets()
    plot_parameters()


if __name__ == "__main__":
    main()

"""Try settings of methods on the users kept for tuning, and say which is best of each method.

    python bench/sweep.py locomo --mode fixed --grid bench/grids/locomo.toml --out results/locomo
    python bench/sweep.py personas --mode short --grid bench/grids/personas.toml \\
        --out results/personas

A grid file has a table a method, or several (`[[lora]]`): every combination of the values listed
there is tried. Each trial is an ordinary result file of split `tune`, as `lpm eval` writes it; what
is on file is not tried again, so a stopped sweep goes on where it was. The best settings are
printed as the `--set` options of `lpm eval`, which reports them on the other users.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from trials import Trial, add_machine_options, machine_of, run_all

from lpm.benchmarks.choosing import EvalConfig
from lpm.benchmarks.comparing import best_of_each
from lpm.benchmarks.results import Result
from lpm.benchmarks.rows import report_rows
from lpm.errors import ConfigError
from lpm.methods.registry import check_method, settings_type
from lpm.methods.settings import build_settings

Tried = tuple[str, tuple[tuple[str, Any], ...]]


def combinations(grid: dict[str, Any], methods: Sequence[str] | None = None) -> Iterator[Tried]:
    """Yield every method with every combination of its settings.

    ConfigError for a method, a setting or a value that cannot be.
    """
    for name, tables in grid.items():
        check_method(name)
        if methods and name not in methods:
            continue
        for table in tables if isinstance(tables, list) else [tables]:
            if not isinstance(table, dict) or not all(isinstance(v, list) for v in table.values()):
                raise ConfigError(
                    f"The grid of '{name}' must give a list of values for each setting, such as "
                    "`rank = [4, 8]`."
                )
            for values in itertools.product(*table.values()):
                settings = tuple(zip(table, values, strict=True))
                kind = settings_type(name)
                if kind is not None:
                    build_settings(kind, dict(settings), name)
                yield name, settings


def sweep(options: argparse.Namespace) -> list[Tried]:
    """Try everything that is not on file yet; return the best of each method."""
    config = EvalConfig(options.mode, "tune", options.users, None, options.per_user, options.seed)
    grid = tomllib.loads(options.grid.read_text("utf-8"))
    trials = [
        Trial(options.benchmark, config, name, settings, options.out)
        for name, settings in combinations(grid, options.methods)
    ]
    rows = [
        report_rows([Result.load(path)])[0] | {"tried": (trial.method, trial.settings)}
        for trial, path in run_all(trials, machine_of(options), options.jobs)
    ]
    return [row["tried"] for row in best_of_each(rows)]


def as_options(best: Sequence[Tried]) -> list[str]:
    """Return `--set METHOD.KEY=VALUE` for every setting of every best trial."""
    return [
        f"--set {name}.{key}={value if isinstance(value, str) else json.dumps(value)}"
        for name, settings in best
        for key, value in settings
    ]


def main(arguments: list[str] | None = None) -> int:
    """Run a sweep; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("benchmark")
    parser.add_argument("--mode", required=True)
    parser.add_argument("--grid", type=Path, required=True, help="TOML: method, settings, values")
    parser.add_argument("--methods", nargs="+", help="of the grid; all by default")
    parser.add_argument("--users", type=int, help="at most this many users")
    parser.add_argument("--per-user", type=int, help="at most this many questions of each, by hash")
    parser.add_argument("--seed", type=int, default=0)
    add_machine_options(parser)
    try:
        best = sweep(parser.parse_args(arguments))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    print("Best settings of each method, for `lpm eval`:\n" + " ".join(as_options(best)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

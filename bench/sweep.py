"""Try settings of methods on the users kept for tuning, and say which is best of each method.

    python bench/sweep.py locomo --mode fixed --grid bench/grids/locomo.toml --out results/locomo
    python bench/sweep.py personas --grid bench/grids/personas.toml --users 5 --out results/personas

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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lpm.backbone import EMBEDDED, Backbone
from lpm.benchmarks.registry import build_benchmark
from lpm.benchmarks.results import Result
from lpm.benchmarks.rows import best_of_each, report_rows
from lpm.benchmarks.running import EvalConfig, chosen_cases, run_method, run_name
from lpm.benchmarks.tables import score_text
from lpm.cli.eval import benchmark_options
from lpm.cli.progress import score_bar
from lpm.errors import ConfigError
from lpm.methods.registry import Parts, build_method, check_method, settings_type
from lpm.methods.settings import build_settings

Trial = tuple[str, dict[str, Any]]


def trials(grid: dict[str, Any], methods: list[str] | None = None) -> Iterator[Trial]:
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
                settings = dict(zip(table, values, strict=True))
                kind = settings_type(name)
                if kind is not None:
                    build_settings(kind, settings, name)
                yield name, settings


def sweep(options: argparse.Namespace) -> list[Trial]:
    """Try everything that is not on file yet; return the best trial of each method."""
    benchmark = build_benchmark(
        options.benchmark, **benchmark_options(options.benchmark, options.data, options.users)
    )
    config = EvalConfig(
        options.mode or benchmark.modes[0], "tune", options.users, None, options.per_user,
        options.seed,
    )  # fmt: skip
    cases = chosen_cases(benchmark, config)
    projector = str(options.projector) if options.projector else None
    backbone = Backbone.load(options.backbone, device=options.device)
    parts = Parts(backbone, projector, options.out / "studies")
    planned = list(trials(tomllib.loads(options.grid.read_text("utf-8")), options.methods))
    rows = []
    with score_bar() as update:
        for number, (name, settings) in enumerate(planned, start=1):
            method = build_method(name, parts, settings)
            path = options.out / f"{run_name(benchmark, method, backbone, config)}.json"
            if not path.is_file():
                path = run_method(
                    benchmark, cases, method, backbone, config, options.out,
                    resume=True, progress=update,
                )[0]  # fmt: skip
            row = report_rows([Result.load(path)])[0] | {"trial": (name, settings)}
            rows.append(row)
            tried = " ".join(f"{key}={value}" for key, value in settings.items())
            print(f"{number}/{len(planned)} {name} {tried}: {score_text(row)}", flush=True)
    return [row["trial"] for row in best_of_each(rows)]


def as_options(best: list[Trial]) -> list[str]:
    """Return `--set METHOD.KEY=VALUE` for every setting of every best trial."""
    return [
        f"--set {name}.{key}={value if isinstance(value, str) else json.dumps(value)}"
        for name, settings in best
        for key, value in settings.items()
    ]


def main(arguments: list[str] | None = None) -> int:
    """Run a sweep; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("benchmark")
    parser.add_argument("--grid", type=Path, required=True, help="TOML: method, settings, values")
    parser.add_argument("--methods", nargs="+", help="of the grid; all by default")
    parser.add_argument("--mode", help="the benchmark's first by default")
    parser.add_argument("--data", type=Path, help="file or folder of the data")
    parser.add_argument("--users", type=int, help="at most this many users")
    parser.add_argument("--per-user", type=int, help="at most this many questions of each, by hash")
    parser.add_argument("--backbone", default=EMBEDDED)
    parser.add_argument("--device")
    parser.add_argument("--projector", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("results"))
    try:
        best = sweep(parser.parse_args(arguments))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    print("Best settings of each method, for `lpm eval`:\n" + " ".join(as_options(best)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""`eval`: methods side by side on a benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from lpm.cli.options import AsJson, BackboneName, Device, ProjectorFolder, Seed, print_table
from lpm.errors import ConfigError

FILE_OF = {"locomo": "locomo10.json"}


def evaluate(
    benchmark: Annotated[str, typer.Argument(help="locomo, personamem, personas or a plug-in's.")],
    methods: Annotated[str, typer.Option(help="Names, separated by commas.")] = "no-memory,lpm",
    mode: Annotated[str | None, typer.Option(help="The benchmark's first by default.")] = None,
    split: Annotated[str, typer.Option(help="tune, report or all.")] = "report",
    data: Annotated[
        Path | None, typer.Option(help="File or folder of the data; that of `lpm data get`.")
    ] = None,
    users: Annotated[int | None, typer.Option(help="At most this many users.")] = None,
    limit: Annotated[int | None, typer.Option(help="At most this many questions.")] = None,
    per_user: Annotated[
        int | None, typer.Option(help="At most this many questions of each user, by hash.")
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", help="METHOD.KEY=VALUE; may be given several times."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a stopped run.")] = False,
    out: Annotated[Path, typer.Option(help="Folder of the result files.")] = Path("results"),
    backbone: BackboneName = "embedded",
    device: Device = None,
    projector: ProjectorFolder = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Measure methods on a benchmark; a line a prediction, a result file a method."""
    import json

    from lpm.backbone import Backbone
    from lpm.benchmarks.choosing import EvalConfig, chosen_cases
    from lpm.benchmarks.registry import build_benchmark
    from lpm.benchmarks.results import Result
    from lpm.benchmarks.rows import report_rows
    from lpm.benchmarks.running import open_ledger, run_method, run_name
    from lpm.cli.progress import score_bar
    from lpm.methods.registry import Parts, build_method, check_method

    names = list(dict.fromkeys(name.strip() for name in methods.split(",") if name.strip()))
    settings = _settings(setting or [], names)
    for name in names or [""]:
        check_method(name)
        _check_settings(name, settings.get(name, {}))
    built = build_benchmark(benchmark, **benchmark_options(benchmark, data, users, seed))
    config = EvalConfig(mode or built.modes[0], split, users, limit, per_user, seed)  # type: ignore[arg-type]
    cases = chosen_cases(built, config)
    _say_coverage(built, config.mode)
    folder = str(projector) if projector else None
    parts = Parts(Backbone.load(backbone, device=device), folder, out / "studies")
    # A run may take hours, so whatever stands in the way of a later one is found before the first.
    for name in names:
        method = build_method(name, parts, settings.get(name))
        open_ledger(out, run_name(built, method, parts.backbone, config), resume=resume)
    paths: list[Path] = []
    with score_bar() as update:
        for name in names:
            method = build_method(name, parts, settings.get(name))
            paths += run_method(
                built, cases, method, parts.backbone, config, out, resume=resume, progress=update
            )
    rows = report_rows([Result.load(path) for path in paths])
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    columns = ("method", "metric", "overall", "stderr", "n", "params_per_user", "kv_bytes")
    print_table(columns, [tuple(_shown(row[column]) for column in columns) for row in rows])
    typer.echo(f"Result files: {', '.join(str(path) for path in paths)}")


def _shown(value: object) -> object:
    """Return a cell as people read it."""
    if isinstance(value, float):
        return f"{value:.3f}"
    return "" if value is None else f"{value:,}" if isinstance(value, int) else value


def _settings(given: list[str], names: list[str]) -> dict[str, dict[str, object]]:
    import json

    found: dict[str, dict[str, object]] = {}
    for text in given:
        name, dot, rest = text.partition(".")
        key, equals, value = rest.partition("=")
        if not (dot and equals and key) or name not in names:
            raise ConfigError(
                f"--set must be METHOD.KEY=VALUE with a method of --methods, but is {text!r}."
            )
        try:
            found.setdefault(name, {})[key] = json.loads(value)
        except ValueError:
            found.setdefault(name, {})[key] = value
    return found


def _check_settings(method: str, given: dict[str, object]) -> None:
    """Raise ConfigError for a wrong setting; those of plug-ins are known once they are built."""
    from lpm.methods.registry import settings_type
    from lpm.methods.settings import build_settings

    kind = settings_type(method)
    if kind is not None:
        build_settings(kind, given, method)


def benchmark_options(
    benchmark: str, data: Path | None, users: int | None, seed: int
) -> dict[str, Any]:
    """Return what a benchmark is built with: its data, its users, the seed of what it draws."""
    if benchmark == "personas":
        counts = {} if users is None else {"num_users": users, "num_tune_users": users}
        return counts | {"seed": seed}
    if benchmark not in ("locomo", "personamem"):
        return {} if data is None else {"path": data}
    from lpm.cli.data import default_folder

    folder = data or default_folder()
    if benchmark == "personamem":
        return {"folder": folder}
    return {"path": folder / FILE_OF["locomo"] if folder.is_dir() else folder, "seed": seed}


def _say_coverage(benchmark: Any, mode: str) -> None:
    coverage = getattr(benchmark, "coverage", None)
    if coverage is not None:
        typer.echo(str(coverage(mode)), err=True)

"""Run every method and control on the benchmarks, with the settings chosen on the tuning users.

    python bench/evidence.py locomo personamem personas lengths --data DATA --jobs 8 --dry-run
    python bench/evidence.py locomo --data DATA --jobs 8

Settings are the best on file of split `tune` for the benchmark (`bench/sweep.py` makes those
files), defaults where nothing was tried; synthetic users of every length take those of `short`, and
PersonaMem, whose tuning personas' contexts may not be at hand, takes those of `personas`. Result
files and what is resumed are those of `lpm eval`. Every seed of the synthetic users has users of
its own, and draws again what a method draws at random.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from trials import Trial, add_machine_options, machine_of, run_all

from lpm.benchmarks.choosing import EvalConfig
from lpm.benchmarks.comparing import chosen_settings
from lpm.benchmarks.personas import LENGTHS
from lpm.benchmarks.reporting import load_rows
from lpm.errors import ConfigError, LPMError
from lpm.methods.registry import settings_type

UNTRAINED = ("no-memory", "full-context", "rag-bm25", "rag-dense", "lpm", "hybrid")
TRAINED = ("prompt-tuning", "prefix-tuning", "lora", "cartridge")
CONTROLS = ("blind", "empty-memory", "swapped-user", "blind-trained")
EVERYTHING = (*UNTRAINED, *TRAINED, *CONTROLS)
AS_A_CHAT = {"layout": "chat"}
"""As PersonaMem's own code gives a history."""
PARTS = ("locomo", "personamem", "personas", "lengths")


def tuned_settings(folder: Path, benchmark: str, mode: str) -> dict[str, dict[str, Any]]:
    """Return each method's best settings on `tune`; none for a method that was not tried."""
    try:
        rows = load_rows(folder)
    except ConfigError:
        return {}
    return chosen_settings(rows, benchmark, mode)


def settings_for(name: str, chosen: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the settings that a method knows; a constant memory has as many slots as LPM."""
    if name == "blind-trained":
        return {k: v for k, v in chosen.get("lpm", {}).items() if k == "num_slots"}
    kind = settings_type(name)
    known = {item.name for item in fields(kind)} if kind is not None else set()
    return {key: value for key, value in chosen.get(name, {}).items() if key in known}


def planned(options: argparse.Namespace) -> Iterator[Trial]:
    """Yield all trials of the parts asked for."""
    out: Path = options.out
    locomo = tuned_settings(out / "locomo", "locomo", "fixed")
    personas = tuned_settings(out / "personas", "personas", "short")

    def trial(benchmark: str, config: EvalConfig, name: str, chosen: Any, folder: str) -> Trial:
        settings = tuple(sorted(settings_for(name, chosen).items()))
        return Trial(benchmark, config, name, settings, out / folder)

    for name in options.methods or EVERYTHING:
        if "locomo" in options.parts:
            config = EvalConfig("fixed", "all", per_user=options.per_user)
            yield trial("locomo", config, name, locomo, "locomo")
        if "personamem" in options.parts:
            given = personas | {"full-context": AS_A_CHAT}
            yield trial("personamem", EvalConfig("32k"), name, given, "personamem")
        if "personas" in options.parts:
            for seed in range(options.seeds):
                config = EvalConfig("short", users=options.users, seed=seed)
                yield trial("personas", config, name, personas, "personas")
        if "lengths" in options.parts and name not in CONTROLS:
            for mode in LENGTHS:
                config = EvalConfig(mode, users=options.length_users)
                yield trial("personas", config, name, personas, "lengths")


def main(arguments: list[str] | None = None) -> int:
    """Run what is planned; return 1 when anything failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="+", choices=PARTS)
    parser.add_argument("--methods", nargs="+", choices=EVERYTHING)
    parser.add_argument("--users", type=int, default=50, help="synthetic users of each seed")
    parser.add_argument("--length-users", type=int, default=10, help="of every length")
    parser.add_argument("--per-user", type=int, help="questions of a LoCoMo conversation, by hash")
    parser.add_argument("--seeds", type=int, default=5, help="of the synthetic users")
    parser.add_argument("--dry-run", action="store_true", help="say what would run")
    add_machine_options(parser)
    options = parser.parse_args(arguments)
    trials = list(dict.fromkeys(planned(options)))
    if options.dry_run:
        print("\n".join(map(str, trials)))
        return 0
    try:
        done = sum(1 for _ in run_all(trials, machine_of(options), options.jobs))
    except LPMError as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if done == len(trials) else 1


if __name__ == "__main__":
    raise SystemExit(main())

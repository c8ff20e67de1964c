"""Run many trials, a method with settings on a benchmark each; for the benches beside this file."""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from lpm.backbone import EMBEDDED, Backbone
from lpm.benchmarks.choosing import EvalConfig, chosen_cases
from lpm.benchmarks.contract import Benchmark, Case
from lpm.benchmarks.registry import build_benchmark
from lpm.benchmarks.results import Result
from lpm.benchmarks.rows import report_rows
from lpm.benchmarks.running import run_method, run_name
from lpm.benchmarks.tables import score_text
from lpm.cli.eval import benchmark_options
from lpm.errors import ConfigError, LPMError
from lpm.methods.registry import Parts, build_method


@dataclass(frozen=True)
class Trial:
    """One method with some settings, (key, value) each, on one benchmark; out: of its files."""

    benchmark: str
    config: EvalConfig
    method: str
    settings: tuple[tuple[str, Any], ...]
    out: Path

    def __str__(self) -> str:
        tried = "".join(f" {key}={value}" for key, value in self.settings)
        where = f"{self.benchmark} {self.config.mode} {self.config.split}"
        return f"{where} seed {self.config.seed}: {self.method}{tried}"


@dataclass(frozen=True)
class Machine:
    """What trials run with: frozen LLM, device, shared weights, data, folder of self-studies."""

    backbone: str
    device: str | None
    projector: str | None
    data: Path | None
    studies: Path


class Worker:
    """Runs trials one after another; the backbone is loaded once."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        backbone = Backbone.load(machine.backbone, device=machine.device)
        self.parts = Parts(backbone, machine.projector, machine.studies)
        self.cases = lru_cache(maxsize=2)(self._cases)

    def run(self, trial: Trial) -> Path:
        """Return the result file of the benchmark's own metric; what is on file is kept."""
        config, backbone = trial.config, self.parts.backbone
        benchmark, cases = self.cases(trial.benchmark, config)
        method = build_method(trial.method, self.parts, dict(trial.settings))
        path = trial.out / f"{run_name(benchmark, method, backbone, config)}.json"
        if path.is_file():
            return path
        return run_method(benchmark, cases, method, backbone, config, trial.out, resume=True)[0]

    def _cases(self, name: str, config: EvalConfig) -> tuple[Benchmark, list[Case]]:
        data = self.machine.data
        if data is not None and (data / name).is_dir():
            data = data / name
        options = benchmark_options(name, data, config.users, config.seed)
        benchmark = build_benchmark(name, **options)
        return benchmark, chosen_cases(benchmark, config)


_workers: list[Worker] = []


def _start(machine: Machine) -> None:
    torch.set_num_threads(1)
    _workers.append(Worker(machine))


def _run(trial: Trial) -> Path:
    return _workers[0].run(trial)


def run_all(
    trials: Sequence[Trial], machine: Machine, jobs: int = 1
) -> Iterator[tuple[Trial, Path]]:
    """Yield every trial with its result file as it is done; a failed one is said and left out.

    jobs: processes, each with a backbone of its own; one GPU serves several of them.
    """
    distinct = list(dict.fromkeys(trials))
    for done, (trial, outcome) in enumerate(_outcomes(distinct, machine, jobs), start=1):
        said = outcome if isinstance(outcome, str) else _score(outcome)
        print(f"{done}/{len(distinct)} {trial}: {said}", flush=True)
        if isinstance(outcome, Path):
            yield trial, outcome


def _outcomes(
    trials: Sequence[Trial], machine: Machine, jobs: int
) -> Iterator[tuple[Trial, Path | str]]:
    if jobs == 1:
        worker = Worker(machine)
        for trial in trials:
            try:
                yield trial, worker.run(trial)
            except (LPMError, torch.OutOfMemoryError) as error:
                yield trial, f"FAILED: {error}"
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _start, (machine,)) as pool:
        futures = {pool.submit(_run, trial): trial for trial in trials}
        for future in as_completed(futures):
            try:
                yield futures[future], future.result()
            except (LPMError, torch.OutOfMemoryError) as error:
                yield futures[future], f"FAILED: {error}"


def _score(path: Path) -> str:
    return score_text(report_rows([Result.load(path)])[0])


def add_machine_options(parser: argparse.ArgumentParser) -> None:
    """Add what `machine_of` reads."""
    parser.add_argument("--data", type=Path, help="file or folder of the data, or the folder above")
    parser.add_argument("--backbone", default=EMBEDDED)
    parser.add_argument("--device")
    parser.add_argument("--projector", type=Path)
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--out", type=Path, default=Path("results"))


def machine_of(options: argparse.Namespace) -> Machine:
    """Return the machine that the options describe."""
    if options.jobs < 1:
        raise ConfigError(f"`--jobs` must be at least 1, but is {options.jobs}.")
    projector = str(options.projector) if options.projector else None
    return Machine(
        options.backbone, options.device, projector, options.data, options.out / "studies"
    )

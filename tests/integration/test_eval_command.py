"""`lpm eval` finds what is wrong with any of its methods before the first one runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from lpm.benchmarks.registry import build_benchmark
from lpm.cli.app import run
from lpm.cli.eval import benchmark_options
from lpm.testing import save_tiny_backbone


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_backbone(tmp_path_factory.mktemp("backbone"))


@pytest.fixture
def measure(backbone: Path, tmp_path: Path, capsys):
    def call(methods: str, *more: object, status: int = 0) -> str:
        given = ["eval", "personas", "--methods", methods, "--users", 1, "--limit", 1]
        given += ["--backbone", backbone, "--out", tmp_path, *more]
        with pytest.raises(SystemExit) as ended:
            run([str(argument) for argument in given])
        assert int(ended.value.code or 0) == status
        captured = capsys.readouterr()
        return captured.out if status == 0 else captured.err

    return call


def measured(folder: Path) -> list[str]:
    return sorted(path.name.split("-report-")[1][:8] for path in folder.glob("predictions/*.jsonl"))


def test_a_wrong_setting_is_found_before_the_backbone_is_loaded(measure, tmp_path: Path) -> None:
    said = measure(
        "no-memory,lora", "--set", "lora.rnk=4", "--backbone", tmp_path / "none", status=2
    )
    assert "Method 'lora' has no setting 'rnk' - did you mean 'rank'?" in said


def test_a_setting_of_a_method_without_any_is_found_first(measure, tmp_path: Path) -> None:
    said = measure("full-context,no-memory", "--set", "no-memory.top_k=4", status=2)
    assert "Method 'no-memory' has no settings" in said
    assert measured(tmp_path) == []


def test_a_run_on_file_is_found_first_and_gone_on_with_when_asked(measure, tmp_path: Path) -> None:
    measure("full-context")
    said = measure("no-memory,full-context", status=2)
    assert "add --resume" in said and "full-context" in said
    assert measured(tmp_path) == ["full-con"]
    assert "no-memory" in measure("no-memory,full-context", "--resume")
    assert measured(tmp_path) == ["full-con", "no-memor"]


def test_a_method_named_twice_runs_once(measure) -> None:
    assert "Result files" in measure("no-memory,no-memory")


def test_the_seed_reaches_the_benchmark(tmp_path: Path) -> None:
    benchmark = build_benchmark("locomo", **benchmark_options("locomo", tmp_path, None, 7))
    assert (benchmark.seed, benchmark.path) == (7, tmp_path / "locomo10.json")

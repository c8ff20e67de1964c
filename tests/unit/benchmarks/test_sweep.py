"""A sweep tries every setting on the tuning users once, and names the best of each method."""

from __future__ import annotations

import importlib
import tomllib
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from lpm.backbone import Backbone
from lpm.benchmarks.results import Result
from lpm.errors import ConfigError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let scripts of bench/ be imported, as they import each other."""
    monkeypatch.syspath_prepend(str(ROOT / "bench"))


@pytest.fixture
def sweep(bench: None) -> ModuleType:
    return importlib.import_module("sweep")


@pytest.fixture
def evidence(bench: None) -> ModuleType:
    return importlib.import_module("evidence")


def test_every_combination_is_a_trial_and_several_tables_add_up(sweep: ModuleType) -> None:
    grid = {
        "lora": [{"rank": [4, 8], "steps": [10]}, {"rank": [16], "steps": [20]}],
        "rag-bm25": {"top_k": [5]},
    }
    assert list(sweep.combinations(grid)) == [
        ("lora", (("rank", 4), ("steps", 10))),
        ("lora", (("rank", 8), ("steps", 10))),
        ("lora", (("rank", 16), ("steps", 20))),
        ("rag-bm25", (("top_k", 5),)),
    ]
    assert [name for name, _ in sweep.combinations(grid, ["rag-bm25"])] == ["rag-bm25"]
    with pytest.raises(ConfigError, match="did you mean 'lora'"):
        list(sweep.combinations({"loora": {}}))
    with pytest.raises(ConfigError, match="did you mean 'rank'"):
        list(sweep.combinations({"lora": {"ranks": [4]}}))
    with pytest.raises(ConfigError, match="a list of values"):
        list(sweep.combinations({"lora": {"rank": 4}}))


@pytest.mark.parametrize("name", ["locomo", "personas"])
def test_the_grids_at_hand_hold_settings_that_the_methods_know(
    sweep: ModuleType, name: str
) -> None:
    grid = tomllib.loads((ROOT / "bench" / "grids" / f"{name}.toml").read_text())
    swept = {"rag-dense", "lora", "prompt-tuning", "prefix-tuning", "cartridge", "lpm"}
    assert swept <= set(grid)
    assert {method for method, _ in sweep.combinations(grid)} == set(grid)


def one_user_of(grid: Path) -> list[str]:
    return ["personas", "--mode", "short", "--grid", str(grid), "--users", "1"]


def test_a_sweep_uses_tune_users_alone_and_tries_nothing_twice(
    sweep: ModuleType,
    tiny: Backbone,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(Backbone, "load", lambda name, device=None: tiny)
    (tmp_path / "grid.toml").write_text("[rag-bm25]\ntop_k = [1, 2]\n[no-memory]\n")
    arguments = one_user_of(tmp_path / "grid.toml")
    arguments += ["--per-user", "2", "--out", str(tmp_path / "out")]
    assert sweep.main(arguments) == 0
    printed = capsys.readouterr().out
    results = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.json")}
    assert len(results) == 3
    assert all(Result.load(path).split == "tune" for path in results)
    assert printed.splitlines()[-1].startswith("--set rag-bm25.top_k=")
    assert printed.startswith("1/3 personas short tune seed 0: rag-bm25 top_k=1: 0.")
    assert sweep.main(arguments) == 0
    assert capsys.readouterr().out == printed
    again = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.json")}
    assert again == results


def test_a_wrong_grid_is_one_sentence(
    sweep: ModuleType, tmp_path: Path, tiny: Backbone, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(Backbone, "load", lambda name, device=None: tiny)
    (tmp_path / "grid.toml").write_text("[lora]\nrank = 4\n")
    arguments = one_user_of(tmp_path / "grid.toml")
    assert sweep.main([*arguments, "--out", str(tmp_path)]) == 1
    assert "a list of values" in capsys.readouterr().err


def trial_lines(evidence: ModuleType, capsys: pytest.CaptureFixture[str], *given: str) -> list[str]:
    assert evidence.main([*given, "--dry-run"]) == 0
    return capsys.readouterr().out.splitlines()


def test_evidence_runs_everything_with_the_settings_chosen_on_tune(
    evidence: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = Result.load(next((ROOT / "results" / "locomo").glob("*rag-bm25*.json")))
    result = replace(found, question_set="fifty")
    for top_k, score in ((2, 0.2), (10, 0.4), (20, 0.3)):
        settings = {"top_k": top_k, "taught_by": "nobody"}
        tried = replace(result, split="tune", settings=settings, overall=score, n=50)
        tried.save(tmp_path / "locomo" / f"{top_k}.json")
    more = replace(result, split="tune", settings={"top_k": 5}, overall=0.9, n=60,
                   question_set="sixty")  # fmt: skip
    more.save(tmp_path / "locomo" / "more.json")
    lines = trial_lines(evidence, capsys, "locomo", "--out", str(tmp_path))
    assert len(lines) == 14 and all(line.startswith("locomo fixed all seed 0") for line in lines)
    assert "locomo fixed all seed 0: rag-bm25 top_k=10" in lines
    assert "locomo fixed all seed 0: lora" in lines


def test_every_seed_of_the_synthetic_users_is_run_for_every_method(
    evidence: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("personas", "--methods", "lpm", "lora", "--seeds", "3", "--out", str(tmp_path))
    assert trial_lines(evidence, capsys, *given) == [
        f"personas short report seed {seed}: {name}"
        for name in ("lpm", "lora")
        for seed in range(3)
    ]


def test_every_length_is_run_for_every_method_that_is_no_control(
    evidence: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = trial_lines(evidence, capsys, "lengths", "--out", str(tmp_path))
    assert len(lines) == 5 * 10 and not any("blind" in line for line in lines)


def test_a_trial_that_fails_is_said_and_the_others_go_on(
    evidence: ModuleType, tmp_path: Path, tiny: Backbone, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(Backbone, "load", lambda name, device=None: tiny)
    (tmp_path / "empty").mkdir()
    given = ["personamem", "personas", "--methods", "no-memory", "--users", "1", "--seeds", "1"]
    given += ["--data", str(tmp_path / "empty"), "--out", str(tmp_path / "out")]
    assert evidence.main(given) == 1
    first, second = capsys.readouterr().out.splitlines()
    assert "FAILED" in first and "personamem" in first
    assert second.startswith("2/2 personas short report seed 0: no-memory: 0.")

"""A sweep tries every setting on the tuning users once, and names the best of each method."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from lpm.backbone import Backbone
from lpm.benchmarks.results import Result
from lpm.errors import ConfigError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def sweep() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sweep", ROOT / "bench" / "sweep.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_combination_is_a_trial_and_several_tables_add_up(sweep: ModuleType) -> None:
    grid = {
        "lora": [{"rank": [4, 8], "steps": [10]}, {"rank": [16], "steps": [20]}],
        "rag-bm25": {"top_k": [5]},
    }
    assert list(sweep.trials(grid)) == [
        ("lora", {"rank": 4, "steps": 10}),
        ("lora", {"rank": 8, "steps": 10}),
        ("lora", {"rank": 16, "steps": 20}),
        ("rag-bm25", {"top_k": 5}),
    ]
    assert [name for name, _ in sweep.trials(grid, ["rag-bm25"])] == ["rag-bm25"]
    with pytest.raises(ConfigError, match="did you mean 'lora'"):
        list(sweep.trials({"loora": {}}))
    with pytest.raises(ConfigError, match="did you mean 'rank'"):
        list(sweep.trials({"lora": {"ranks": [4]}}))
    with pytest.raises(ConfigError, match="a list of values"):
        list(sweep.trials({"lora": {"rank": 4}}))


@pytest.mark.parametrize("name", ["locomo", "personas"])
def test_the_grids_at_hand_hold_settings_that_the_methods_know(
    sweep: ModuleType, name: str
) -> None:
    grid = tomllib.loads((ROOT / "bench" / "grids" / f"{name}.toml").read_text())
    swept = {"rag-dense", "lora", "prompt-tuning", "prefix-tuning", "cartridge", "lpm"}
    assert swept <= set(grid)
    assert {method for method, _ in sweep.trials(grid)} == set(grid)


def test_a_sweep_uses_tune_users_alone_and_tries_nothing_twice(
    sweep: ModuleType,
    tiny: Backbone,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(Backbone, "load", lambda name, device=None: tiny)
    (tmp_path / "grid.toml").write_text("[rag-bm25]\ntop_k = [1, 2]\n[no-memory]\n")
    arguments = ["personas", "--grid", str(tmp_path / "grid.toml"), "--users", "1"]
    arguments += ["--per-user", "2", "--out", str(tmp_path / "out")]
    assert sweep.main(arguments) == 0
    printed = capsys.readouterr().out
    results = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.json")}
    assert len(results) == 3
    assert all(Result.load(path).split == "tune" for path in results)
    assert printed.splitlines()[-1].startswith("--set rag-bm25.top_k=")
    assert sweep.main(arguments) == 0
    assert capsys.readouterr().out == printed
    again = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.json")}
    assert again == results


def test_a_wrong_grid_is_one_sentence(
    sweep: ModuleType, tmp_path: Path, tiny: Backbone, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(Backbone, "load", lambda name, device=None: tiny)
    (tmp_path / "grid.toml").write_text("[lora]\nrank = 4\n")
    arguments = ["personas", "--grid", str(tmp_path / "grid.toml"), "--users", "1"]
    assert sweep.main([*arguments, "--out", str(tmp_path)]) == 1
    assert "a list of values" in capsys.readouterr().err

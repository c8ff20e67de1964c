"""The efficiency page holds what the result files say and nothing else."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load_script() -> ModuleType:
    path = ROOT / "scripts" / "update_efficiency.py"
    spec = importlib.util.spec_from_file_location("update_efficiency", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Return a folder with this page and the counted files, but nothing measured."""
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "efficiency.md", tmp_path / "docs")
    shutil.copytree(ROOT / "results" / "efficiency", tmp_path / "results" / "efficiency")
    return tmp_path


def page(root: Path) -> str:
    return (root / "docs" / "efficiency.md").read_text(encoding="utf-8")


def test_tables_are_current() -> None:
    assert load_script().main(["--check"]) == 0


def test_a_changed_result_file_makes_the_check_fail_until_the_page_is_rewritten(
    copied: Path,
) -> None:
    script, path = load_script(), copied / "results" / "efficiency" / "qwen3-8b.json"
    assert script.main([], root=copied) == 0
    report = json.loads(path.read_text(encoding="utf-8"))
    report["counts"][0]["params_per_user"] = 98_765
    path.write_text(json.dumps(report), encoding="utf-8")
    before = page(copied)
    assert script.main(["--check"], root=copied) == 1
    assert page(copied) == before
    assert script.main([], root=copied) == 0
    assert "98,765" in page(copied)
    assert script.main(["--check"], root=copied) == 0


def test_measured_times_are_shown_beside_their_file_and_conditions(copied: Path) -> None:
    folder = copied / "results" / "speed"
    folder.mkdir()
    conditions = {"backbone": "Small", "device": "cpu", "threads": 1, "load_average": 0.25}
    row = {"first_token_s": 0.1234, "decode_tokens_per_s": 9.87, "peak_bytes": 1_234_000_000}
    latency = conditions | {"random_weights": False, "new_tokens": 32, "repeats": 3}
    latency |= {"rows": [row | {"method": "full-context", "context_tokens": 1024}]}
    (folder / "latency-small-cpu.json").write_text(json.dumps(latency))
    ask = conditions | {"random_weights": True, "load_s": 3.21, "remember_s": 4.5, "ask_s": 0.75}
    ask |= {"remember_fitted_s": None, "fit_steps": 0, "history_turns": 40}
    ask |= {"answer_tokens": [3, 9, 8]}
    (folder / "ask-small.json").write_text(json.dumps(ask))
    load_script().main([], root=copied)
    text = page(copied)
    assert "| full context, 1,024 tokens in all | 0.123 s | 9.9 | 1.23 GB |" in text
    assert "CPU, 1 thread, load average 0.2 at the start" in text
    assert "`results/speed/latency-small-cpu.json`" in text
    assert "random shared weights | 3.2 s | 4.50 s (40 turns) | – | 0.75 s (8 tokens) |" in text


def test_without_files_the_page_says_so(copied: Path) -> None:
    shutil.rmtree(copied / "results")
    load_script().main([], root=copied)
    assert page(copied).count("_Nothing is on file yet;") == 8
    assert "14,336" not in page(copied)


def test_a_lost_mark_is_an_error(copied: Path) -> None:
    lost = page(copied).replace("<!-- kv:end -->", "")
    (copied / "docs" / "efficiency.md").write_text(lost, encoding="utf-8")
    with pytest.raises(SystemExit, match="kv:end"):
        load_script().main([], root=copied)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (999, "999"),
        (999.7, "1.00 k"),
        (9_996, "10.0 k"),
        (99_960, "100 k"),
        (2.5e15, "2.50 P"),
    ],
)
def test_figures_have_three_digits_and_a_unit(value: float, shown: str) -> None:
    assert load_script().spelt(value) == shown

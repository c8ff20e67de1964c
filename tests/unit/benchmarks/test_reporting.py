"""Reports hold every result, and nothing that is not in a result file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lpm.benchmarks.reporting import load_results, render
from lpm.benchmarks.results import Result
from lpm.errors import ConfigError

RESULT = Result(
    benchmark="locomo", mode="fixed", split="report", backbone="tiny", backbone_fingerprint="f",
    method="lpm", settings={"num_slots": 32}, seed=0, overall=0.25, stderr=0.05, n=40, num_users=7,
    params_per_user=14_336, params_shared=3_000_000, bytes_per_user=57_344, kv_bytes=500,
    soft_tokens=26, prompt_tokens=80.5, seconds=12.0,
    by_kind={"single-hop": [0.5, 10], "temporal": [1 / 6, 30]}, macro=1 / 3, macro_stderr=0.1,
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    RESULT.save(tmp_path / "deep" / "one.json")
    lora = replace(RESULT, method="lora", overall=0.125, params_per_user=2_442_240, settings={})
    lora.save(tmp_path / "two.json")
    replace(RESULT, metric="option-likelihood", stderr=float("nan")).save(tmp_path / "three.json")
    (tmp_path / "other.json").write_text('{"kind": "ask"}')
    return tmp_path


def test_json_rows_hold_what_a_table_needs(folder: Path) -> None:
    rows = json.loads(render(folder, "json"))
    assert {row["file"] for row in rows} == {"deep/one.json", "two.json", "three.json"}
    needed = (
        "benchmark", "mode", "split", "backbone", "method", "overall", "stderr", "n",
        "params_per_user", "params_shared", "bytes_per_user", "kv_bytes", "prompt_tokens",
    )  # fmt: skip
    for row in rows:
        assert set(needed) <= set(row)
    one = next(row for row in rows if row["file"] == "deep/one.json")
    assert (one["overall"], one["stderr"], one["n"]) == (0.25, 0.05, 40)
    assert next(row for row in rows if row["file"] == "three.json")["stderr"] is None


def test_two_metrics_never_share_a_table(folder: Path) -> None:
    text = render(folder, "md")
    score, likelihood = text.split("## locomo")[1:]
    if "option-likelihood" in score.splitlines()[0]:
        score, likelihood = likelihood, score
    assert "0.250 ± 0.050" in score and "lora" in score and "three.json" not in score
    assert "three.json" in likelihood and "lora" not in likelihood
    assert score.index("| lpm ") < score.index("| lora ")


def test_a_page_holds_its_plots_and_asks_for_nothing(folder: Path) -> None:
    page = render(folder, "html")
    assert page.count("data:image/png;base64,") == 4
    assert "http" not in page and "<script" not in page
    assert "0.250 ± 0.050" in page


def test_names_are_no_markup(tmp_path: Path) -> None:
    replace(RESULT, method="<b>|x", backbone="<i>").save(tmp_path / "one.json")
    assert "<b>" not in render(tmp_path, "html") and "<i>" not in render(tmp_path, "html")
    assert "<b>\\|x" in render(tmp_path, "md")


def test_the_committed_results_make_a_report() -> None:
    results = Path(__file__).resolve().parents[3] / "results"
    rows = json.loads(render(results, "json"))
    assert len(rows) == len(load_results(results)) >= 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read as a result file"),
        ('{"benchmark": 1, "method": 1, "overall": 1, "stderr": 1}', "cannot be read"),
        (json.dumps({**RESULT.__dict__, "overall": 1.5}), "beyond 0 to 1"),
        (json.dumps({**RESULT.__dict__, "schema_version": 9}), "schema version 1"),
        (json.dumps({**RESULT.__dict__, "extra": 9}), "it has 'extra'"),
    ],
)
def test_a_damaged_result_file_is_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "bad.json").write_text(content)
    with pytest.raises(ConfigError, match=message) as error:
        render(tmp_path, "md")
    assert "bad.json" in str(error.value) or "lpm" in str(error.value)


def test_an_empty_or_absent_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="lpm eval"):
        render(tmp_path, "md")
    with pytest.raises(ConfigError, match="is no folder"):
        render(tmp_path / "absent", "md")
    with pytest.raises(ConfigError, match="must be one of md, html, json"):
        render(tmp_path, "pdf")  # type: ignore[arg-type]

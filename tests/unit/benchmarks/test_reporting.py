"""Reports hold every result, and nothing that is not in a result file."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from lpm.benchmarks.reporting import curves, load_rows, render
from lpm.benchmarks.results import Result
from lpm.benchmarks.rows import load_results
from lpm.errors import ConfigError

RESULTS = Path(__file__).resolve().parents[3] / "results"
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
    assert not re.search(r"<img(?! alt=)", page), "every plot says in words what it shows"


def section(folder: Path, title: str) -> str:
    """Return the part of the Markdown report under the heading that begins so."""
    (found,) = [p for p in render(folder, "md").split("\n## ")[1:] if p.startswith(title)]
    return found


def test_seeds_are_one_row_with_their_spread(tmp_path: Path) -> None:
    for seed, overall in enumerate((0.2, 0.3, 0.4)):
        replace(RESULT, seed=seed, overall=overall).save(tmp_path / f"{seed}.json")
    replace(RESULT, n=20, by_kind={"temporal": [0.1, 20]}).save(tmp_path / "fewer.json")
    text = section(tmp_path, "locomo (fixed), split report")
    assert "0.300 ± 0.050" in text and "| 3 (spread 0.100) |" in text
    assert text.count("| lpm |") == 2, "a run of fewer questions stands apart"
    assert len(json.loads(render(tmp_path, "json"))) == 4


def test_the_same_seed_measured_twice_is_not_one_more_seed(tmp_path: Path) -> None:
    for name in ("a", "b"):
        RESULT.save(tmp_path / f"{name}.json")
    assert "spread 0" not in render(tmp_path, "md")


def test_every_category_has_its_own_error(tmp_path: Path) -> None:
    replace(RESULT, by_kind_stderr={"single-hop": 0.125}).save(tmp_path / "one.json")
    text = section(tmp_path, "locomo")
    assert "0.500 ± 0.125 (n=10)" in text and "| 0.167 (n=30) |" in text


def test_on_tune_every_setting_tried_is_shown_and_the_best_is_chosen(tmp_path: Path) -> None:
    for rank, overall in ((4, 0.1), (8, 0.3), (16, 0.2)):
        settings = {"rank": rank, "steps": 100}
        tried = replace(RESULT, method="lora", split="tune", settings=settings, overall=overall)
        tried.save(tmp_path / f"{rank}.json")
    text = section(tmp_path, "locomo (fixed), split tune")
    assert "| lora | rank 8, steps 100 | 0.300 ± 0.050 | yes |" in text
    assert "rank 4" in text and "rank 16" in text and text.count("| yes |") == 1


def test_learning_curves_need_two_numbers_of_steps(tmp_path: Path) -> None:
    for steps, rate, overall in ((30, 1.0, 0.1), (100, 1.0, 0.3), (100, 2.0, 0.2)):
        result = replace(RESULT, settings={"steps": steps, "rate": rate}, overall=overall)
        result.save(tmp_path / f"{steps}-{rate}.json")
    rows = load_rows(tmp_path)
    apart = curves(rows, tuning=False)
    assert {label: [steps for steps, _ in line] for label, line in apart.items()} == {
        "lpm rate 1.0": [30, 100],
        "lpm rate 2.0": [100],
    }
    (best,) = curves(rows, tuning=True).values()
    assert [(steps, row["overall"]) for steps, row in best] == [(30, 0.1), (100, 0.3)]
    assert curves(rows[:1], tuning=True) == {}


def test_lengths_of_history_make_a_table_of_score_memory_and_time(tmp_path: Path) -> None:
    for mode, tokens in (("16k", 17_000.0), ("4k", 5_000.0)):
        long = replace(
            RESULT, mode=mode, history_tokens=tokens, kv_bytes=int(tokens * 100),
            seconds=50.0, prepare_seconds=10.0,
        )  # fmt: skip
        long.save(tmp_path / f"{mode}.json")
    text = section(tmp_path, "locomo by length of history")
    assert "| method | 4k | 16k |" in text
    assert "| lpm | 500 kB | 1.7 MB |" in text
    assert "| lpm | 1 s | 1 s |" in text, "40 seconds for 40 questions, learning not counted"
    assert render(tmp_path, "html").count("data:image/png;base64,") == 5


def test_modes_that_are_no_lengths_make_no_table_of_lengths(tmp_path: Path) -> None:
    for mode in ("official", "fixed"):
        replace(RESULT, mode=mode, history_tokens=2e4).save(tmp_path / f"{mode}.json")
    assert "by length of history" not in render(tmp_path, "md")


def test_a_learning_curve_is_of_the_same_questions(tmp_path: Path) -> None:
    few = replace(RESULT, settings={"steps": 30}, n=10, question_set="few")
    many = [replace(RESULT, settings={"steps": s}, n=200, question_set="many") for s in (30, 100)]
    for index, result in enumerate((few, *many)):
        replace(result, overall=0.9 - 0.2 * index).save(tmp_path / f"{index}.json")
    for tuning in (True, False):
        lines = curves(load_rows(tmp_path), tuning=tuning).values()
        assert sorted([row["n"] for _, row in line] for line in lines) == [[10], [200, 200]]


def test_a_length_shows_the_settings_chosen_on_tune_and_not_the_best_of_report(
    tmp_path: Path,
) -> None:
    for rank, on_tune, on_report in ((4, 0.3, 0.1), (8, 0.2, 0.4)):
        lora = replace(RESULT, method="lora", settings={"rank": rank}, history_tokens=1e4)
        replace(lora, split="tune", overall=on_tune).save(tmp_path / f"tune-{rank}.json")
        for mode in ("4k", "16k"):
            replace(lora, mode=mode, overall=on_report).save(tmp_path / f"{mode}-{rank}.json")
    text = section(tmp_path, "locomo by length of history")
    assert "| lora | 0.100 ± 0.050 | 0.100 ± 0.050 |" in text


def test_measured_and_counted_requests_are_drawn_from_their_files(tmp_path: Path) -> None:
    RESULT.save(tmp_path / "one.json")
    row = {"first_token_s": 0.25, "decode_tokens_per_s": 9.0, "peak_bytes": None}
    rows = [row | {"method": "lpm", "context_tokens": 150}]
    rows += [row | {"method": "full-context", "context_tokens": n} for n in (4096, 8192)]
    latency = {"kind": "latency", "backbone": "Q", "device": "a GPU", "random_weights": True}
    (tmp_path / "latency.json").write_text(json.dumps(latency | {"rows": rows}))
    shutil.copy(RESULTS / "efficiency" / "qwen3-8b.json", tmp_path)
    text = section(tmp_path, "A request measured, Q, random weights, a GPU")
    assert "| full-context | 8,192 | 0.250 s | 9.0 |  |" in text
    assert render(tmp_path, "html").count("data:image/png;base64,") == 4


def test_names_are_no_markup(tmp_path: Path) -> None:
    replace(RESULT, method="<b>|x", backbone="<i>").save(tmp_path / "one.json")
    assert "<b>" not in render(tmp_path, "html") and "<i>" not in render(tmp_path, "html")
    assert "<b>\\|x" in render(tmp_path, "md")


def test_the_committed_results_make_a_report() -> None:
    rows = json.loads(render(RESULTS, "json"))
    assert len(rows) == len(load_results(RESULTS)) >= 1


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

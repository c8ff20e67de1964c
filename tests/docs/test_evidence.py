"""The pages of results hold what the result files say and nothing else."""

from __future__ import annotations

import importlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from lpm.benchmarks.results import Result

ROOT = Path(__file__).resolve().parents[2]
RESULT = Result(
    benchmark="locomo", mode="fixed", split="report", backbone="tiny", backbone_fingerprint="f",
    method="lpm", settings={"num_slots": 32}, seed=0, overall=0.25, stderr=0.05, n=40, num_users=7,
    params_per_user=10_000, params_shared=3_000_000, bytes_per_user=40_000, kv_bytes=500,
    soft_tokens=26, prompt_tokens=80.5, seconds=12.0, by_kind={"single-hop": [0.25, 40]},
)  # fmt: skip


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return importlib.import_module("update_evidence")


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    shutil.copy(ROOT / "docs" / "evidence.md", folder)
    return folder


def page(docs: Path) -> str:
    return (docs / "evidence.md").read_text(encoding="utf-8")


def targets(docs: Path) -> dict[str, list[str]]:
    """Return the table of what was to be reached: cells by figure."""
    part = page(docs).split("<!-- targets:begin -->")[1].split("<!-- targets:end -->")[0]
    lines = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("|")]
    return {cells[0]: cells[1:] for cells in lines[2:]}


def test_the_page_of_evidence_is_current(script: ModuleType) -> None:
    assert script.main(["--check"]) == 0


def test_the_page_of_all_results_is_current(
    monkeypatch: pytest.MonkeyPatch, script: ModuleType
) -> None:
    monkeypatch.setattr("sys.argv", ["update_results.py", "--check"])
    assert importlib.import_module("update_results").main() == 0


def test_figures_are_reached_or_not_by_the_files_alone(
    script: ModuleType, docs: Path, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    RESULT.save(results / "lpm.json")
    replace(RESULT, method="lora", overall=0.2, params_per_user=1_000_000).save(
        results / "lora.json"
    )
    replace(RESULT, method="prompt-tuning", overall=0.2).save(results / "prompt.json")
    assert script.main([], docs=docs, results=results) == 0
    found = targets(docs)
    over_lora = found["LoCoMo, seven conversations, `fixed`: LPM's F1 over LoRA's"]
    assert over_lora[:3] == [
        "≥ 1×",
        "1.25×: 0.250 ± 0.050 over 0.200 ± 0.050 (lora), n = 40",
        "yes",
    ]
    assert over_lora[3] == "`results/lpm.json`, `results/lora.json`"
    parameters = found["LoCoMo, seven conversations, `fixed`: LoRA's parameters a user over LPM's"]
    assert parameters[1:3] == ["100×: 1,000,000 over 10,000", "no"]
    prompt = found["LoCoMo, seven conversations, `fixed`: LPM's F1 over prompt tuning's"]
    assert prompt[2] == "no"
    assert found["LoCoMo, seven conversations, `fixed`: hybrid's F1 over the best RAG's"] == [
        "≥ 1×", "not measured yet"
    ]  # fmt: skip


def test_questions_that_have_no_answer_are_also_left_out_of_the_comparison(
    script: ModuleType, docs: Path, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    for method, told, untold in (("lpm", 0.3, 0.0), ("swapped-user", 0.1, 0.9)):
        kinds = {"temporal": [told, 10], "single-hop": [told, 20], "adversarial": [untold, 10]}
        overall = (30 * told + 10 * untold) / 40
        made = replace(RESULT, method=method, overall=overall, n=40, by_kind=kinds)
        made.save(results / f"{method}.json")
    script.main([], docs=docs, results=results)
    found = targets(docs)
    where = "LoCoMo, seven conversations, `fixed`"
    control = "LPM's F1 over that with another user's memory"
    assert found[f"{where}: {control}"][2] == "no"
    answerable = found[f"{where}, questions that have an answer: {control}"]
    assert answerable[1:3] == ["3×: 0.300 over 0.100 (swapped-user), n = 30", "yes"]
    assert "would score 0.250 (the 10 adversarial questions of 40)" in page(docs)


def test_what_was_asked_other_questions_is_not_held_against_each_other(
    script: ModuleType, docs: Path, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    for method, questions, overall in (("lpm", "a", 0.4), ("lora", "b", 0.1)):
        made = replace(RESULT, method=method, question_set=questions, overall=overall)
        made.save(results / f"{method}.json")
    script.main([], docs=docs, results=results)
    over_lora = targets(docs)["LoCoMo, seven conversations, `fixed`: LPM's F1 over LoRA's"]
    assert over_lora[1] == "not measured yet"


def test_the_row_that_counts_is_chosen_on_tune_and_not_by_its_own_score(
    script: ModuleType, docs: Path, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    RESULT.save(results / "lpm.json")
    for rank, on_tune, on_report in ((4, 0.3, 0.1), (8, 0.2, 0.4)):
        lora = replace(RESULT, method="lora", settings={"rank": rank})
        replace(lora, split="tune", overall=on_tune).save(results / f"tune-{rank}.json")
        replace(lora, overall=on_report).save(results / f"report-{rank}.json")
    script.main([], docs=docs, results=results)
    over_lora = targets(docs)["LoCoMo, seven conversations, `fixed`: LPM's F1 over LoRA's"]
    assert "0.100 ± 0.050 (lora)" in over_lora[1]
    assert "| lora | rank 4 | 0.300 ± 0.050 | yes |" in page(docs)


def test_accuracy_at_length_is_held_against_full_context(
    script: ModuleType, docs: Path, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    for method, scores in (("lpm", (0.5, 0.44)), ("full-context", (0.4, 0.1))):
        for mode, overall in zip(("4k", "128k"), scores, strict=True):
            long = replace(RESULT, benchmark="personas", mode=mode, method=method)
            long = replace(long, overall=overall, history_tokens=float(mode[:-1]) * 1000)
            long.save(results / f"{method}-{mode}.json")
    script.main([], docs=docs, results=results)
    what = "Synthetic users, 4K to 128K tokens of history: {}"
    found = targets(docs)
    assert found[what.format("lpm")][2] == "no", "0.06 is more than 5 points"
    assert found[what.format("full-context")][2] == "yes"
    assert "| full-context | 0.400 ± 0.050 | 0.100 ± 0.050 |" in page(docs)


def test_a_changed_file_makes_the_check_fail_until_the_page_is_rewritten(
    script: ModuleType, docs: Path, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    RESULT.save(results / "one.json")
    assert script.main(["--check"], docs=docs, results=results) == 1
    assert script.main([], docs=docs, results=results) == 0
    assert script.main(["--check"], docs=docs, results=results) == 0
    pictures = list((docs / "images" / "evidence").glob("*.png"))
    assert len(pictures) == 2 and all(f"/{path.name})" in page(docs) for path in pictures)
    content = json.loads((results / "one.json").read_text())
    (results / "one.json").write_text(json.dumps(content | {"overall": 0.125}))
    before = page(docs)
    assert script.main(["--check"], docs=docs, results=results) == 1
    assert page(docs) == before
    pictures[0].unlink()
    assert script.main([], docs=docs, results=results) == 0
    assert "0.125 ± 0.050" in page(docs) and pictures[0].is_file()


def test_parts_without_files_say_what_makes_them(
    script: ModuleType, docs: Path, tmp_path: Path
) -> None:
    replace(RESULT, benchmark="other").save(tmp_path / "results" / "one.json")
    script.main([], docs=docs, results=tmp_path / "results")
    for name in ("evidence.py locomo", "evidence.py personamem", "sweep.py", "latency.py"):
        assert f"_Nothing is on file yet; `python bench/{name}` makes it._" in page(docs)
    assert all(cells[1] == "not measured yet" for cells in targets(docs).values())


def test_a_lost_mark_is_an_error(script: ModuleType, docs: Path, tmp_path: Path) -> None:
    RESULT.save(tmp_path / "results" / "one.json")
    text = page(docs).replace("<!-- sweeps:begin -->", "")
    (docs / "evidence.md").write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit, match="sweeps:begin"):
        script.main([], docs=docs, results=tmp_path / "results")

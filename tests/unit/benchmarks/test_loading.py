"""The benchmarks' files are read whole, in both modes, and what may not leak does not."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from lpm.benchmarks.choosing import example_names
from lpm.benchmarks.locomo import TUNE_CONVERSATIONS, LocomoBenchmark
from lpm.benchmarks.personamem import PersonaMemBenchmark
from lpm.benchmarks.personas import FIRST_SEEDS, NEVER_TOLD, USERS_A_SEED, PersonasBenchmark
from lpm.benchmarks.registry import benchmark_names, build_benchmark
from lpm.errors import ConfigError, HistoryError


def of(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.exists():
        pytest.skip(f"{name} is not at hand")
    return path


@pytest.fixture(scope="module")
def locomo() -> LocomoBenchmark:
    shared = Path(__file__).resolve().parents[4] / "shared" / "data"
    return LocomoBenchmark(of(shared, "locomo/locomo10.json"))


def test_locomo_asks_all_questions_in_both_modes(locomo: LocomoBenchmark) -> None:
    expected = {
        "multi-hop": 282, "temporal": 321, "open-domain": 96, "single-hop": 841, "adversarial": 446
    }  # fmt: skip
    names = {}
    for mode in locomo.modes:
        cases = list(locomo.cases(mode))
        assert len(cases) == 10
        assert Counter(q.category for case in cases for q in case.questions) == expected
        assert {case.user for case in cases if case.split == "tune"} == set(TUNE_CONVERSATIONS)
        ids = [name for case in cases for name in example_names(locomo, mode, case)]
        names[mode] = set(ids)
        # The file asks some questions twice; each still counts.
        assert len(names[mode]) == 1986
    assert not names["official"] & names["fixed"]


def test_locomo_scores_category_5_by_mode(locomo: LocomoBenchmark) -> None:
    official = next(q for q in _questions(locomo, "official") if q.category == "adversarial")
    right = "(a)" if official.gold_option == 0 else "(b)"
    wrong = "(b)" if official.gold_option == 0 else "(a)"
    assert locomo.score("official", official, right) == 1.0
    assert locomo.score("official", official, wrong) == 0.0
    fixed = next(q for q in _questions(locomo, "fixed") if q.category == "adversarial")
    assert locomo.score("fixed", fixed, "No information available") == 1.0
    assert locomo.score("fixed", fixed, "A red car") == 0.0
    assert "(a)" not in fixed.request.messages[-1]["content"]


def _questions(benchmark: LocomoBenchmark, mode: str):
    return (question for case in benchmark.cases(mode) for question in case.questions)


def test_a_question_names_no_gold_answer_of_an_open_category(locomo: LocomoBenchmark) -> None:
    for question in _questions(locomo, "fixed"):
        assert question.request.about in question.request.messages[-1]["content"]
        assert question.gold or question.category == "adversarial"


def test_personamem_says_which_questions_it_can_ask(shared_data: Path) -> None:
    folder = of(shared_data, "personamem")
    benchmark = PersonaMemBenchmark(folder)
    coverage = benchmark.coverage("32k")
    assert coverage.questions == 589
    assert coverage.asked + coverage.skipped == 589 and coverage.asked >= 17
    cases = list(benchmark.cases("32k"))
    assert sum(len(case.questions) for case in cases) == coverage.asked


COLUMNS = (
    "persona_id", "question_id", "question_type", "topic", "user_question_or_message",
    "correct_answer", "all_options", "shared_context_id", "end_index_in_shared_context",
)  # fmt: skip


def write_personamem(folder: Path, end_index: int) -> PersonaMemBenchmark:
    with (folder / "questions_32k.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerow(
            ["4", "q1", "suggest_new_ideas", "music", "What next?", "(b)",
             str(["(a) one", "(b) two", "(c) three", "(d) four"]), "ctx", end_index]
        )  # fmt: skip
    context = [
        {"role": "system", "content": "Current user persona: likes music."},
        {"role": "user", "content": "User: I like the oboe."},
        {"role": "assistant", "content": "Assistant: Noted."},
        {"role": "user", "content": "User: Now I hate the oboe."},
    ]
    (folder / "shared_contexts_32k.jsonl").write_text(json.dumps({"ctx": context}) + "\n")
    return PersonaMemBenchmark(folder)


def test_personamem_cuts_the_context_before_what_comes_later(tmp_path: Path) -> None:
    (case,) = write_personamem(tmp_path, 3).cases("32k")
    said = " ".join(turn.content for _, _, turn in case.history.turns())
    assert "I like the oboe" in said and "hate" not in said
    (whole,) = write_personamem(tmp_path, 4).cases("32k")
    assert "hate" in " ".join(turn.content for _, _, turn in whole.history.turns())


def test_personamem_asks_in_the_official_words(tmp_path: Path) -> None:
    benchmark = write_personamem(tmp_path, 3)
    (case,) = benchmark.cases("32k")
    (question,) = case.questions
    assert question.request.messages[-1]["content"] == (
        "What next?\n\nFind the most appropriate model response and give your final answer (a), "
        "(b), (c), or (d) after the special token <final_answer>.\n\n"
        "['(a) one', '(b) two', '(c) three', '(d) four']"
    )
    assert question.request.about == "What next?"
    assert (question.gold, question.gold_option, question.options[1]) == ("(b)", 1, "two")
    assert benchmark.score("32k", question, "<final_answer> (b)") == 1.0
    assert benchmark.score("32k", question, "<think>(a)</think><final_answer> (b)") == 1.0
    assert benchmark.score("32k", question, "(a)") == 0.0


def test_personamem_refuses_an_index_beyond_the_context(tmp_path: Path) -> None:
    with pytest.raises(HistoryError):
        list(write_personamem(tmp_path, 99).cases("32k"))


def test_personas_have_users_of_their_own_in_each_split() -> None:
    benchmark = PersonasBenchmark(num_users=2, num_tune_users=1, never_told=3)
    cases = list(benchmark.cases("short"))
    assert [case.split for case in cases] == ["tune", "report", "report"]
    assert len({case.user for case in cases}) == 3
    for case in cases:
        untold = [q for q in case.questions if q.category == NEVER_TOLD]
        assert len(untold) == 3
        assert benchmark.score("short", untold[0], "I don't know.") == 1.0
        assert benchmark.score("short", untold[0], "Paris") == 0.0


def test_every_seed_has_personas_of_its_own_and_the_same_again_next_time() -> None:
    def drawn(seed: int) -> list[str]:
        benchmark = PersonasBenchmark(num_users=3, num_tune_users=2, seed=seed)
        return [case.user for case in benchmark.cases("short")]

    assert drawn(1) == drawn(1)
    assert not set(drawn(0)) & set(drawn(1))
    assert FIRST_SEEDS["report"] + 1000 * USERS_A_SEED <= FIRST_SEEDS["tune"]
    with pytest.raises(ConfigError, match="`seed` must be a whole number from 0 to 999"):
        PersonasBenchmark(seed=1000)


def test_a_longer_mode_adds_small_talk_and_no_facts() -> None:
    benchmark = PersonasBenchmark(num_users=1, num_tune_users=0)
    lengths = {}
    for mode in ("short", "4k", "16k"):
        (case,) = benchmark.cases(mode)
        lengths[mode] = sum(len(turn.content.split()) for _, _, turn in case.history.turns())
        assert len(case.questions) == len(next(benchmark.cases("short")).questions)
    # A word of small talk is about 2.5 tokens, with its share of roles and dates.
    assert lengths["4k"] - lengths["short"] == pytest.approx(2_850 / 2.5, rel=0.15)
    assert lengths["16k"] - lengths["short"] == pytest.approx(14_850 / 2.5, rel=0.15)


def test_benchmarks_are_found_by_name_and_typos_get_the_nearest() -> None:
    assert {"locomo", "personamem", "personas"} <= set(benchmark_names())
    with pytest.raises(ConfigError, match="did you mean 'locomo'"):
        build_benchmark("lokomo")
    with pytest.raises(ConfigError, match="needs the option 'path'"):
        build_benchmark("locomo")

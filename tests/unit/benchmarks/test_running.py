"""An evaluation loses no example, scores none twice, and says what it measured."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from lpm.backbone import Backbone
from lpm.benchmarks.choosing import EvalConfig, chosen_cases
from lpm.benchmarks.contract import Case, Question
from lpm.benchmarks.ledger import Ledger, Prediction
from lpm.benchmarks.personas import PersonasBenchmark
from lpm.benchmarks.results import Result
from lpm.benchmarks.running import run_method, run_name
from lpm.errors import ConfigError
from lpm.methods.contract import Cost, Reply, Request
from lpm.methods.registry import Parts, build_method
from lpm.modeling import LPMModel
from lpm.testing import tiny_model
from lpm.types import History, Session, Turn


def prediction(example: str, score: float = 1.0) -> Prediction:
    return Prediction(example, "u", "u", "kind", "said", score, None, None, 0, 3, 9, 0, 0, 0, 0.1)


class TestLedger:
    def test_what_was_appended_is_there_after_reopening(self, tmp_path: Path) -> None:
        ledger = Ledger(tmp_path / "a.jsonl", resume=False)
        ledger.append([prediction("x"), prediction("y", 0.5)])
        again = Ledger(tmp_path / "a.jsonl", resume=True)
        assert list(again) == [prediction("x"), prediction("y", 0.5)]
        assert "x" in again and "z" not in again

    def test_a_torn_last_line_is_cut_off_and_nothing_else(self, tmp_path: Path) -> None:
        path = tmp_path / "a.jsonl"
        Ledger(path, resume=False).append([prediction("x"), prediction("y")])
        whole = path.read_bytes()
        for cut in range(whole.index(b"\n") + 1, len(whole)):
            path.write_bytes(whole[:cut])
            ledger = Ledger(path, resume=True)
            assert [item.example for item in ledger] == ["x"]
            ledger.append([prediction("y")])
            assert path.read_bytes() == whole

    def test_an_example_is_never_scored_twice(self, tmp_path: Path) -> None:
        ledger = Ledger(tmp_path / "a.jsonl", resume=False)
        ledger.append([prediction("x")])
        with pytest.raises(ConfigError, match="scored twice"):
            ledger.append([prediction("x")])
        with pytest.raises(ConfigError, match="scored twice"):
            ledger.append([prediction("y"), prediction("y")])
        assert len(Ledger(tmp_path / "a.jsonl", resume=True)) == 1

    def test_an_existing_run_is_not_overwritten(self, tmp_path: Path) -> None:
        Ledger(tmp_path / "a.jsonl", resume=False).append([prediction("x")])
        with pytest.raises(ConfigError, match="--resume"):
            Ledger(tmp_path / "a.jsonl", resume=False)

    @pytest.mark.parametrize("line", ["{}", "nonsense", "[1]"])
    def test_a_damaged_line_is_named(self, tmp_path: Path, line: str) -> None:
        (tmp_path / "a.jsonl").write_text(line + "\n")
        with pytest.raises(ConfigError, match="line 1, is no prediction"):
            Ledger(tmp_path / "a.jsonl", resume=True)


@pytest.fixture
def parts(tiny: Backbone, shared_weights: LPMModel) -> Parts:
    built = Parts(tiny)
    built.__dict__["model"] = shared_weights
    return built


def run(parts: Parts, out: Path, name: str = "lpm", *, resume: bool = False, **config):
    benchmark = PersonasBenchmark(num_users=2, num_tune_users=0)
    settings = EvalConfig("short", **{"limit": 6, **config})
    cases = chosen_cases(benchmark, settings)
    method = build_method(name, parts)
    return run_method(benchmark, cases, method, parts.backbone, settings, out, resume=resume)


def test_a_result_file_says_what_was_measured(parts: Parts, tmp_path: Path) -> None:
    (path,) = run(parts, tmp_path)
    result = Result.load(path)
    assert (result.benchmark, result.mode, result.split) == ("personas", "short", "report")
    assert (result.method, result.n, result.num_users, result.seed) == ("lpm", 6, 1, 0)
    assert result.settings["num_slots"] == 32 and result.params_per_user > 0
    assert result.settings["projector"] == parts.model.fingerprint
    assert result.backbone_fingerprint == parts.backbone.fingerprint
    assert sum(count for _, count in result.by_kind.values()) == 6
    (lines,) = (tmp_path / "predictions").glob("*.jsonl")
    scores = [json.loads(line)["score"] for line in lines.read_text().splitlines()]
    assert result.overall == pytest.approx(sum(scores) / 6)


def test_a_resumed_run_equals_an_unbroken_one(parts: Parts, tmp_path: Path) -> None:
    (whole,) = run(parts, tmp_path / "whole")
    (predicted,) = (tmp_path / "whole" / "predictions").glob("*.jsonl")
    half = tmp_path / "half" / "predictions" / predicted.name
    half.parent.mkdir(parents=True)
    half.write_bytes(b"".join(predicted.read_bytes().splitlines(keepends=True)[:2]) + b'{"exa')
    (resumed,) = run(parts, tmp_path / "half", resume=True)
    first, again = Result.load(whole), Result.load(resumed)
    assert (again.overall, again.n, again.by_kind) == (first.overall, first.n, first.by_kind)
    assert resumed.name == whole.name


def test_questions_a_user_are_spread_by_hash_and_the_same_for_every_run() -> None:
    benchmark = PersonasBenchmark(num_users=3, num_tune_users=0)
    everything = chosen_cases(benchmark, EvalConfig("short"))
    some = chosen_cases(benchmark, EvalConfig("short", per_user=5))
    more = chosen_cases(benchmark, EvalConfig("short", per_user=8))
    assert [len(case.questions) for case in some] == [5, 5, 5]
    for few, many, all_ in zip(some, more, everything, strict=True):
        assert all(q in many.questions for q in few.questions)
        assert len(many.questions) == 8 and all(q in all_.questions for q in many.questions)
        kept = [question for question in all_.questions if question in few.questions]
        assert kept == list(few.questions), "the order of the file is kept"
        assert kept != list(all_.questions[:5])


def test_a_run_of_all_users_gives_a_result_of_each_split_too(tmp_path: Path, tiny) -> None:
    benchmark = PersonasBenchmark(num_users=2, num_tune_users=1)
    config = EvalConfig("short", split="all", per_user=4)
    cases = chosen_cases(benchmark, config)
    method = build_method("blind", Parts(tiny))
    results = [
        Result.load(path) for path in run_method(benchmark, cases, method, tiny, config, tmp_path)
    ]
    assert [(result.split, result.n) for result in results] == [
        ("all", 12),
        ("report", 8),
        ("tune", 4),
    ]
    parts = {result.split: result.overall * result.n for result in results}
    assert parts["all"] == pytest.approx(parts["report"] + parts["tune"])


class Recorder:
    """A method that remembers whose history it was prepared with."""

    name = "swapped-user"

    def __init__(self) -> None:
        self.taught: list[History] = []

    def prepare(self, history: History, *, seed: int = 0) -> None:
        self.taught.append(history)

    def answer(self, requests: list[Request]) -> list[Reply]:
        return [Reply("nothing", 0, 1, 1) for _ in requests]

    def option_scores(self, requests: list[Request], options: list[list[str]]) -> list[list[float]]:
        return [[-float(len(text)) for text in texts] for texts in options]

    def cost(self) -> Cost:
        return Cost(0, 0, 0)


class TwoUsers:
    """A benchmark of two users with one multiple-choice question each."""

    name, modes, categories = "two", ("only",), ("kind",)

    def cases(self, mode: str):
        for user in ("a", "b"):
            said = History((Session("s", (Turn("user", f"I am {user}."),)),))
            request = Request(({"role": "user", "content": f"Who am I, {user}?"},))
            question = Question("kind", request, "(a)", ("one", "three", "seventeen"), 0)
            yield Case(user, user, "report", said, (question,))

    def score(self, mode: str, question: Question, prediction: str) -> float:
        return 0.0


def test_a_user_of_whom_nothing_is_asked_is_passed_over() -> None:
    class OneSilent(TwoUsers):
        def cases(self, mode: str):
            first, second = super().cases(mode)
            yield from (first, replace(first, user="silent", questions=()), second)

    cases = chosen_cases(OneSilent(), EvalConfig("only"))
    assert [case.user for case in cases] == ["a", "b"]


def test_no_user_is_made_beyond_the_limit_of_questions() -> None:
    class Endless(TwoUsers):
        def cases(self, mode: str):
            yield next(super().cases(mode))
            raise AssertionError("one question was wanted")

    assert len(chosen_cases(Endless(), EvalConfig("only", limit=1))) == 1


def test_a_limit_of_users_holds_for_each_split() -> None:
    benchmark = PersonasBenchmark(num_users=3, num_tune_users=3)
    cases = chosen_cases(benchmark, EvalConfig("short", split="all", users=2))
    assert [case.split for case in cases] == ["tune", "tune", "report", "report"]


def test_runs_that_differ_in_anything_have_files_of_their_own(tiny: Backbone) -> None:
    benchmark = TwoUsers()
    limits = ({"users": 1, "limit": 23}, {"users": 12, "limit": 3},
              {"users": 1, "limit": 2, "per_user": 3})  # fmt: skip
    names = {run_name(benchmark, Recorder(), tiny, EvalConfig("only", **given)) for given in limits}
    for seed in (0, 1):
        parts = Parts(tiny)
        parts.__dict__["model"] = tiny_model(tiny, seed=seed)
        lora = build_method("lora", parts)
        names.add(run_name(benchmark, lora, tiny, EvalConfig("only")))
    assert len(names) == 5, "three limits, and two writers that choose what LoRA studies"


def test_results_of_the_same_questions_say_so(parts: Parts, tmp_path: Path) -> None:
    one, other = (Result.load(*run(parts, tmp_path, name)) for name in ("blind", "no-memory"))
    fewer = Result.load(*run(parts, tmp_path, "blind", limit=5))
    assert one.question_set == other.question_set != fewer.question_set
    assert one.user_set == other.user_set == fewer.user_set


def test_a_result_file_is_json_for_everybody_and_names_every_device(
    parts: Parts, tmp_path: Path
) -> None:
    (path,) = run(parts, tmp_path, "blind")
    (lines,) = (tmp_path / "predictions").glob("*.jsonl")
    kept = [json.loads(line) for line in lines.read_text().splitlines()]
    kept[0]["device"] = "a GPU"
    lines.write_text("".join(json.dumps(line) + "\n" for line in kept))
    run(parts, tmp_path, "blind", resume=True)

    def refused(text: str) -> float:
        raise AssertionError(text)

    found = json.loads(path.read_text(), parse_constant=refused)
    assert found["stderr"] is None, "one user gives no clustered error"
    assert found["environment"]["device"] == "cpu (5 questions), a GPU (1 questions)"


def test_the_swapped_user_is_never_the_one_who_is_asked(tiny: Backbone, tmp_path: Path) -> None:
    benchmark, method, config = TwoUsers(), Recorder(), EvalConfig("only")
    cases = chosen_cases(benchmark, config)
    run_method(benchmark, cases, method, tiny, config, tmp_path)
    assert method.taught == [cases[1].history, cases[0].history]


def test_a_synthetic_user_stands_in_where_nobody_else_is_asked(
    tiny: Backbone, tmp_path: Path
) -> None:
    benchmark, method, config = TwoUsers(), Recorder(), EvalConfig("only")
    (case, _) = chosen_cases(benchmark, config)
    later = replace(case, user="a, later")
    run_method(benchmark, [case, later], method, tiny, config, tmp_path / "one")
    assert case.history not in method.taught and len(method.taught) == 2
    (path, _) = sorted((tmp_path / "one").glob("*.json"))
    assert Result.load(path).settings["taught_by"] == "a synthetic user"


class Constant(Recorder):
    """A method that remembers, too, who taught it what all share."""

    name = "constant"

    def __init__(self) -> None:
        super().__init__()
        self.lessons: list[list[History]] = []

    def prepare_once(self, histories: list[History], *, seed: int = 0) -> None:
        self.lessons.append(histories)


def test_what_all_share_is_taught_by_tune_users_and_never_by_the_one_who_is_asked(
    tiny: Backbone, tmp_path: Path
) -> None:
    benchmark = PersonasBenchmark(num_users=2, num_tune_users=2)
    everybody = list(benchmark.cases("short"))
    tune = [case.history for case in everybody if case.split == "tune"]
    config = EvalConfig("short", split="all", per_user=1)
    method = Constant()
    (path, *_) = run_method(
        benchmark, chosen_cases(benchmark, config), method, tiny, config, tmp_path
    )
    assert method.lessons == [[tune[1]], [tune[0]], tune], "once for all of `report`"
    assert Result.load(path).settings["taught_by"] == "2 tune users of personas"


def test_without_tune_users_synthetic_ones_teach_what_all_share(
    tiny: Backbone, tmp_path: Path
) -> None:
    benchmark, method, config = TwoUsers(), Constant(), EvalConfig("only")
    cases = chosen_cases(benchmark, config)
    (path, *_) = run_method(benchmark, cases, method, tiny, config, tmp_path)
    (lesson,) = method.lessons
    assert len(lesson) == 10 and not any(case.history in lesson for case in cases)
    assert Result.load(path).settings["taught_by"] == "10 synthetic users"


def test_a_result_tells_learning_from_answering_and_the_length_of_histories(
    parts: Parts, tmp_path: Path
) -> None:
    (path,) = run(parts, tmp_path)
    result = Result.load(path)
    assert 0 < result.prepare_seconds < result.seconds
    (case,) = chosen_cases(PersonasBenchmark(num_users=1), EvalConfig("short"))
    characters = sum(len(turn.content) for _, _, turn in case.history.turns())
    # The tiny tokenizer has a token a byte; roles and dates come on top.
    assert characters < result.history_tokens < 1.5 * characters


def test_likelihood_of_options_is_a_metric_of_its_own(tiny: Backbone, tmp_path: Path) -> None:
    benchmark, config = TwoUsers(), EvalConfig("only")
    cases = chosen_cases(benchmark, config)
    paths = run_method(benchmark, cases, Recorder(), tiny, config, tmp_path)
    results = {result.metric: result for result in map(Result.load, paths)}
    assert results["score"].overall == 0.0
    assert results["option-likelihood"].overall == 1.0


def test_limits_and_splits_that_cannot_be_are_refused() -> None:
    with pytest.raises(ConfigError, match="no split 'test'"):
        EvalConfig("short", split="test")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="`limit` must be at least 1"):
        EvalConfig("short", limit=0)
    with pytest.raises(ConfigError, match="no user in mode"):
        chosen_cases(PersonasBenchmark(num_users=0, num_tune_users=0), EvalConfig("short"))


_SLOW_RUN = """
import sys, time
from pathlib import Path
from lpm.benchmarks.ledger import Ledger, Prediction
ledger = Ledger(Path(sys.argv[1]), resume=True)
for index in range(len(ledger), 1_000_000):
    ledger.append([Prediction(f"e{index}", "u", "u", "k", "said " * 40, 1.0, None, None,
                              0, 0, 0, 0, 0, 0, 0.0)])
    print(index, flush=True)
"""


def test_a_kill_loses_nothing_that_was_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", _SLOW_RUN, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
        reported = [int(line) for line in [first, *process.stdout.read().splitlines()] if line]
        process.wait(timeout=30)
        process.stdout.close()
        kept = [item.example for item in Ledger(path, resume=True)]
        assert kept == [f"e{index}" for index in range(len(kept))]
        assert len(kept) > max(reported)

"""Every method keeps one contract: learn a history, answer, forget the one before, count."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import torch

from lpm.backbone import Backbone
from lpm.errors import ConfigError, HistoryError
from lpm.methods.contract import PreparedOnce, Request
from lpm.methods.registry import Parts, build_method, method_names, settings_of
from lpm.modeling import LPMModel
from lpm.types import History, Session, Turn

TRAINED = ("prompt-tuning", "prefix-tuning", "lora", "cartridge")
UNTRAINED = tuple(name for name in method_names() if name not in TRAINED)
FAST = {"steps": 2, "chunks": 3, "questions_per_chunk": 1}


def history(*facts: str) -> History:
    turns = tuple(Turn("user", fact) for fact in facts)
    return History((Session("s1", turns, datetime(2024, 5, 1, tzinfo=UTC)),))


ANNA = history("My sister Anna lives in Lisbon with her dog.", "I play the cello on Fridays now.")
BORIS = history("My colleague Boris sails a small green boat.", "I cannot eat hazelnuts at all.")
CLARA = history("I keep bees behind the old mill.", "My brother paints doors and shutters blue.")
ASKED = (
    Request(({"role": "user", "content": "Where does my sister live?"},), max_new_tokens=4),
    Request(({"role": "user", "content": "What can I not eat?"},), max_new_tokens=4),
)


@pytest.fixture
def parts(tiny: Backbone, shared_weights: LPMModel) -> Parts:
    built = Parts(tiny)
    built.__dict__["model"] = shared_weights
    return built


@pytest.fixture(autouse=True)
def questions_of_a_random_backbone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A random backbone asks nothing usable, so what it would ask is given."""
    from lpm.learning.self_study import StudyPair

    monkeypatch.setattr(
        "lpm.methods.studied.ask_and_answer",
        lambda backbone, chunks, config: [
            StudyPair(chunk, f"What about {chunk.text[:12]}?", chunk.text.split()[-1])
            for chunk in chunks
        ],
    )


def build(name: str, parts: Parts):
    method = build_method(name, parts, FAST if name in (*TRAINED, "blind-trained") else {})
    if isinstance(method, PreparedOnce):
        method.prepare_once([CLARA])
    return method


@pytest.mark.parametrize("name", method_names())
def test_the_same_seed_gives_the_same_answers_and_counts_are_complete(
    name: str, parts: Parts
) -> None:
    method = build(name, parts)
    method.prepare(ANNA, seed=3)
    first = method.answer(ASKED)
    again = build(name, parts)
    again.prepare(BORIS, seed=3)
    again.prepare(ANNA, seed=3)
    assert again.answer(ASKED) == first
    assert len(first) == 2 and all(reply.prompt_tokens > 0 for reply in first)
    cost = method.cost()
    assert cost.params_per_user >= 0 and cost.bytes_per_user >= 4 * cost.params_per_user
    assert method.name == name


@pytest.mark.parametrize("name", method_names())
def test_requests_are_independent(name: str, parts: Parts) -> None:
    method = build(name, parts)
    method.prepare(ANNA)
    together = method.answer(ASKED)
    assert [method.answer([request])[0] for request in ASKED] == together


@pytest.mark.parametrize("name", method_names())
def test_options_are_scored_one_by_one(name: str, parts: Parts) -> None:
    method = build(name, parts)
    method.prepare(ANNA)
    scores = method.option_scores(ASKED[:1], [["Lisbon", "a small boat", "no"]])
    assert [len(row) for row in scores] == [3] and all(value < 0 for value in scores[0])


@pytest.mark.parametrize("name", method_names())
def test_a_method_that_knows_nobody_says_so(name: str, parts: Parts) -> None:
    with pytest.raises(ConfigError, match="call `prepare` first"):
        build(name, parts).answer(ASKED)


def test_counts_equal_an_independent_count(parts: Parts, tiny: Backbone) -> None:
    layers = tiny.text_config.num_hidden_layers
    kv_width = tiny.text_config.num_key_value_heads * tiny.text_config.head_dim
    slots = parts.model.projector.config
    expected = {
        "no-memory": 0,
        "full-context": 0,
        "rag-bm25": 0,
        "prompt-tuning": 16 * tiny.hidden_size,
        "prefix-tuning": 2 * layers * 16 * kv_width,
        "cartridge": 2 * layers * 64 * kv_width,
        "lpm": 2 * slots.slot_groups * slots.slot_dim,
    }
    for name, floats in expected.items():
        method = build(name, parts)
        method.prepare(ANNA)
        assert method.cost().params_per_user == floats, name


def test_the_full_context_and_retrieval_put_the_history_into_the_prompt(parts: Parts) -> None:
    lengths = {}
    for name in ("no-memory", "rag-bm25", "full-context", "hybrid", "lpm"):
        method = build_method(name, parts, {"top_k": 1} if name in ("rag-bm25", "hybrid") else {})
        method.prepare(ANNA)
        reply = method.answer(ASKED[:1])[0]
        lengths[name] = reply.prompt_tokens
        assert (reply.soft_tokens > 0) == (name in ("lpm", "hybrid"))
    assert lengths["no-memory"] < lengths["rag-bm25"] < lengths["full-context"]
    assert lengths["lpm"] <= lengths["no-memory"] + 2
    assert lengths["hybrid"] > lengths["lpm"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("You have not told me that.", "No information available"),
        ("You have not told me that. I think", "No information available"),
        ("In Lisbon", "In Lisbon"),
        ("Well, you have not told me that.", "Well, you have not told me that."),
    ],
)
def test_a_memory_that_says_it_was_not_told_says_so_in_the_words_asked_for(
    parts, monkeypatch, said, expected
):
    monkeypatch.setattr(
        "lpm.methods.responder.greedy_answers", lambda reader, readings, *_: [said] * len(readings)
    )
    method = build("lpm", parts)
    method.prepare(ANNA)
    asked = replace(ASKED[0], not_told="No information available")
    assert [reply.text for reply in method.answer([asked, ASKED[0]])] == [expected, said]


def test_bm25_finds_the_turn_that_shares_words(parts: Parts) -> None:
    method = build_method("rag-bm25", parts, {"top_k": 1})
    method.prepare(ANNA)
    ((line,),) = method.retrieved(ASKED[:1])  # type: ignore[attr-defined]
    assert "Lisbon" in line.text


def test_a_history_longer_than_the_context_loses_whole_lines_at_the_chosen_end(
    parts: Parts, tiny: Backbone
) -> None:
    long = history(*(f"Fact number {i} about my garden and its trees." for i in range(400)))
    for newest, kept, lost in ((True, "399", "number 0 "), (False, "number 0 ", "399")):
        method = build_method("full-context", parts, {"max_tokens": 900, "keep_newest": newest})
        method.prepare(long)
        (reading,) = method.read(ASKED[:1])  # type: ignore[attr-defined]
        text = tiny.tokenizer.decode(reading.prompt.after)
        assert kept in text and lost not in text
        assert reading.prompt.num_tokens <= 900
        assert text.count("Where does my sister live?") == 1


def test_what_is_read_of_a_history_does_not_depend_on_who_asks_beside(
    parts: Parts, tiny: Backbone
) -> None:
    long = history(*(f"Fact number {i} about my garden and its trees." for i in range(400)))
    longer = Request(({"role": "user", "content": "Where? " * 60},), max_new_tokens=8)
    method = build_method("full-context", parts, {"max_tokens": 900})
    method.prepare(long)
    (alone,) = method.read(ASKED[:1])  # type: ignore[attr-defined]
    beside, _ = method.read([ASKED[0], longer])  # type: ignore[attr-defined]
    assert alone.prompt == beside.prompt


def test_a_history_can_be_given_as_the_chat_it_was(parts: Parts, tiny: Backbone) -> None:
    method = build_method("full-context", parts, {"layout": "chat"})
    method.prepare(ANNA)
    (reading,) = method.read(ASKED[:1])  # type: ignore[attr-defined]
    turns = [turn.content for _, _, turn in ANNA.turns()]
    text = tiny.tokenizer.decode(reading.prompt.before + reading.prompt.after)
    assert all(turn in text for turn in turns) and "talked about before" not in text
    with pytest.raises(ConfigError, match="'text' or 'chat'"):
        build_method("full-context", parts, {"layout": "poem"})


def test_settings_are_strict_and_written_down(parts: Parts) -> None:
    with pytest.raises(ConfigError, match="did you mean 'refine_steps'"):
        build_method("lpm", parts, {"refine_step": 3})
    with pytest.raises(ConfigError, match="must be int"):
        build_method("lpm", parts, {"num_slots": "many"})
    with pytest.raises(ConfigError, match="did you mean 'lora'"):
        build_method("loora", parts)
    with pytest.raises(ConfigError, match="has no settings"):
        build_method("no-memory", parts, {"x": 1})
    assert settings_of(build_method("lpm", parts, {"num_slots": 8}))["num_slots"] == 8


def test_a_constant_memory_answers_alike_whoever_asks_and_belongs_to_nobody(parts: Parts) -> None:
    method = build("blind-trained", parts)
    method.prepare(ANNA)
    of_anna = method.answer(ASKED)
    method.prepare(BORIS)
    assert method.answer(ASKED) == of_anna
    assert all(reply.soft_tokens > 0 for reply in of_anna)
    cost, shared = method.cost(), sum(p.numel() for p in parts.model.parameters())
    assert (cost.params_per_user, cost.bytes_per_user) == (0, 0)
    assert cost.params_shared > shared


def test_a_constant_memory_needs_other_users_first(parts: Parts) -> None:
    method = build_method("blind-trained", parts, FAST)
    with pytest.raises(ConfigError, match="call `prepare_once`"):
        method.prepare(ANNA)
    with pytest.raises(ConfigError, match="nobody who says anything"):
        method.prepare_once([])  # type: ignore[attr-defined]


def test_a_teacher_of_whom_nothing_can_be_asked_teaches_nothing(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = parts.studies.pairs

    def pairs_unless_boris(history: History, *given: object):
        if history is BORIS:
            raise HistoryError("nothing to ask")
        return pairs(history, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(parts.studies, "pairs", pairs_unless_boris)
    method = build_method("blind-trained", parts, FAST)
    method.prepare_once([BORIS, CLARA])  # type: ignore[attr-defined]
    method.prepare(ANNA)
    assert len(method.answer(ASKED)) == 2
    with pytest.raises(HistoryError, match="nothing to ask"):
        method.prepare_once([BORIS])  # type: ignore[attr-defined]


def test_prompt_tuning_starts_from_the_vocabulary_or_from_noise(parts: Parts) -> None:
    nearly_fixed = {**FAST, "learning_rate": 1e-9}
    table = parts.backbone.model.get_input_embeddings().weight.float()
    for initialisation, in_table in (("vocabulary", True), ("noise", False)):
        method = build_method(
            "prompt-tuning", parts, {**nearly_fixed, "initialisation": initialisation}
        )
        method.prepare(ANNA)
        rows = method.tuned.rows  # type: ignore[attr-defined]
        nearest = torch.cdist(rows, table).min(dim=1).values
        assert bool((nearest < 0.01).all()) == in_table
    with pytest.raises(ConfigError, match="'vocabulary' or 'noise'"):
        build_method("prompt-tuning", parts, {"initialisation": "zeros"})

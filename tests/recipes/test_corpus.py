"""The corpus of the shipped weights is well formed and has no wording of the test world."""

from __future__ import annotations

import re

import pytest

from lpm.benchmarks.synthetic import generate_user

REPORT_SEED, TUNE_SEED = 20_000_000, 30_000_000


@pytest.fixture(scope="module")
def corpus(recipe):
    return recipe("corpus")


def plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def test_every_held_string_stands_in_every_statement_and_every_answer_is_made_of_them(corpus):
    told = [record for record in corpus.records() if record.fact]
    assert len(told) > 1000
    for record in told:
        for label in record.holds:
            assert all(label.text in said for said in record.says), record.fact
        for answer, questions in record.asks:
            assert questions
            assert any(label.text.lower() in answer.lower() for label in record.holds), record.fact


def test_no_wording_of_the_test_world_is_trained_on(corpus):
    asked, said = set(), set()
    for first in (REPORT_SEED, TUNE_SEED):
        for seed in range(first, first + 60):
            user = generate_user(seed, "test")
            asked |= {plain(q.question) for q in (*user.practice, *user.questions)}
            said |= {plain(turn.content) for _, _, turn in user.history.turns()}
    for record in corpus.records():
        assert not said & {plain(text) for text in record.says} or not record.fact
        assert not asked & {plain(q) for _, questions in record.asks for q in questions}


def test_a_user_of_the_corpus_is_the_same_every_time_and_tells_what_is_asked(corpus):
    user = corpus.corpus_user(3)
    assert user == corpus.corpus_user(3) != corpus.corpus_user(4)
    assert len({question.fact_id for question in user.questions}) == corpus.FACTS_A_USER
    for question in user.questions:
        ((session, turn),) = question.evidence
        (told,) = [s for s in user.history.sessions if s.session_id == session]
        labels = user.turn_labels[session, turn]
        assert all(label.text in told.turns[turn].content for label in labels)


def test_held_out_users_share_no_fact_with_training_users(corpus):
    trained = {q.fact_id for seed in range(40) for q in corpus.corpus_user(seed).questions}
    unmet = {
        q.fact_id for seed in range(20) for q in corpus.corpus_user(seed, held_out=True).questions
    }
    assert not trained & unmet

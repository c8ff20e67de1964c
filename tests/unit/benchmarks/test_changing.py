"""Users whose facts change: the later sessions never name the old value."""

from __future__ import annotations

import pytest

from lpm.benchmarks.synthetic import generate_user
from lpm.benchmarks.synthetic.changing import changed_user, facts_by_turn

SEEDS = range(40_000_000, 40_000_012)


@pytest.fixture(scope="module", params=["train", "test"])
def users(request):
    return [changed_user(seed, request.param) for seed in SEEDS]


def test_the_same_seed_gives_the_same_user(users):
    assert users[0] == changed_user(SEEDS[0], users[0].user.split)


def test_the_first_sessions_are_those_of_the_generator(users):
    for seed, made in zip(SEEDS, users, strict=True):
        plain = generate_user(seed, made.user.split)
        count = len(plain.history.sessions)
        assert made.user.history.sessions[:count] == plain.history.sessions
        times = [session.time for session in made.user.history.sessions]
        assert times == sorted(times)


def test_a_change_is_told_later_and_does_not_name_the_old_value(users):
    for made in users:
        assert made.changes
        said = {(s.session_id, n): turn.content for s, n, turn in made.user.history.turns()}
        old = {q.evidence[-1]: q.rejected for q in made.present}
        for question in made.present:
            text = said[question.evidence[-1]]
            assert any(value.lower() in text.lower() for value in question.accepted)
            assert not any(value.lower() in text.lower() for value in old[question.evidence[-1]])


def test_the_former_value_is_right_where_the_past_is_asked_for(users):
    for made in users:
        present = {q.fact_id: q for q in made.present}
        for question in made.former:
            now = present[question.fact_id]
            assert set(question.rejected) <= set(now.accepted)
            assert set(now.rejected) <= set(question.accepted)


def test_nothing_that_changed_is_among_the_other_questions(users):
    for made in users:
        again = {q.fact_id for q in (*made.present, *made.listed)}
        assert not again & {q.fact_id for q in made.user.questions}


def test_only_values_of_one_thing_of_which_one_holds_supersede(users):
    for made in users:
        assert all(made.one_of_two(*pair) for pair in made.changes)
        assert not any(made.one_of_two(*pair) for pair in made.additions)
        facts = facts_by_turn(made.user.questions)
        (first, second) = sorted(facts, key=lambda place: sorted(facts[place]))[:2]
        assert made.one_of_two(first, second) == bool(facts[first] & facts[second])

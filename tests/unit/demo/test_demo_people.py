"""The people of the demo: what their questions promise, and how answers are judged."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from lpm.benchmarks.synthetic.scoring import normalise, occurs
from lpm.demo.people import (
    NAMES,
    DemoQuestion,
    Person,
    locomo_person,
    shipped_people,
    token_f1,
)

PEOPLE = {person.name: person for person in shipped_people()}


@pytest.fixture(params=NAMES)
def person(request: pytest.FixtureRequest) -> Person:
    """Return each of the three people."""
    return PEOPLE[request.param]


def _text(person: Person) -> str:
    return "\n".join(turn.content for _, _, turn in person.history.turns())


def _runs(text: str, length: int) -> set[tuple[str, ...]]:
    words = normalise(text).split()
    return {tuple(words[i : i + length]) for i in range(len(words) - length + 1)}


def test_a_person_has_dated_sessions_in_order_and_ten_questions(person: Person) -> None:
    times = [session.time for session in person.history.sessions]
    assert 5 <= len(times) <= 6 and None not in times
    assert times == sorted(times)  # type: ignore[type-var]
    assert all(6 <= len(session.turns) <= 10 for session in person.history.sessions)
    assert 700 <= len(_text(person).split()) <= 1100
    assert len(person.questions) == 10


def test_each_answer_occurs_in_the_user_turn_that_is_its_evidence(person: Person) -> None:
    turns = {(s.session_id, i): turn for s, i, turn in person.history.turns()}
    for question in person.questions:
        assert question.evidence is not None
        turn = turns[question.evidence]
        assert turn.role == "user"
        assert occurs(question.answer, turn.content), question.question
        assert 1 <= len(question.answer.split()) <= 4
        assert question.answer in question.accepted


def test_questions_use_other_words_than_the_history(person: Person) -> None:
    said = set().union(*(_runs(turn.content, 4) for _, _, turn in person.history.turns()))
    for question in person.questions:
        assert not _runs(question.question, 4) & said, question.question


def test_a_question_does_not_give_its_answer_away(person: Person) -> None:
    for question in person.questions:
        assert not any(occurs(text, question.question) for text in question.accepted)


def test_two_preferences_change_and_the_outdated_values_are_in_the_history(person: Person) -> None:
    changed = [question for question in person.questions if question.rejected]
    assert len(changed) == 2
    for question in changed:
        assert any(occurs(text, _text(person)) for text in question.rejected)
        assert question.is_right(question.answer)


@pytest.mark.parametrize(("one", "other"), list(permutations(NAMES, 2)))
def test_a_swapped_memory_answers_wrong(one: str, other: str) -> None:
    text = _text(PEOPLE[other])
    for mine, theirs in zip(PEOPLE[one].questions, PEOPLE[other].questions, strict=True):
        assert not mine.is_right(theirs.answer)
        assert not any(occurs(phrase, text) for phrase in mine.accepted), mine.question


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("rooibos tea", True),
        ("You drink ROOIBOS, with honey.", True),
        ("You prefer espresso.", False),
        ("You gave up espresso for rooibos tea.", False),
        ("rooiboses", False),
        ("tea", False),
        ("", False),
    ],
)
def test_an_answer_is_right_when_it_names_the_value_and_no_outdated_one(
    answer: str, right: bool
) -> None:
    question = DemoQuestion("?", "rooibos tea", ("rooibos tea", "rooibos"), ("espresso",))
    assert question.is_right(answer) is right


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("Adoption agencies", True),
        ("The adoption agencies!", True),
        ("She researched adoption agencies", True),
        ("agencies", True),
        ("She has been looking at many adoption options", False),
        ("", False),
    ],
)
def test_a_locomo_answer_is_right_from_half_token_f1(answer: str, right: bool) -> None:
    question = DemoQuestion("?", "Adoption agencies", ("Adoption agencies",), rule="token-f1")
    assert question.is_right(answer) is right


def test_token_f1_counts_a_repeated_word_once_for_each_time_it_is_wanted() -> None:
    assert token_f1("red red", "red") == pytest.approx(2 / 3)
    assert token_f1("", "red") == 0.0


@pytest.mark.parametrize(
    ("speaker", "name"), [(None, "Caroline"), ("speaker_b", "Melanie"), ("Melanie", "Melanie")]
)
def test_a_locomo_speaker_is_asked_about_themselves_only(
    shared_data: Path, speaker: str | None, name: str
) -> None:
    person = locomo_person(shared_data / "locomo" / "locomo10.json", speaker, "conv-26")
    assert person.name == f"{name} (LoCoMo)"
    assert len(person.questions) == 10
    assert all(name in question.question for question in person.questions)
    assert {question.rule for question in person.questions} == {"token-f1"}

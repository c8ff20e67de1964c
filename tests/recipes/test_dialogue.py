"""Two friends' talks: a question names who told it, and what the other one told is no answer."""

from __future__ import annotations

import random

import pytest


@pytest.fixture(scope="module")
def dialogue(recipe):
    return recipe("dialogue")


def test_turns_name_their_speaker_and_questions_name_whom_they_ask_about(dialogue):
    user = dialogue.dialogue_user(5)
    assert user == dialogue.dialogue_user(5) != dialogue.dialogue_user(6)
    told = {(s.session_id, n): turn.content for s, n, turn in user.history.turns()}
    assert len(user.questions) > 100
    for question in user.questions:
        (place,) = question.evidence
        assert told[place].startswith(f'{question.kind} said, "')
        assert question.kind in question.question
        assert user.turn_labels[place][0].text == question.kind


def test_what_only_one_friend_told_is_asked_of_the_other_as_never_told(dialogue):
    user = dialogue.dialogue_user(5)
    swapped = dialogue.told_by_the_other(user, random.Random(0), 8)
    assert len(swapped) == 8
    assert not {q.question for q in user.questions} & set(swapped)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("What is my dog called?", "What is Olga's dog called?"),
        ("Where do I live?", "Where does Olga live?"),
        ("Remind me when I'm off to Rome.", "Remind me when Olga is off to Rome."),
        ("Which tea did I have to give up?", "Which tea did Olga have to give up?"),
        ("What should you get me?", "What should you get Olga?"),
        ("When did Tobias climb the ridge?", "When did Olga climb the ridge?"),
    ],
)
def test_questions_change_their_person(dialogue, asked, expected):
    assert dialogue.third_person(asked, "Olga") == expected


def test_a_name_that_was_told_stays(dialogue):
    asked = "Who went with Nadia?"
    assert dialogue.third_person(asked, "Olga", ("Nadia took Pim along.",)) == asked

"""Saying that one does not know is told apart from answering."""

from __future__ import annotations

import pytest

from lpm.benchmarks.abstention import abstains


@pytest.mark.parametrize(
    "text",
    [
        "I don't know.", "I do not know", "I don\u2019t remember.", "Sorry, I don't recall that.",
        "You never told me.", "You have not mentioned it.", "No information available",
        "Not mentioned.", "It is not mentioned in our conversations.", "Unknown", "I'm not sure.",
        "There is no record of that.", "That has not been mentioned.", "It cannot be determined.",
        "I can't say.", "I have no idea.",
    ],
)  # fmt: skip
def test_an_answer_that_says_it_does_not_know_abstains(text: str) -> None:
    assert abstains(text)


@pytest.mark.parametrize(
    "text",
    [
        "The conversation does not mention where Ann lives", "Ann's job is not mentioned",
        "The conversations don't specify what Ann did on May 8, 2023.",
        "The information is not available.", "It is not specified when Ann left.",
        "There is no information about Ann, Bob or Dr. Brown.",
        "Ann's relationship status is \"no information available\".", "Ann's job is unknown.",
        'The answer is: "No information available."', "Ann has not told me where she lives.",
        "I'm not sure where you live.", "I do not have any information about your dog.",
        'The answer to "When did Ann move?" is not provided in the conversation.',
    ],
)  # fmt: skip
def test_it_may_repeat_the_question(text: str) -> None:
    assert abstains(text)


@pytest.mark.parametrize(
    "text",
    [
        "I don't know. Sorry!", "I don't know. Please tell me more.", "Well, sorry. I can't say.",
        "You never told me. Could you provide more details?", "Ann, you have not told me that.",
        "You have not told me that. You have not told me that. Do you want to tell me?",
        "I don't know, as you never told me.", "I don't know, I'm not sure.",
        'The conversations do not tell, but the answer is "No information available".',
        "I'm sorry for the confusion, but I do not know.", "Not mentioned.\nNot mentioned.",
        "As an AI model, I don't have that information.", "There is no record, sorry.",
        "You have not told me that. You have not told me that. You have",
        "In our conversations, it is never mentioned.",
    ],
)  # fmt: skip
def test_courtesies_and_repeats_may_stand_beside_it(text: str) -> None:
    assert abstains(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "Sorry.", "Paris", "You told me it was Paris.", "I know: Paris.", "No.", "Not much.",
        "Never eat hazelnuts.", "A book called The Unknown.", "I don't have a dog, I have a cat",
        "I have no dog.", "She did not tell her mother about it", "He had no idea it would rain",
        "You did not tell your mother.", "Ann is not known for cooking.", "Ann is not available.",
        "John joined a church for a reason that is not mentioned in the conversation",
        'Calvin describes his process as "You have not told me that."',
        'Gina says, "You have not told me that."',
    ],
)  # fmt: skip
def test_an_answer_does_not(text: str) -> None:
    assert not abstains(text)


@pytest.mark.parametrize(
    "text",
    [
        "I don't know, but probably Paris.", "I'm not sure, maybe Paris.", "I don't know. Paris.",
        "Probably Paris, but I'm not sure.", "I don't know, Paris.", "I don't know: Paris.",
        "You never told me. You live in Paris.", "Not mentioned, but Ann lives in Paris.",
        "I don't know. I think it is Paris.", "I'm not sure it might be Paris.",
        "John went to a convention, but the exact date is not provided.", "Paris. I'm not sure.",
        "Paris, I'm not sure.", "I don't know \u2013 Paris.", "I don't know\u2014Paris.",
    ],
)  # fmt: skip
def test_nor_does_a_guess_before_or_after_it(text: str) -> None:
    assert not abstains(text)

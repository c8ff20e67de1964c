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
        "", "Paris", "I don't know, but probably Paris.", "You told me it was Paris.",
        "I know: Paris.", "Never eat hazelnuts.", "No.", "Not much.",
        "A book called The Unknown.", "I'm not sure, maybe Paris.",
    ],
)  # fmt: skip
def test_an_answer_or_a_guess_does_not(text: str) -> None:
    assert not abstains(text)

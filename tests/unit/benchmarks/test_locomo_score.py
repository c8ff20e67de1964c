"""LoCoMo's official score, case by case; the expected values were worked out by hand."""

from __future__ import annotations

import pytest

from lpm.benchmarks.locomo import normalise, score
from lpm.errors import ConfigError

F1_CASES = [
    # Equal up to what normalisation drops.
    (4, "Paris", "Paris", 1.0),
    (4, "paris", "Paris", 1.0),
    (4, "Paris.", "Paris", 1.0),
    (4, "  Paris  ", "Paris", 1.0),
    (4, "the Paris", "Paris", 1.0),
    (4, "a dog", "dog", 1.0),
    (4, "an apple", "apple", 1.0),
    (4, "The cat and the dog", "cat dog", 1.0),
    (4, "cat, dog", "cat dog", 1.0),
    (4, "1,000", "1000", 1.0),
    (4, "well-known", "wellknown", 1.0),
    (4, "it's", "its", 1.0),
    (4, "$5", "5", 1.0),
    (4, "7 a.m.", "7 am", 1.0),
    (4, "dog cat", "cat dog", 1.0),
    # Words that only look like articles stay.
    (4, "than", "the", 0.0),
    (4, "sand", "sand", 1.0),
    (4, "another", "other", 0.0),
    # The articles go after the punctuation: "a-b" becomes "ab", "A&E" becomes "ae".
    (4, "a-b", "b", 0.0),
    (4, "A&E", "ae", 1.0),
    # Stems.
    (4, "running", "run", 1.0),
    (4, "runs", "running", 1.0),
    (4, "painted", "paint", 1.0),
    (4, "hiking trips", "hike trip", 1.0),
    (4, "ponies", "poni", 1.0),
    (4, "happiness", "happy", 1.0),
    (4, "studies", "study", 1.0),
    (4, "went", "go", 0.0),
    # Partial overlap: F1 = 2PR / (P + R).
    (4, "a red car", "blue car", 0.5),
    (4, "red car", "car", 0.667),
    (4, "car", "big red car", 0.5),
    (4, "one two three", "one two four", 0.667),
    (4, "one two three four", "one", 0.4),
    (4, "one two", "three four", 0.0),
    # Multisets: a word counts as often as both have it.
    (4, "dog dog", "dog", 0.667),
    (4, "dog dog", "dog dog", 1.0),
    (4, "dog dog cat", "dog cat cat", 0.667),
    # Nothing left on a side.
    (4, "", "Paris", 0.0),
    (4, "the", "Paris", 0.0),
    (4, "the", "the", 0.0),
    (4, "", "", 0.0),
    # Category 2 is plain F1.
    (2, "7 May 2023", "7 May 2023", 1.0),
    (2, "May 2023", "7 May 2023", 0.8),
    (2, "7 May, 2023", "7 May 2023", 1.0),
    (2, "2022", "7 May 2023", 0.0),
    (2, "June; July", "June; July", 1.0),
    # Category 3: of the gold answer the text before the first semicolon.
    (3, "Yes", "Yes; she said so", 1.0),
    (3, "she said so", "Yes; she said so", 0.0),
    (3, "Likely no", "Likely no; because; of", 1.0),
    (3, "Yes; really", "Yes", 0.667),
    (3, "yes", "Yes", 1.0),
    # Category 4 does not split on semicolons or commas.
    (4, "Yes", "Yes; really", 0.667),
    (4, "tea, coffee", "tea, milk", 0.5),
    # Category 1: the mean over gold parts of the best predicted part.
    (1, "tea", "tea", 1.0),
    (1, "tea, coffee", "coffee, tea", 1.0),
    (1, "tea", "tea, coffee", 0.5),
    (1, "tea, coffee, milk", "tea", 1.0),
    (1, "tea coffee", "tea, coffee", 0.667),
    (1, "green tea, milk", "tea, oat milk, water", 0.444),
    (1, "", "tea, coffee", 0.0),
    (1, "tea", "tea,", 0.5),
    (1, "tea, tea", "tea, coffee", 0.5),
    (1, "tea; coffee", "tea; coffee", 1.0),
    (1, "swimming, paint", "swim, painting", 1.0),
]

ABSTENTION_CASES = [
    ("No information available", 1.0),
    ("no information available.", 1.0),
    ("There is NO INFORMATION AVAILABLE on that", 1.0),
    ("Not mentioned", 1.0),
    ("It is not mentioned in the conversation, but perhaps Paris", 1.0),
    ("not mention", 0.0),
    ("No information", 0.0),
    ("I do not know", 0.0),
    ("Paris", 0.0),
    ("", 0.0),
    ("no  information available", 0.0),
]


@pytest.mark.parametrize(("category", "prediction", "answer", "expected"), F1_CASES)
def test_words_score_as_in_the_official_code(
    category: int, prediction: str, answer: str, expected: float
) -> None:
    assert score(category, prediction, answer) == expected


@pytest.mark.parametrize(("prediction", "expected"), ABSTENTION_CASES)
@pytest.mark.parametrize("answer", ["", "Paris", "No information available"])
def test_category_5_asks_for_a_phrase_whatever_the_gold_answer(
    prediction: str, expected: float, answer: str
) -> None:
    assert score(5, prediction, answer) == expected


def test_scores_are_rounded_to_three_decimals() -> None:
    assert score(4, "one two three four five six", "one") == 0.286


def test_an_unknown_category_is_refused() -> None:
    with pytest.raises(ConfigError, match="categories are 1 to 5"):
        score(6, "Paris", "Paris")


def test_normalisation_drops_commas_punctuation_case_and_four_words() -> None:
    assert normalise("The  Cat, and an  OWL's a hat!") == "cat owls hat"

"""LoCoMo's official score of one answer: stemmed F1, or a phrase that says there is no answer."""

from __future__ import annotations

import re
import string
from collections import Counter
from functools import cache
from typing import Protocol

from lpm.errors import ConfigError, MissingExtraError

NO_ANSWER_PHRASES = ("no information available", "not mentioned")

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_DROPPED_WORDS = re.compile(r"\b(?:a|an|the|and)\b")


def score(category: int, prediction: str, answer: str) -> float:
    """Score a prediction from 0 to 1, rounded to 3 decimals, by the rule of its category.

    Categories 2, 3 and 4 take the F1 of normalised, stemmed words; of category 3's gold answer the
    text before the first `;` counts. Category 1 splits both sides on commas and averages, over the
    gold parts, the best F1 of any predicted part. Category 5 asks for a phrase that says that
    there is no answer, whatever the gold answer. Raises ConfigError for another category.
    """
    if category == 5:
        said = prediction.lower()
        return float(any(phrase in said for phrase in NO_ANSWER_PHRASES))
    if category == 1:
        return round(_parts_f1(prediction, answer), 3)
    if category == 3:
        answer = answer.split(";")[0]
    elif category not in (2, 4):
        raise ConfigError(f"LoCoMo's categories are 1 to 5, not {category!r}; give one of these.")
    return round(_f1(stems(prediction), stems(answer)), 3)


def normalise(text: str) -> str:
    """Lower-case a text and drop commas, ASCII punctuation, a/an/the/and and extra spaces."""
    # Punctuation goes before the dropped words, so "a.m." becomes "am" and "A&E" becomes "ae".
    text = text.replace(",", "").lower().translate(_PUNCTUATION)
    return " ".join(_DROPPED_WORDS.sub(" ", text).split())


def _parts_f1(prediction: str, answer: str) -> float:
    predicted = [stems(part) for part in prediction.split(",")]
    gold = [stems(part) for part in answer.split(",")]
    return sum(max(_f1(guess, part) for guess in predicted) for part in gold) / len(gold)


def _f1(prediction: list[str], gold: list[str]) -> float:
    """Return the F1 of two multisets of words; 0 where they share none or one is empty."""
    common = (Counter(prediction) & Counter(gold)).total()
    if common == 0:
        return 0.0
    precision, recall = common / len(prediction), common / len(gold)
    return 2 * precision * recall / (precision + recall)


def stems(text: str) -> list[str]:
    """Return the stems of a text's normalised words."""
    return [_stem(word) for word in normalise(text).split()]


class _Stemmer(Protocol):
    def stem(self, word: str) -> str: ...


@cache
def _stem(word: str) -> str:
    return _stemmer().stem(word)


@cache
def _stemmer() -> _Stemmer:
    # Imported on first use: nltk pulls in scipy, which takes a second or two.
    try:
        from nltk.stem.porter import PorterStemmer
    except ImportError as error:
        raise MissingExtraError(
            "LoCoMo's score needs nltk, which is not installed: "
            "run `pip install latent-personal-memory[bench]`."
        ) from error
    return PorterStemmer()

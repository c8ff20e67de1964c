"""Questions of the synthetic benchmark and the rule that scores an answer."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

KINDS = (
    "recall_user_shared_facts",
    "track_full_preference_evolution",
    "recalling_the_reasons_behind_previous_updates",
    "suggest_new_ideas",
    "generalizing_to_new_scenarios",
    "provide_preference_aligned_recommendations",
    "recalling_facts_mentioned_by_the_user",
)
"""PersonaMem's seven kinds of question; the first asks for the latest preference."""

ALL_OF = " + "
"""Joins the parts of an accepted string that must all occur, in any order."""

_ARTICLES = frozenset({"a", "an", "the"})


@dataclass(frozen=True)
class SyntheticQuestion:
    """A question in the user's words with its gold answer.

    `evidence` names the user turns that hold the answer as (session identifier, turn index).
    `fact_id` names what is asked about ("sister.city", "preference.music") and `phrasing_id` the
    wording; questions of one `fact_id` and `kind` have one answer.
    """

    kind: str
    question: str
    answer: str
    accepted: tuple[str, ...]
    rejected: tuple[str, ...]
    evidence: tuple[tuple[str, int], ...]
    fact_id: str
    phrasing_id: str


def normalise(text: str) -> str:
    """Lower-case a text and drop accents, punctuation, thousands separators and articles."""
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text.lower())
    text = re.sub(r"(?<=\d)\.(?=\d)", "point", text)
    text = re.sub(r"['\u2019]", "", text)
    words = re.sub(r"[\W_]+", " ", text).split()
    return " ".join(word for word in words if word not in _ARTICLES)


def occurs(phrase: str, text: str) -> bool:
    """Tell whether every ` + ` part of a phrase occurs in a text as whole words."""
    padded = f" {normalise(text)} "
    parts = [normalise(part) for part in phrase.split(ALL_OF)]
    return all(part and f" {part} " in padded for part in parts)


def is_right(prediction: str, question: SyntheticQuestion) -> bool:
    """Tell whether a prediction answers a question.

    Both sides are normalised and compared on word boundaries. The prediction is right if at least
    one accepted string occurs in it and no rejected string does; an accepted string with ` + `
    occurs if all of its parts do. An empty prediction is wrong.
    """
    if any(occurs(phrase, prediction) for phrase in question.rejected):
        return False
    return any(occurs(phrase, prediction) for phrase in question.accepted)

"""LoCoMo's prompts for open models, and what is done to an answer before it is scored."""

from __future__ import annotations

import hashlib
import random

NO_INFORMATION = "No information available"
MAX_NEW_TOKENS = 50

_INSTRUCTION = (
    "Based on the above conversations, write a short answer for the following question in a few "
    "words. Do not write complete and lengthy sentences. Answer with exact words from the "
    "conversations whenever possible."
)
_DATE_HINT = " Use DATE of CONVERSATION to answer with an approximate date."
_CHOICE = " (a) {} (b) {}. Select the correct answer by writing (a) or (b)."
# Said with every question of the fixed mode: with category 5 alone it would give the answer away.
_MAY_ABSTAIN = f' If the conversations do not tell, answer "{NO_INFORMATION}".'
_DELETED = ("(a)", "(b)", "a)", "b)", "answer:")


def official_prompt(question: str, category: int, options: tuple[str, ...] = ()) -> str:
    """Return the official prompt; category 5 takes the two options in the order to show them."""
    if category == 2:
        question += _DATE_HINT
    if category == 5:
        question += _CHOICE.format(*options)
    return f"{_INSTRUCTION}\n\nQuestion: {question}"


def fixed_prompt(question: str, category: int) -> str:
    """Return the official prompt with a way out for every category and no choice in category 5."""
    if category == 2:
        question += _DATE_HINT
    return f"{_INSTRUCTION}{_MAY_ABSTAIN}\n\nQuestion: {question}"


def ordered_options(
    question: str, adversarial_answer: str, conversation: str, seed: int | None
) -> tuple[str, str]:
    """Return the two options of category 5: in an order drawn from a seed, or else by hash.

    Both depend on the conversation and question alone, so no order hangs on what came before.
    """
    key = f"{conversation}\n{question}"
    if seed is None:
        first = hashlib.sha256(key.encode()).digest()[0] % 2 == 0
    else:
        first = random.Random(f"{seed}\n{key}").random() < 0.5
    if first:
        return NO_INFORMATION, adversarial_answer
    return adversarial_answer, NO_INFORMATION


def clean_answer(prediction: str) -> str:
    """Return the first line in lower case, without option letters and "answer:"."""
    line = _first_line(prediction)
    for text in _DELETED:
        line = line.replace(text, "")
    return line.strip()


def chosen_option(prediction: str, options: tuple[str, ...]) -> str:
    """Return option a where the first line holds "(a)", option b for anything else.

    Official, and generous: a constant "b" is right about half the time.
    """
    return options[0] if "(a)" in _first_line(prediction) else options[1]


def _first_line(prediction: str) -> str:
    return prediction.strip().split("\n")[0].strip().lower()

"""LoCoMo as a benchmark: ten long conversations of two friends, 1,986 questions.

The data is CC BY-NC 4.0: it may be evaluated on, and never travels with this project.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from lpm.benchmarks.abstention import abstains
from lpm.benchmarks.contract import Case, Question, Split
from lpm.benchmarks.locomo.context import said_line
from lpm.benchmarks.locomo.prompts import (
    MAX_NEW_TOKENS,
    NO_INFORMATION,
    chosen_option,
    clean_answer,
    fixed_prompt,
    official_prompt,
    ordered_options,
)
from lpm.benchmarks.locomo.scoring import score
from lpm.errors import ConfigError, HistoryError
from lpm.histories import LocomoQuestion, list_locomo_conversations, load_locomo_questions
from lpm.histories.detect import load_document
from lpm.histories.locomo import read_locomo
from lpm.methods.contract import Request
from lpm.types import History, Session, Turn

CATEGORY_NAMES = {
    4: "single-hop",
    1: "multi-hop",
    2: "temporal",
    3: "open-domain",
    5: "adversarial",
}
"""Names of the file's category numbers, in the order of the official tables."""

TUNE_CONVERSATIONS = ("conv-26", "conv-30", "conv-41")
"""Hyper-parameters are chosen on these alone."""

_NUMBERS = {name: number for number, name in CATEGORY_NAMES.items()}


class LocomoBenchmark:
    """LoCoMo's question answering.

    `official` follows the published code: category 5 is a choice between "No information
    available" and a tempting wrong answer, in an order drawn from `seed`. `fixed` asks category 5
    openly and wants an abstention; every question then says how to abstain. Its two options stand
    in `Question.options`, in an order given by a hash. Answers are decoded greedily, where the
    official code samples.

    A history holds both speakers' turns as role user, as questions ask about either; each turn's
    text names its speaker: `X said, "…"`.
    """

    name = "locomo"
    modes: tuple[str, ...] = ("official", "fixed")
    categories: tuple[str, ...] = tuple(CATEGORY_NAMES.values())

    def __init__(self, path: str | os.PathLike[str], *, seed: int = 0) -> None:
        """Take the path of `locomo10.json`; it is read by `cases`."""
        self.path = path
        self.seed = seed

    def cases(self, mode: str) -> Iterator[Case]:
        """Yield one case a conversation, in the file's order; HistoryError for a broken file."""
        self._check(mode)
        for conversation in list_locomo_conversations(self.path):
            questions = load_locomo_questions(self.path, conversation)
            split: Split = "tune" if conversation in TUNE_CONVERSATIONS else "report"
            yield Case(
                user=conversation,
                cluster=conversation,
                split=split,
                history=load_named_history(self.path, conversation),
                questions=tuple(self._question(mode, conversation, item) for item in questions),
            )

    def score(self, mode: str, question: Question, prediction: str) -> float:
        """Score an answer's text, after the post-processing of its mode, to 3 decimals."""
        self._check(mode)
        category = _NUMBERS[question.category]
        if category != 5:
            return score(category, clean_answer(prediction), question.gold)
        if mode == "official":
            return score(5, chosen_option(prediction, question.options), question.gold)
        return float(abstains(clean_answer(prediction)))

    def _question(self, mode: str, conversation: str, item: LocomoQuestion) -> Question:
        options = self._options(mode, conversation, item) if item.category == 5 else ()
        if mode == "official":
            prompt = official_prompt(item.question, item.category, options)
        else:
            prompt = fixed_prompt(item.question, item.category)
        request = Request(
            ({"role": "user", "content": prompt},),
            item.question,
            MAX_NEW_TOKENS,
            NO_INFORMATION if mode == "fixed" else None,
        )
        return Question(
            category=CATEGORY_NAMES[item.category],
            request=request,
            gold=NO_INFORMATION if item.category == 5 else item.answer or "",
            options=options,
            gold_option=options.index(NO_INFORMATION) if options else None,
        )

    def _options(self, mode: str, conversation: str, item: LocomoQuestion) -> tuple[str, str]:
        if item.adversarial_answer is None:
            raise HistoryError(
                f"{os.fspath(self.path)!r}, {conversation}, has a question of category 5 without "
                "'adversarial_answer'; give LoCoMo's file unchanged."
            )
        seed = self.seed if mode == "official" else None
        return ordered_options(item.question, item.adversarial_answer, conversation, seed)

    def _check(self, mode: str) -> None:
        if mode not in self.modes:
            raise ConfigError(f"LoCoMo has no mode {mode!r}; choose 'official' or 'fixed'.")


def load_named_history(path: str | os.PathLike[str], conversation: str) -> History:
    """Load a conversation whose turns all have role user and name their speaker."""
    document = load_document(path)
    # Checks the conversation and puts its sessions in order; its turns have lost their speakers.
    checked = read_locomo(document.entries, document.name, select=conversation)
    ids = list_locomo_conversations(path)
    sample: Any = document.entries[ids.index(conversation)]
    return History(
        tuple(
            Session(session.session_id, _named_turns(sample, session), session.time)
            for session in checked.sessions
        )
    )


def _named_turns(sample: Any, session: Session) -> tuple[Turn, ...]:
    return tuple(
        Turn("user", said_line(turn["speaker"], turn["text"], turn.get("blip_caption")))
        for turn in sample["conversation"][session.session_id]
    )

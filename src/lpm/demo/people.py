"""The people of the demo: three written for it, and one of a LoCoMo file on request."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal

from lpm.benchmarks.synthetic.scoring import normalise, occurs
from lpm.histories import list_locomo_conversations, load_history, load_locomo_questions
from lpm.histories.building import choose
from lpm.histories.detect import load_document
from lpm.types import History

NAMES = ("marta", "kwame", "ines")
Rule = Literal["names", "token-f1"]
RULES: dict[Rule, str] = {
    "names": "right if an accepted wording occurs in the answer as whole words and no outdated "
    "value does",
    "token-f1": "right if the answer's token F1 with the reference answer is at least 0.5",
}
_LOCOMO_CATEGORIES = (1, 4)
_MIN_F1 = 0.5


@dataclass(frozen=True)
class DemoQuestion:
    """A question, its answer, and what an answer must and must not name.

    evidence: session identifier and turn index of the turn that holds the answer, where known.
    rule: how an answer is judged, a key of `RULES`.
    """

    question: str
    answer: str
    accepted: tuple[str, ...]
    rejected: tuple[str, ...] = ()
    evidence: tuple[str, int] | None = None
    rule: Rule = "names"

    def is_right(self, answer: str) -> bool:
        """Judge an answer by the question's rule; case, accents and punctuation do not matter."""
        if self.rule == "token-f1":
            return max(token_f1(answer, text) for text in self.accepted) >= _MIN_F1
        named = any(occurs(text, answer) for text in self.accepted)
        return named and not any(occurs(text, answer) for text in self.rejected)


@dataclass(frozen=True)
class Person:
    """One user of the demo."""

    name: str
    history: History
    questions: tuple[DemoQuestion, ...]


def token_f1(prediction: str, reference: str) -> float:
    """Return SQuAD's token F1 of two normalised texts, 0 to 1; 0 when either is empty."""
    given, wanted = normalise(prediction).split(), normalise(reference).split()
    shared = sum((Counter(given) & Counter(wanted)).values())
    return 2 * shared / (len(given) + len(wanted)) if shared else 0.0


def shipped_people() -> tuple[Person, ...]:
    """Return the three people that come with the package."""
    return tuple(_shipped(name) for name in NAMES)


def _shipped(name: str) -> Person:
    data = files("lpm.demo") / "data"
    with as_file(data / f"{name}.jsonl") as path:
        history = load_history(path)
    rows = json.loads((data / f"{name}.questions.json").read_text(encoding="utf-8"))
    questions = tuple(
        DemoQuestion(
            row["question"],
            row["answer"],
            tuple(row["accepted"]),
            tuple(row["rejected"]),
            (row["evidence"][0], row["evidence"][1]),
        )
        for row in rows
    )
    return Person(name, history, questions)


def locomo_person(path: Path, speaker: str | None, select: str | None, count: int = 10) -> Person:
    """Return a LoCoMo speaker with their first single- and multi-hop questions.

    Only questions that name the speaker are asked, for the others are about the friend. Judged by
    token F1. Raises HistoryError for what `load_history` refuses.
    """
    history = load_history(path, speaker=speaker, select=select)
    name = _speaker_name(path, speaker, select)
    named = re.compile(rf"\b{re.escape(name)}\b", re.IGNORECASE)
    asked = [
        DemoQuestion(item.question, item.answer, (item.answer,), rule="token-f1")
        for item in load_locomo_questions(path, select)
        if item.category in _LOCOMO_CATEGORIES and item.answer and named.search(item.question)
    ]
    return Person(f"{name} (LoCoMo)", history, tuple(asked[:count]))


def _speaker_name(path: Path, speaker: str | None, select: str | None) -> str:
    """Return the name behind `speaker_a`, `speaker_b` or None (the first), or the name itself."""
    ids = list_locomo_conversations(path)
    index = 0 if select is None else choose(ids, select, path.name)
    sample = load_document(path).entries[index]
    conversation = sample["conversation"] if isinstance(sample, dict) else {}
    return str(conversation.get(speaker or "speaker_a", speaker))

"""The people of the demo: three written for it, and one of a LoCoMo file on request."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from lpm.benchmarks.synthetic.scoring import occurs
from lpm.histories import load_history, load_locomo_questions
from lpm.types import History

NAMES = ("marta", "kwame", "ines")
_LOCOMO_CATEGORIES = (1, 4)


@dataclass(frozen=True)
class DemoQuestion:
    """A question, its answer, and what an answer must and must not name."""

    question: str
    answer: str
    accepted: tuple[str, ...]
    rejected: tuple[str, ...]

    def is_right(self, answer: str) -> bool:
        """Say whether an accepted wording occurs as whole words and no outdated value does."""
        named = any(occurs(text, answer) for text in self.accepted)
        return named and not any(occurs(text, answer) for text in self.rejected)


@dataclass(frozen=True)
class Person:
    """One user of the demo."""

    name: str
    history: History
    questions: tuple[DemoQuestion, ...]


def shipped_people() -> tuple[Person, ...]:
    """Return the three people that come with the package."""
    return tuple(_shipped(name) for name in NAMES)


def _shipped(name: str) -> Person:
    data = files("lpm.demo") / "data"
    with as_file(data / f"{name}.jsonl") as path:
        history = load_history(path)
    rows = json.loads((data / f"{name}.questions.json").read_text(encoding="utf-8"))
    questions = tuple(
        DemoQuestion(row["question"], row["answer"], tuple(row["accepted"]), tuple(row["rejected"]))
        for row in rows
    )
    return Person(name, history, questions)


def locomo_person(path: Path, speaker: str | None, select: str | None, count: int = 10) -> Person:
    """Return a LoCoMo speaker with their first single- and multi-hop questions."""
    history = load_history(path, speaker=speaker, select=select)
    name = speaker or "speaker_a"
    asked = [
        DemoQuestion(item.question, item.answer, (item.answer,), ())
        for item in load_locomo_questions(path, select)
        if item.category in _LOCOMO_CATEGORIES
        and item.answer
        and (speaker is None or speaker.lower() in item.question.lower())
    ]
    return Person(f"locomo {name}", history, tuple(asked[:count]))

"""Results of demo runs that never took place, for the tests of table and report."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lpm.demo.people import shipped_people
from lpm.demo.run import Asked, DemoResult, PersonResult, Reply
from lpm.types import RememberReport, SlotSource

NUM_SLOTS = 32


@pytest.fixture(scope="session")
def made_up_person() -> Callable[..., PersonResult]:
    """Return what makes up one person."""
    return make_person


@pytest.fixture(scope="session")
def made_up_result() -> Callable[..., DemoResult]:
    """Return what makes up a result."""
    return make_result


def make_person(
    name: str = "ana",
    text: str = "It is Oslo.",
    *,
    question: str = "Where is home?",
    losses: tuple[float, ...] = (),
    excerpt: str = "I live in Oslo.",
    truncated: bool = False,
) -> PersonResult:
    """Return a person of one question, whose memory answers right and whose plain LLM does not."""
    asked = _asked(question, "Oslo", text, "s1", 0, excerpt, 3, truncated=truncated)
    return PersonResult(name, _remembered(name, losses), (asked,), 2, 8)


def make_result(*people: PersonResult, backbone: str = "tiny") -> DemoResult:
    """Return a result of the given people, or of the shipped ones with invented answers."""
    return DemoResult(backbone, people or _shipped(), "demo-report/index.html")


def _shipped() -> tuple[PersonResult, ...]:
    people = []
    for number, person in enumerate(shipped_people()):
        turns = {(s.session_id, i): turn.content for s, i, turn in person.history.turns()}
        asked = []
        for index, item in enumerate(person.questions):
            assert item.evidence is not None
            session, turn = item.evidence
            text = item.answer if (index + number) % 4 else "I am not sure about that, sorry."
            excerpt = turns[item.evidence]
            asked.append(
                _asked(item.question, item.answer, text, session, turn, excerpt, 3 * index % 29)
            )
        losses = tuple(4.0 / (1 + step / (9 + 5 * number)) for step in range(60))
        history = person.history
        report = _remembered(person.name, losses if number else ())
        people.append(
            PersonResult(
                person.name, report, tuple(asked), len(history.sessions), history.num_turns
            )
        )
    return tuple(people)


def _asked(
    question: str,
    answer: str,
    text: str,
    session: str,
    turn: int,
    excerpt: str,
    top: int,
    *,
    truncated: bool = False,
) -> Asked:
    rest = 0.4 / (NUM_SLOTS - 1)
    weights = tuple(0.6 if slot == top else rest for slot in range(NUM_SLOTS))
    right = text != "I am not sure about that, sorry."
    replies = (
        Reply("memory", text, right, 12, 40, 2_400_000, 0.8),
        Reply("no-memory", "As an AI model I do not know that.", False, 0, 40, 1_840_000, 0.7),
        Reply("full-context", f"You said {text}", True, 0, 1500, 69_000_000, 2.9, truncated),
    )
    source = SlotSource(session, turn, 1.0)
    return Asked(question, answer, replies, weights, top, source, excerpt)


def _remembered(name: str, losses: tuple[float, ...]) -> RememberReport:
    return RememberReport(name, 1, NUM_SLOTS, 6, 0, len(losses), losses, 1_900_000, 1.4)

"""The demo's people are honest, its page is whole and harmless."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from lpm.demo.people import NAMES, DemoQuestion, shipped_people
from lpm.demo.report import page
from lpm.demo.run import Asked, DemoResult, PersonResult, Reply
from lpm.demo.table import transcript
from lpm.model import MODES
from lpm.types import RememberReport, SlotSource

PEOPLE = shipped_people()
HOSTILE = "<script>alert(1)</script> & $x$ \"'"


def made_up(text: str = "An answer.", losses: tuple[float, ...] = ()) -> DemoResult:
    replies = tuple(Reply(mode, text, mode == "memory", 12, 40, 1000, 0.5) for mode in MODES)
    asked = Asked(text, "answer", replies, (0.25, 0.75), 1, SlotSource("s1", 0, 1.0), text)
    report = RememberReport("ann", 1, 2, 1, 0, len(losses), losses, 4000, 1.0)
    result = DemoResult("tiny", (PersonResult("ann", report, (asked, asked)),), "index.html")
    return DemoResult("tiny", result.people, "index.html", transcript(result))


def test_three_people_of_several_dated_sessions_and_ten_questions():
    assert [person.name for person in PEOPLE] == list(NAMES)
    for person in PEOPLE:
        assert len(person.history.sessions) >= 5
        assert all(session.time for session in person.history.sessions)
        assert len(person.questions) == 10


@pytest.mark.parametrize("person", PEOPLE, ids=NAMES)
def test_answers_were_said_and_questions_are_worded_differently(person):
    said = " ".join(turn.content.lower() for _, _, turn in person.history.turns())
    for question in person.questions:
        assert question.answer.lower() in said
        words = re.findall(r"\w+", question.question.lower())
        for start in range(len(words) - 3):
            assert " ".join(words[start : start + 4]) not in said


def test_nobody_elses_answer_is_right():
    for person in PEOPLE:
        for other in PEOPLE:
            if other is not person:
                for own, foreign in zip(person.questions, other.questions, strict=True):
                    assert not own.is_right(foreign.answer)


def test_an_outdated_value_is_wrong():
    question = DemoQuestion("?", "kayaking", ("kayaking",), ("climbing",))
    assert question.is_right("You go Kayaking.")
    assert not question.is_right("You like climbing and kayaking.")
    assert not question.is_right("You like hiking.")
    assert not question.is_right("")


def test_the_page_is_well_formed_and_asks_nobody_for_anything():
    text = page(made_up(losses=(2.0, 1.0)))
    HTMLParser().feed(text)
    assert text.count("<svg") == text.count("</svg>") >= 4
    addresses = set(re.findall(r"https?://[^\s\"'<>]+", text))
    assert all("w3.org" in a or "purl.org" in a or "creativecommons.org" in a for a in addresses)
    assert not re.search(r"<(script|link|img|iframe)\b", text)


def test_conversation_text_cannot_break_out_of_the_page():
    text = page(made_up(HOSTILE))
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_a_memory_without_gradient_steps_says_so():
    assert "no gradient step" in page(made_up())
    assert "no gradient step" not in page(made_up(losses=(1.0,)))

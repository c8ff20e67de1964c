"""A history is written as text in one way, whoever puts it before a message."""

from __future__ import annotations

from datetime import datetime

from lpm.prompting import before_message, fitting, full_context_messages, turn_lines, written
from lpm.testing import tiny_backbone
from lpm.types import History, Message, Session, Turn

TALK = History(
    (
        Session(
            "a",
            (Turn("user", "I have a cat."), Turn("assistant", "Nice!")),
            datetime(2024, 5, 8, 13, 56),
        ),
        Session("b", (Turn("user", "She is called Miso."),)),
    )
)
ASKED: list[Message] = [{"role": "user", "content": "What is my cat called?"}]


def words(text: str) -> int:
    return len(text.split())


def test_every_session_stands_under_its_date_and_every_turn_behind_its_role() -> None:
    assert written(turn_lines(TALK)) == (
        "DATE: 8 May 2024\nCONVERSATION:\nuser: I have a cat.\nassistant: Nice!\n"
        "CONVERSATION:\nuser: She is called Miso."
    )


def test_roles_are_left_out_where_there_is_only_one() -> None:
    friends = History((Session("a", (Turn("user", 'Ann said, "Hi."'), Turn("user", "Hm."))),))
    assert written(turn_lines(friends)) == 'CONVERSATION:\nAnn said, "Hi."\nHm.'


def test_a_turn_shown_alone_keeps_its_date() -> None:
    second = turn_lines(TALK)[1]
    assert written([second]) == "DATE: 8 May 2024\nCONVERSATION:\nassistant: Nice!"


def test_what_does_not_fit_goes_by_whole_turns_and_headings_count() -> None:
    lines = turn_lines(TALK)
    # "CONVERSATION:" and "user: She is called Miso." are 6 words and two ends of line.
    assert fitting(lines, 8, words) == lines[2:]
    assert fitting(lines, 7, words) == []
    assert fitting(lines, 12, words, newest=False) == lines[:1]


def test_the_newest_turns_stay_before_a_message_and_earlier_ones_go() -> None:
    backbone = tiny_backbone()
    (whole,) = full_context_messages(backbone, TALK, ASKED, None)
    assert whole["content"].startswith("Here is what we talked about before.\nDATE: 8 May 2024")
    assert whole["content"].endswith("Miso.\n\nWhat is my cat called?")
    (cut,) = full_context_messages(backbone, TALK, ASKED, 150)
    assert "Miso" in cut["content"] and "Nice" not in cut["content"]


def test_a_message_stands_alone_where_no_turn_fits() -> None:
    assert before_message([], ASKED) == ASKED

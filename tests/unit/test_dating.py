"""A message that asks when something was is told the date of the session that it reads."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import torch

from lpm.dating import asks_when, told_at, with_date
from lpm.types import SlotSource

MAY, JUNE = datetime(2023, 5, 8, tzinfo=UTC), datetime(2023, 6, 30, tzinfo=UTC)
PROVENANCE = ((SlotSource("s1", 0, 1.0),), (SlotSource("s2", 4, 1.0),), ())
DATES = {"s1": MAY, "s2": JUNE}


def attention(*shares: float) -> torch.Tensor:
    return torch.tensor([shares, shares])


@pytest.mark.parametrize(
    "message",
    [
        "When did Ana go to Lisbon?",
        "Do you know when was it that we met?",
        "What year was the wedding?",
        "On which day did I move?",
        "How long ago did I start to paint?",
        "When's my sister's birthday?",
    ],
)
def test_questions_about_time_are_known(message):
    assert asks_when(message)


@pytest.mark.parametrize(
    "message",
    [
        "Where does my sister live?",
        "What should I cook when my brother visits?",
        "What kind of date do I like, a picnic?",
        "Whenever did is no question",
        "",
    ],
)
def test_other_questions_are_left_alone(message):
    assert not asks_when(message)


def test_the_date_is_that_of_the_slot_that_is_attended_to_most():
    assert told_at(attention(0.6, 0.3, 0.1), PROVENANCE, DATES) == MAY
    assert told_at(attention(0.3, 0.6, 0.1), PROVENANCE, DATES) == JUNE


@pytest.mark.parametrize(
    ("shares", "provenance", "dates"),
    [
        ((0.1, 0.2, 0.1), PROVENANCE, DATES),
        ((0.1, 0.2, 0.7), PROVENANCE, DATES),
        ((0.6, 0.3, 0.1), PROVENANCE, {}),
        ((0.6, 0.3, 0.1), PROVENANCE, {"s1": None}),
        ((1.0,), (), DATES),
    ],
)
def test_what_was_never_told_or_has_no_date_gets_none(shares, provenance, dates):
    assert told_at(attention(*shares), provenance, dates) is None


def test_the_newest_message_alone_gets_the_date():
    chat = [{"role": "user", "content": "Hi"}, {"role": "user", "content": "When was it?"}]
    dated = with_date(chat, "When was it?", attention(0.9, 0.1, 0.0), PROVENANCE, DATES)
    assert dated == [chat[0], {"role": "user", "content": "DATE: 8 May 2023\nWhen was it?"}]
    assert with_date(chat, "Hi", attention(0.9, 0.1, 0.0), PROVENANCE, DATES) == chat

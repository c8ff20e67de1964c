"""Statements of the training world and the corpus, each with its subject, for `calibrate.py`."""

from __future__ import annotations

import random
from dataclasses import dataclass

from corpus import facts_of

from lpm.benchmarks.synthetic.changing import (
    ADDITION_FRAMES,
    CHANGE_FRAMES,
    CHANGING,
    LISTED,
    framed,
)
from lpm.benchmarks.synthetic.life import FACT_IDS, Fact, draw_facts, draw_preferences
from lpm.benchmarks.synthetic.phrasings import fill, lower_first, second_person
from lpm.benchmarks.synthetic.phrasings_domains import DOMAINS
from lpm.benchmarks.synthetic.phrasings_frames import (
    ASKING,
    OPENERS,
    SHORT_REPLIES,
    THANKS,
)
from lpm.benchmarks.synthetic.story import first_unit, later_unit

ANSWERED_SHARE = 0.15
PLAIN_SHARE = 0.5
OPENER_SHARE = 0.4


@dataclass(frozen=True)
class Statement:
    """What is said, what it is about, and whether it takes an earlier value's place, if known.

    context: what was said right before it.
    """

    text: str
    subject: str
    replaces: bool | None
    context: str = ""


def statements(users: int, seed: int) -> list[Statement]:
    """Draw the statements of so many users: every fact and preference; and the corpus."""
    dice = random.Random(f"statements-{seed}")
    found: list[Statement] = []
    for _ in range(users):
        for fact in draw_facts("train", len(FACT_IDS), dice):
            key = fact.fact_type.key
            template = dice.choice(fact.fact_type.says("train"))
            if dice.random() < ANSWERED_SHARE:
                found.append(_answered(fact, dice))
            else:
                found.append(_said(template, fact.fields, fact.fact_id, key, dice))
        for preference in draw_preferences("train", len(DOMAINS), len(DOMAINS) // 2, dice):
            unit = (later_unit if preference.later else first_unit)(preference, "train", dice)
            found.append(Statement(unit[0].user, preference.fact_id, True))
    for name, records in facts_of(held_out=False).items():
        said = dice.sample(records[0].says, min(2, len(records[0].says)))
        found += [Statement(text, f"told.{name}", None) for text in said]
    return found


def _said(
    template: str, fields: dict[str, str], subject: str, key: str, dice: random.Random
) -> Statement:
    """Say a fact plainly, as a change or as an addition."""
    if key != "name" and dice.random() >= PLAIN_SHARE:
        replaces = dice.random() < 0.5
        frames = (CHANGE_FRAMES if replaces else ADDITION_FRAMES)["train"]
        text = framed(frames, template, fields, dice)
        return Statement(text, subject, replaces, dice.choice(THANKS["train"]))
    text = fill(template, **fields)
    if dice.random() < OPENER_SHARE:
        opener = dice.choice(OPENERS["train"])
        goes_on = opener.rstrip()[-1] in ",:"
        text = opener + fill(lower_first(template) if goes_on else template, **fields)
    return Statement(text, subject, _plain(key), dice.choice(THANKS["train"]))


def _answered(fact: Fact, dice: random.Random) -> Statement:
    """Tell a fact by a short answer, whose subject is in the question before it."""
    question = second_person(fill(dice.choice(fact.fact_type.asks("train")), **fact.fields))
    context = dice.choice(ASKING["train"]).format(ask=question)
    text = fill(dice.choice(SHORT_REPLIES["train"]), **fact.fields)
    return Statement(text, fact.fact_id, _plain(fact.fact_type.key), context)


def _plain(key: str) -> bool | None:
    """Say whether a plain statement of a kind of fact takes an earlier one's place, if known."""
    return True if key in CHANGING else False if key in LISTED else None

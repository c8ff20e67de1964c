"""Users made of sentences that were written by hand, for wordings that no generator has.

`told/*.jsonl` holds records: what is asked about (`fact`), statements that tell it (`says`), the
strings worth remembering and their roles (`holds`), and questions by answer (`asks`). Records
without a fact are small talk.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from lpm.benchmarks.synthetic import Label, SyntheticQuestion, SyntheticUser
from lpm.types import History, Session, Turn

FOLDER = Path(__file__).resolve().parent / "told"
FACTS_A_USER = 22
SMALL_TALK_A_USER = 14
SESSIONS_A_USER = 5
JOINED_SHARE = 0.25
HELD_OUT_EVERY = 12
# Seeds of generated users are smaller.
FIRST_SEED = 1_000_000
REPLIES = (
    "Noted.", "Thanks for telling me.", "I see.", "Good to know!", "How nice.", "Right.",
    "Oh, really?", "That makes sense.", "I will keep that in mind.", "Ha, lovely.",
    "And how do you feel about it?",
)  # fmt: skip


@dataclass(frozen=True)
class Record:
    """One line of the corpus; `asks` are (answer, questions)."""

    fact: str
    says: tuple[str, ...]
    holds: tuple[Label, ...]
    asks: tuple[tuple[str, tuple[str, ...]], ...]


@lru_cache
def records() -> tuple[Record, ...]:
    """Read the corpus, in the order of its files."""
    found = []
    for path in sorted(FOLDER.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            item = json.loads(line)
            found.append(
                Record(
                    item["fact"],
                    tuple(item["says"]),
                    tuple(Label(text, role) for text, role in item["holds"]),
                    tuple((ask["answer"], tuple(ask["questions"])) for ask in item["asks"]),
                )
            )
    return tuple(found)


@lru_cache
def facts_of(held_out: bool) -> dict[str, list[Record]]:
    """Return the records of each fact, of those that training users tell or of those held out."""
    facts: dict[str, list[Record]] = {}
    for record in records():
        if record.fact:
            facts.setdefault(record.fact, []).append(record)
    return {
        name: found
        for number, (name, found) in enumerate(facts.items())
        if (number % HELD_OUT_EVERY == 0) == held_out
    }


@lru_cache
def small_talk() -> list[str]:
    """Return what nobody needs to remember."""
    return [record.says[0] for record in records() if not record.fact]


def corpus_user(seed: int, *, held_out: bool = False) -> SyntheticUser:
    """Draw a user; `questions` ask what was told. The same seed gives the same user.

    held_out: of the facts that training users never tell.
    """
    dice = random.Random(f"told-{held_out}-{seed}")
    facts, talk = facts_of(held_out), small_talk()
    chosen = [dice.choice(facts[name]) for name in dice.sample(list(facts), FACTS_A_USER)]
    exchanges: list[tuple[str, Record | None]] = []
    exchanges += [(text, None) for text in dice.sample(talk, SMALL_TALK_A_USER)]
    for record in chosen:
        said = dice.choice(record.says)
        if dice.random() < JOINED_SHARE:
            said = " ".join(dice.sample([said, dice.choice(talk)], 2))
        exchanges.append((said, record))
    dice.shuffle(exchanges)
    return _assembled(f"told-{seed}", exchanges, dice)


def told_elsewhere(user: SyntheticUser, dice: random.Random, count: int) -> list[str]:
    """Return questions about what a user never told, half of them about something related."""
    told = {question.fact_id for question in user.questions}
    kinds = {fact.split(".")[0] for fact in told}
    others = [r for r in records() if r.fact and r.fact not in told]
    related = [r for r in others if r.fact.split(".")[0] in kinds]
    chosen = dice.sample(related, min(count // 2, len(related)))
    chosen += dice.sample(others, count - len(chosen))
    return [dice.choice(dice.choice(record.asks)[1]) for record in chosen]


def _assembled(
    user: str, exchanges: list[tuple[str, Record | None]], dice: random.Random
) -> SyntheticUser:
    labels: dict[tuple[str, int], tuple[Label, ...]] = {}
    questions: list[SyntheticQuestion] = []
    sessions, time = [], datetime(2023, 1, 5, 9)
    size = -(-len(exchanges) // SESSIONS_A_USER)
    for number, start in enumerate(range(0, len(exchanges), size), 1):
        turns: list[Turn] = []
        for said, record in exchanges[start : start + size]:
            place = (f"s{number}", len(turns))
            labels[place] = record.holds if record else ()
            questions += _questions(record, place) if record else []
            turns += [Turn("user", said), Turn("assistant", dice.choice(REPLIES))]
        sessions.append(Session(f"s{number}", tuple(turns), time))
        time += timedelta(days=dice.randint(3, 90))
    return SyntheticUser(user, "train", History(tuple(sessions)), (), tuple(questions), labels)


def _questions(record: Record, place: tuple[str, int]) -> list[SyntheticQuestion]:
    return [
        SyntheticQuestion("told", question, answer, (answer,), (), (place,), record.fact, "")
        for answer, asked in record.asks
        for question in asked
    ]

"""Users made of two friends' talks, from the corpus: turns name who speaks, questions name whom.

In the third person a question must find what *this* friend told, and what only the other one told
counts as never told.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from corpus import Record, facts_of, small_talk

from lpm.benchmarks.locomo.context import said_line
from lpm.benchmarks.synthetic import Label, SyntheticQuestion, SyntheticUser
from lpm.types import History, Session, Turn

FACTS_A_FRIEND = 13
SMALL_TALK = 14
SESSIONS = 5
NAMES = (
    "Agnes", "Bilal", "Carmen", "Dmitri", "Elif", "Farid", "Greta", "Hiro", "Imani", "Jorge",
    "Katya", "Liam", "Mina", "Noel", "Olga", "Pablo", "Ravi", "Sofia", "Tariq", "Ursula", "Viktor",
    "Wendy", "Yusuf", "Zoe", "Alan", "Brenda", "Colin", "Diana", "Edgar", "Fiona", "Gareth",
    "Helen", "Ivan", "Judith", "Kevin", "Laura", "Martin", "Nicole", "Oscar", "Paula", "Quentin",
    "Rita", "Simon", "Tamara", "Vera", "Walter", "Ximena", "Yolanda", "Patrick", "Megan",
)  # fmt: skip
_OWN = re.compile(r"\b(?:I|me|my|mine|myself)\b", re.IGNORECASE)
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+\b")
_PERSON: tuple[tuple[str, str], ...] = (
    (r"\b([Dd])o I\b", r"\1oes {name}"),
    (r"\b([Hh])ave I\b", r"\1as {name}"),
    (r"\bam I\b", "is {name}"),
    (r"\bAm I\b", "Is {name}"),
    (r"\bI(?:'m| am)\b", "{name} is"),
    (r"(?<!did )(?<!do )(?<!does )\bI(?:'ve| have)\b", "{name} has"),
    (r"\bI'd\b", "{name} would"),
    (r"\bI'll\b", "{name} will"),
    (
        r"(?<!did )(?<!do )(?<!can )(?<!could )(?<!should )(?<!would )(?<!will )\bI "
        r"(live|like|love|work|take|want|need|use|drink|eat|play|keep|own|drive|wear|prefer|call|"
        r"get|bring|sleep|read|sing|run|think|say|sit|put|cook|order|start|swim|spend|come)\b",
        r"{name} \1s",
    ),
    (r"\bI\b", "{name}"),
    (r"(?<![Rr]emind )(?<![Tt]ell )\b(?:[Mm]e|[Mm]yself)\b", "{name}"),
    (r"\b(?:[Mm]y|[Mm]ine)\b", "{name}'s"),
)


def dialogue_user(seed: int) -> SyntheticUser:
    """Draw two friends and what they tell each other; the same seed gives the same talks."""
    dice = random.Random(f"dialogue-{seed}")
    names = dice.sample(NAMES, 2)
    facts = facts_of(held_out=False)
    # Some subjects are told by both, so that a question has to tell the friends apart.
    shared = dice.sample(sorted(facts), 2 * FACTS_A_FRIEND - 6)
    sides = [shared[:FACTS_A_FRIEND], shared[FACTS_A_FRIEND - 6 :]]
    told = [
        (name, dice.choice(facts[fact]))
        for name, side in zip(names, sides, strict=True)
        for fact in side[:FACTS_A_FRIEND]
    ]
    lines: list[tuple[str, Record | None, str]] = [
        (name, record, dice.choice(record.says)) for name, record in told
    ]
    lines += [(dice.choice(names), None, text) for text in dice.sample(small_talk(), SMALL_TALK)]
    dice.shuffle(lines)
    return _assembled(f"dialogue-{seed}", lines, dice)


def told_by_the_other(user: SyntheticUser, dice: random.Random, count: int) -> list[str]:
    """Return questions that ask of one friend what only the other one told."""
    of: dict[str, set[str]] = {}
    for question in user.questions:
        of.setdefault(question.fact_id, set()).add(question.kind)
    names = sorted({question.kind for question in user.questions})
    alone = [q for q in user.questions if len(of[q.fact_id]) == 1 and q.kind in q.question]
    chosen = dice.sample(alone, min(count, len(alone)))
    other = {names[0]: names[-1], names[-1]: names[0]}
    return [q.question.replace(q.kind, other[q.kind]) for q in chosen]


def third_person(text: str, name: str, said: Sequence[str] = ()) -> str:
    """Return a text about `me`, or about a friend called by another name, as one about `name`.

    said: what was told; a name in it is somebody else's and stays.
    """
    if not _OWN.search(text):
        known = " ".join(said)
        others = [word for word in _NAME.findall(text) if word not in known]
        return text.replace(others[0], name) if others else text
    for pattern, change in _PERSON:
        text = re.sub(pattern, change.format(name=name), text)
    return text


def _assembled(
    user: str, lines: Sequence[tuple[str, Record | None, str]], dice: random.Random
) -> SyntheticUser:
    labels: dict[tuple[str, int], tuple[Label, ...]] = {}
    questions: list[SyntheticQuestion] = []
    sessions, time = [], datetime(2023, 1, 5, 9)
    size = -(-len(lines) // SESSIONS)
    for number, start in enumerate(range(0, len(lines), size), 1):
        turns: list[Turn] = []
        for name, record, text in lines[start : start + size]:
            place = (f"session_{number}", len(turns))
            # Who said it is kept with what was said.
            labels[place] = (Label(name, "now"), *record.holds) if record else ()
            questions += _questions(record, name, place) if record else []
            turns.append(Turn("user", said_line(name, text)))
        sessions.append(Session(f"session_{number}", tuple(turns), time))
        time += timedelta(days=dice.randint(3, 60))
    return SyntheticUser(user, "train", History(tuple(sessions)), (), tuple(questions), labels)


def _questions(record: Record, name: str, place: tuple[str, int]) -> list[SyntheticQuestion]:
    """Return the questions that say whom they are about; `kind` holds the name."""
    found = []
    for answer, asked in record.asks:
        for question in asked:
            text = third_person(question, name, record.says)
            if name in text:
                about = third_person(answer, name) if _OWN.search(answer) else answer
                found.append(
                    SyntheticQuestion(name, text, about, (answer,), (), (place,), record.fact, "")
                )
    return found

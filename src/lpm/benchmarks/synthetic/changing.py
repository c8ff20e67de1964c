"""Users some of whose facts change in a later session that does not name the old value.

Beside them the same users add to lists (a second hobby), where nothing is superseded.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from lpm.benchmarks.synthetic.chatter import Chatter
from lpm.benchmarks.synthetic.generator import (
    GeneratorConfig,
    Place,
    SyntheticUser,
    generate_user,
)
from lpm.benchmarks.synthetic.life import Fact, draw_facts
from lpm.benchmarks.synthetic.phrasings import fact_phrasings, fill, lower_first
from lpm.benchmarks.synthetic.phrasings_frames import THANKS
from lpm.benchmarks.synthetic.scoring import ALL_OF, SyntheticQuestion
from lpm.benchmarks.synthetic.story import Label
from lpm.benchmarks.synthetic.templates import Split
from lpm.benchmarks.synthetic.world import alternatives, article, draw_value
from lpm.types import Session, Turn

CHANGING = frozenset(
    {
        *("my_employer", "my_job", "my_city", "my_street", "my_flat_number", "rent", "parking"),
        *("locker", "bike_lock", "car", "phone", "flight", "doctor", "gym_day", "dentist_date"),
        *("colour", "flower", "dish", "city", "job", "employer"),
    }
)
"""Kinds of facts of which one value holds at a time and another may take its place."""
LISTED = frozenset(
    {
        *("my_hobby", "hobby", "my_language", "language", "instrument", "collection"),
        *("cat_name", "pet", "allergy", "dislike"),
    }
)
"""Kinds of facts of which several values may hold at once."""

CHANGE_FRAMES: dict[Split, tuple[str, ...]] = {
    "train": (
        "That has changed: {s}",
        "Things are different now: {s}",
        "This is new: {s}",
        "I've made a change: {s}",
        "Forget what I said before: {s}",
        "No longer as I told you: {s}",
        "Since last week it's another story: {s}",
        "A correction: {s}",
    ),
    "test": (
        "There's been a change on this front: {s}",
        "It's no longer what it was: {s}",
        "You'll have to update your notes: {s}",
    ),
}
ADDITION_FRAMES: dict[Split, tuple[str, ...]] = {
    "train": (
        "Another one: {s}",
        "There's a second one: {s}",
        "Besides the first one, which stays: {s}",
        "In addition to the other: {s}",
        "One is not enough for us: {s}",
        "Also, and as well as before: {s}",
        "Two of a kind: {s}",
    ),
    "test": (
        "That makes two: {s}",
        "On top of the one you know: {s}",
        "A further one joins it: {s}",
    ),
}
FORMER_FRAMES: dict[Split, tuple[str, ...]] = {
    "train": (
        "What was {topic} before that changed?",
        "Formerly, what was {topic}?",
    ),
    "test": (
        "What did {topic} use to be?",
        "Before the latest change, what was {topic}?",
    ),
}
_SESSIONS = 2
_CHATTER = 2
_PLAIN_SHARE = 0.5


@dataclass(frozen=True)
class ChangedUser:
    """A user with changes, and what to ask and to look for.

    user: whose `questions` are about all that did not change. present, former: what holds now and
    what held before of each change. listed: what was added to, where any of the values is right.
    changes, additions: (older turn, newer turn) of each.
    """

    user: SyntheticUser
    present: tuple[SyntheticQuestion, ...]
    former: tuple[SyntheticQuestion, ...]
    listed: tuple[SyntheticQuestion, ...]
    changes: tuple[tuple[Place, Place], ...]
    additions: tuple[tuple[Place, Place], ...]

    def one_of_two(self, older: Place, newer: Place) -> bool:
        """Say whether two turns tell values of one thing of which one holds at a time."""
        asked = (*self.user.questions, *self.present, *self.former, *self.listed)
        facts = facts_by_turn(asked)
        shared = facts.get(older, set()) & facts.get(newer, set())
        return bool(shared) and (older, newer) not in self.additions


@dataclass(frozen=True)
class _Later:
    """A fact told again with another value, and whether that takes the place of the first."""

    old: Fact
    new: Fact
    text: str
    replaces: bool


def changed_user(
    seed: int, split: Split, *, num_changes: int = 4, num_additions: int = 2
) -> ChangedUser:
    """Draw a user of `generate_user` and what they tell in later sessions.

    The same seed and split give the same user; a user has fewer changes where too few of the facts
    are of a kind that changes.
    """
    base = generate_user(seed, split)
    # The facts are the first that `generate_user` draws from this generator.
    facts = draw_facts(split, GeneratorConfig().num_facts, random.Random(f"{split}-{seed}"))
    rng = random.Random(f"changes-{split}-{seed}")
    taken = {fact.value for fact in facts}
    changing = [fact for fact in facts if fact.fact_type.key in CHANGING][:num_changes]
    adding = [fact for fact in facts if fact.fact_type.key in LISTED][:num_additions]
    later = [_later(fact, split, rng, taken, replaces=True) for fact in changing]
    later += [_later(fact, split, rng, taken, replaces=False) for fact in adding]
    sessions, labels, places = _told(base, later, split, rng)
    again = {item.old.fact_id for item in later}
    others = tuple(q for q in base.questions if q.fact_id not in again)
    before = {q.fact_id: q.evidence[0] for q in base.questions if q.fact_id in again}
    user = replace(
        base,
        history=replace(base.history, sessions=(*base.history.sessions, *sessions)),
        questions=others,
        turn_labels={**base.turn_labels, **labels},
    )
    pairs = [(before[item.old.fact_id], places[item.old.fact_id]) for item in later]
    changes, additions = pairs[: len(changing)], pairs[len(changing) :]
    return ChangedUser(
        user,
        tuple(q for item, at in zip(later, changes, strict=False) for q in _present(item, at)),
        tuple(
            q for item, at in zip(later, changes, strict=False) for q in _former(item, at, split)
        ),
        tuple(
            q
            for item, at in zip(later[len(changing) :], additions, strict=True)
            for q in _of_list(item, at)
        ),
        tuple(changes),
        tuple(additions),
    )


def framed(frames: Sequence[str], template: str, fields: dict[str, str], rng: random.Random) -> str:
    """Put a statement into one of the frames."""
    return rng.choice(frames).format(s=fill(lower_first(template), **fields))


def _later(
    old: Fact, split: Split, rng: random.Random, taken: set[str], *, replaces: bool
) -> _Later:
    value = draw_value(old.fact_type.pool, split, rng, taken)
    fields = {**old.fields, "v": value, "a": article(value)}
    accepted = (value, *alternatives(old.fact_type.pool, value))
    new = replace(old, value=value, fields=fields, accepted=accepted, labels=(value,))
    template = rng.choice(old.fact_type.says(split))
    text = fill(template, **fields)
    if rng.random() >= _PLAIN_SHARE:
        frames = CHANGE_FRAMES if replaces else ADDITION_FRAMES
        text = framed(frames[split], template, fields, rng)
    return _Later(old, new, text, replaces)


def _told(
    base: SyntheticUser, later: Sequence[_Later], split: Split, rng: random.Random
) -> tuple[list[Session], dict[Place, tuple[Label, ...]], dict[str, Place]]:
    chatter = Chatter(split, rng)
    sessions, labels, places = [], dict[Place, tuple[Label, ...]](), dict[str, Place]()
    last = base.history.sessions[-1].time
    for number in range(_SESSIONS):
        told: list[_Later | None] = [*later[number::_SESSIONS], *[None] * _CHATTER]
        rng.shuffle(told)
        name, turns = f"later{number + 1}", list[Turn]()
        for item in told:
            place = (name, len(turns))
            text, reply = (item.text, rng.choice(THANKS[split])) if item else chatter.draw()
            labels[place] = (Label(item.new.value, "now"),) if item else ()
            if item:
                places[item.old.fact_id] = place
            turns += [Turn("user", text), Turn("assistant", reply)]
        last = last and last + timedelta(days=rng.randint(20, 60))
        sessions.append(Session(name, tuple(turns), last))
    return sessions, labels, places


def _present(item: _Later, at: tuple[Place, Place]) -> list[SyntheticQuestion]:
    return [
        _question("present", fill(phrasing.template, **item.new.fields), item, at[1:], item.new)
        for phrasing in fact_phrasings(item.new.fact_type, "heldout")
    ]


def _former(item: _Later, at: tuple[Place, Place], split: Split) -> list[SyntheticQuestion]:
    topic = fill(item.old.fact_type.topic, **item.old.fields)
    return [
        _question("former", frame.format(topic=topic), item, at, item.old)
        for frame in FORMER_FRAMES[split]
    ]


def _of_list(item: _Later, at: tuple[Place, Place]) -> list[SyntheticQuestion]:
    return [
        _question("listed", fill(phrasing.template, **item.new.fields), item, at, None)
        for phrasing in fact_phrasings(item.new.fact_type, "heldout")
    ]


def _question(
    kind: str, text: str, item: _Later, evidence: tuple[Place, ...], right: Fact | None
) -> SyntheticQuestion:
    """Return a question; without one right fact both values are."""
    old, new = item.old, item.new
    wrong = tuple(fact.value for fact in (old, new) if right and fact is not right)
    accepted = right.accepted if right else (*old.accepted, *new.accepted)
    answer = right.value if right else f"{old.value}{ALL_OF}{new.value}"
    return SyntheticQuestion(kind, text, answer, accepted, wrong, evidence, old.fact_id, "")


def facts_by_turn(questions: Iterable[SyntheticQuestion]) -> dict[Place, set[str]]:
    """Return what each turn tells, of all that is asked."""
    facts: dict[Place, set[str]] = {}
    for question in questions:
        for place in question.evidence:
            facts.setdefault(place, set()).add(question.fact_id)
    return facts

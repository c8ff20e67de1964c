"""Tell a life as exchanges of a user with an assistant."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal, NamedTuple

from lpm.benchmarks.synthetic import phrasings_preferences as preferences
from lpm.benchmarks.synthetic.chatter import Chatter
from lpm.benchmarks.synthetic.life import Fact, Preference
from lpm.benchmarks.synthetic.phrasings import fill, lower_first, second_person
from lpm.benchmarks.synthetic.phrasings_frames import (
    ASKING,
    CLOSERS,
    JOINERS,
    OPENERS,
    SHORT_REPLIES,
    THANKS,
)
from lpm.benchmarks.synthetic.templates import Split

MAX_USER_WORDS = 40
_INDIRECT_SHARE = 0.2
_TWO_FACTS_SHARE = 0.3
_OPENER_SHARE = 0.45
_CLOSER_SHARE = 0.2
_OLD_VALUE_SHARE = 0.7
_TOKENS_PER_WORD = 1.3
_FILLER_EXCHANGES = 12
_LEAD_INS = ("When it", "As for", "Don't get", "Talking", "About", "A change", "Ask me", "These")


class Label(NamedTuple):
    """A string of a turn that is worth remembering: what holds now, what held before, or why."""

    text: str
    role: Literal["now", "before", "why"]


@dataclass(frozen=True)
class Exchange:
    """One user turn and the reply; `tells` names what the user turn is evidence of."""

    user: str
    assistant: str
    tells: tuple[str, ...] = ()
    labels: tuple[Label, ...] = ()


Unit = tuple[Exchange, ...]


def chatter_unit(chatter: Chatter) -> Unit:
    """Return one exchange with nothing to remember."""
    return (Exchange(*chatter.draw()),)


def fact_units(
    facts: tuple[Fact, ...], split: Split, rng: random.Random, chatter: Chatter
) -> list[Unit]:
    """Tell every fact once: alone, two in a turn, or as the answer to the assistant."""
    units: list[Unit] = []
    waiting = list(facts)
    while waiting:
        fact = waiting.pop()
        if rng.random() < _INDIRECT_SHARE:
            units.append(_answered(fact, split, rng, chatter))
        elif waiting and rng.random() < _TWO_FACTS_SHARE:
            units.append(_told((fact, waiting.pop()), split, rng))
        else:
            units.append(_told((fact,), split, rng))
    return units


def first_unit(preference: Preference, split: Split, rng: random.Random) -> Unit:
    """State a preference for the first time, with the reason for it."""
    value = preference.said(preference.value)
    template = rng.choice(preferences.STATED[split])
    text = _surrounded(template, _fields(preference, value), split, rng)
    labels = (Label(value, "now"), Label(preference.liking, "why"))
    return (_exchange(text, (f"{preference.fact_id}#first",), labels, split, rng),)


def later_unit(preference: Preference, split: Split, rng: random.Random) -> Unit:
    """State what a preference became and why; most often what it was, too."""
    if preference.later is None or preference.reason is None:
        raise ValueError(f"{preference.fact_id} has no update to tell")
    old, value = preference.said(preference.value), preference.said(preference.later)
    names_old = rng.random() < _OLD_VALUE_SHARE
    frames = preferences.CHANGED_FROM if names_old else preferences.CHANGED_TO
    fields = {**_fields(preference, value), "reason": preference.reason}
    text = _surrounded(rng.choice(frames[split]), fields, split, rng)
    former = (Label(old, "before"),) if names_old else ()
    labels = (*former, Label(value, "now"), Label(preference.reason, "why"))
    return (_exchange(text, (f"{preference.fact_id}#later",), labels, split, rng),)


def filler_bodies(tokens: int, chatter: Chatter) -> list[list[Unit]]:
    """Return sessions of chatter of about so many tokens in all, at 1.3 tokens a word."""
    bodies: list[list[Unit]] = []
    words = 0
    while words * _TOKENS_PER_WORD < tokens:
        body: list[Unit] = []
        while len(body) < _FILLER_EXCHANGES and words * _TOKENS_PER_WORD < tokens:
            body.append(chatter_unit(chatter))
            words += sum(len(f"{part.user} {part.assistant}".split()) for part in body[-1])
        bodies.append(body)
    return bodies


def _fields(preference: Preference, value: str) -> dict[str, str]:
    domain, old = preference.domain, preference.said(preference.value)
    return {
        "f": value,
        "old": old,
        "habit": domain.habit.format(f=value),
        "habit_ing": domain.habit_ing.format(f=value),
        "old_habit": domain.habit.format(f=old),
        "old_habit_ing": domain.habit_ing.format(f=old),
        "topic": domain.topic,
        "liking": preference.liking,
    }


def _told(facts: tuple[Fact, ...], split: Split, rng: random.Random) -> Unit:
    text = ""
    for fact in facts:
        template = rng.choice(fact.fact_type.says(split))
        if not text:
            text = _surrounded(template, fact.fields, split, rng, may_close=len(facts) == 1)
            continue
        joiner = rng.choice(JOINERS[split])
        text += joiner + fill(lower_first(template) if joiner.strip() else template, **fact.fields)
    if len(facts) > 1 and len(text.split()) > MAX_USER_WORDS:
        return _told(facts[:1], split, rng) + _told(facts[1:], split, rng)
    labels = tuple(Label(text, "now") for fact in facts for text in fact.labels)
    return (_exchange(text, tuple(fact.fact_id for fact in facts), labels, split, rng),)


def _answered(fact: Fact, split: Split, rng: random.Random, chatter: Chatter) -> Unit:
    ask = fact.fact_type.asks("train" if split == "train" else "practice")[0]
    question = second_person(fill(ask, **fact.fields))
    lead, reply = chatter.draw()
    reply = f"{reply} {rng.choice(ASKING[split]).format(ask=question)}"
    answer = fill(rng.choice(SHORT_REPLIES[split]), **fact.fields)
    value = (Label(fact.value, "now"),)
    return (Exchange(lead, reply), _exchange(answer, (fact.fact_id,), value, split, rng))


def _surrounded(
    template: str,
    fields: dict[str, str],
    split: Split,
    rng: random.Random,
    may_close: bool = True,
) -> str:
    text = fill(template, **fields)
    has_lead_in = template.startswith(_LEAD_INS)
    if not has_lead_in and rng.random() < _OPENER_SHARE:
        opener = rng.choice(OPENERS[split])
        goes_on = opener.rstrip()[-1] in ",:"
        text = opener + fill(lower_first(template) if goes_on else template, **fields)
    if may_close and rng.random() < _CLOSER_SHARE:
        closer = rng.choice(CLOSERS[split])[0]
        if len(f"{text} {closer}".split()) <= MAX_USER_WORDS:
            text = f"{text} {closer}"
    return text


def _exchange(
    text: str, tells: tuple[str, ...], labels: tuple[Label, ...], split: Split, rng: random.Random
) -> Exchange:
    replies = dict(CLOSERS[split])
    asked = next((closer for closer in replies if text.endswith(closer)), None)
    assistant = replies[asked] if asked else rng.choice(THANKS[split])
    written = (Label(_as_written(label.text, text), label.role) for label in labels)
    return Exchange(text, assistant, tells, tuple(written))


def _as_written(label: str, text: str) -> str:
    start = text.lower().index(label.lower())
    return text[start : start + len(label)]

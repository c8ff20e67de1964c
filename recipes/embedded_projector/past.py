"""Questions about what held before, and the same about what holds now, for `calibrate.py`."""

from __future__ import annotations

import random
from dataclasses import dataclass

from corpus import facts_of

from lpm.benchmarks.synthetic.life import FACT_IDS, Fact, draw_facts
from lpm.benchmarks.synthetic.phrasings import fact_phrasings, fill

TOPIC_FRAMES = (
    "What was {topic} before that changed?",
    "Formerly, what was {topic}?",
    "What was {topic} in the past?",
    "What was {topic} previously?",
    "What was {topic} originally?",
    "What had I told you first about {topic}?",
    "What did {topic} change from?",
    "Which came before the present one, when it comes to {topic}?",
    "Not the current one: what was {topic} until recently?",
    "The previous version of {topic}, please.",
    "I used to have something else as {topic}. What?",
    "What used to be {topic}?",
    "Tell me the former answer about {topic}.",
    "What did I have down as {topic} earlier?",
    "Once upon a time, what was {topic}?",
    "What was {topic} prior to now?",
    "{Topic} used to be different. What was it?",
    "{Topic} has changed. What did it replace?",
    "And {topic} back then?",
    "What stood there in your old notes about {topic}?",
    "Didn't {topic} use to be something else? What?",
    "What did I give up when {topic} changed?",
    "What was the old answer about {topic}?",
)
CLAUSE_FRAMES = (
    "Before the last change, {clause}?",
    "Do you remember {clause} before it changed?",
    "Please remind me {clause} back then.",
    "I mean earlier, not now: {clause}?",
    "I keep forgetting {clause} in the old days.",
    "Any idea {clause} before?",
    "Could you look up {clause} previously?",
    "In former times, {clause}?",
)
PRESENT_TOPIC_FRAMES = (
    "What have I told you so far about {topic}?",
    "Looking back at our past talks, what is {topic}?",
    "What do your notes say about {topic}?",
    "What is {topic} these days?",
    "What did I say last about {topic}?",
    "{Topic} has changed, hasn't it? What is it now?",
)
PAST_FRAMES = (
    "Before that changed: {q}",
    "Formerly: {q}",
    "In the past, not today: {q}",
    "Asking about the old days: {q}",
    "Earlier on: {q}",
    "Previously: {q}",
    "{q} I mean before the last change.",
    "{q} Back then, not now.",
    "{q} The previous one, please.",
    "{q} The old one, I mean.",
    "{q} Before I changed it.",
    "{q} Until recently, that is.",
    "{q} What it used to be, not what it is.",
    "{q} The one from before.",
)
PRESENT_FRAMES = (
    "Quick question: {q}",
    "{q} Thanks.",
    "{q} As of today, please.",
    "Right now: {q}",
    "{q} The current one, I mean.",
    "Just wondering: {q}",
    "{q} It has changed, so the latest, please.",
    "After the change: {q}",
    "My sister is asking: {q}",
    "{q} You should know by now.",
    "I told you earlier. {q}",
    "From what I said before: {q}",
    "Going by our first chats and all later ones: {q}",
    "In an earlier conversation it came up: {q}",
    "Look through our old messages: {q}",
    "You heard it last month. {q}",
    "As you learnt when we first met: {q}",
    "Complete this for me. {q}",
)
PLAIN_SHARE = 0.5
FRAMED_SHARE = 0.3
CORPUS_QUESTIONS = 1500


@dataclass(frozen=True)
class Asked:
    """A question, and whether it asks for what held before."""

    text: str
    past: bool


def questions(users: int, seed: int) -> list[Asked]:
    """Draw questions about all facts of so many users, half of them about the past, and others."""
    dice = random.Random(f"past-{seed}")
    found: list[Asked] = []
    for _ in range(users):
        for fact in draw_facts("train", len(FACT_IDS), dice):
            plain = fill(
                dice.choice(fact_phrasings(fact.fact_type, "train")).template, **fact.fields
            )
            frame = dice.choice((*TOPIC_FRAMES, *CLAUSE_FRAMES, *PAST_FRAMES))
            found += [Asked(_filled(frame, fact, plain), True), _present(plain, dice)]
            if dice.random() < FRAMED_SHARE:
                frame = dice.choice(PRESENT_TOPIC_FRAMES)
                found.append(Asked(_filled(frame, fact, plain), False))
    told = [
        question
        for records in facts_of(held_out=False).values()
        for _, asked in records[0].asks
        for question in asked
    ]
    for question in dice.sample(told, CORPUS_QUESTIONS):
        if dice.random() < FRAMED_SHARE:
            found.append(Asked(dice.choice(PAST_FRAMES).format(q=question), True))
        else:
            found.append(_present(question, dice))
    return found


def _filled(frame: str, fact: Fact, plain: str) -> str:
    topic = fill(fact.fact_type.topic, **fact.fields)
    clause = fill(fact.fact_type.clause, **fact.fields)
    return fill(frame, q=plain, topic=topic, clause=clause)


def _present(question: str, dice: random.Random) -> Asked:
    framed = dice.random() >= PLAIN_SHARE
    return Asked(dice.choice(PRESENT_FRAMES).format(q=question) if framed else question, False)

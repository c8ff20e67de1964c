"""Every wording of the generator by family and set: questions, statements and their filling."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lpm.benchmarks.synthetic import phrasings_preferences as preferences
from lpm.benchmarks.synthetic.phrasings_belongings import BELONGING_FACTS
from lpm.benchmarks.synthetic.phrasings_body import BODY_FACTS
from lpm.benchmarks.synthetic.phrasings_frames import CLAUSE_FRAMES, TOPIC_FRAMES
from lpm.benchmarks.synthetic.phrasings_home import HOME_FACTS
from lpm.benchmarks.synthetic.phrasings_mind import MIND_FACTS
from lpm.benchmarks.synthetic.templates import Domain, FactType, QuestionSet

OWN_FACTS: tuple[FactType, ...] = HOME_FACTS + BELONGING_FACTS + BODY_FACTS + MIND_FACTS
PREFERENCE_FRAMES: dict[str, dict[QuestionSet, tuple[str, ...]]] = {
    "recall_user_shared_facts": preferences.LATEST,
    "track_full_preference_evolution": preferences.EVOLUTION,
    "recalling_the_reasons_behind_previous_updates": preferences.REASONS,
    "suggest_new_ideas": preferences.SUGGEST,
}
_SECOND_PERSON = (
    (r"\b([Aa])m I\b", r"\1re you"),
    (r"\b([Ww])as I\b", r"\1ere you"),
    (r"\bI was\b", "you were"),
    (r"\bI'm\b", "you're"),
    (r"\bI\b", "you"),
    (r"\bmy\b", "your"),
    (r"\bMy\b", "Your"),
    (r"\b(?:me)\b", "you"),
    (r"\bour\b", "your"),
    (r"\bOur\b", "Your"),
    (r"\bmine\b", "yours"),
)


@dataclass(frozen=True)
class Phrasing:
    """A question template with the name it is told apart by."""

    phrasing_id: str
    template: str


def fact_phrasings(fact: FactType, question_set: QuestionSet) -> tuple[Phrasing, ...]:
    """Return the questions for a kind of fact: its own wordings, then the shared frames."""
    templates = (
        *fact.asks(question_set),
        *(frame.replace("{clause}", fact.clause) for frame in CLAUSE_FRAMES[question_set]),
        *(frame.replace("{topic}", fact.topic) for frame in TOPIC_FRAMES[question_set]),
    )
    return _numbered(f"fact.{fact.key}", question_set, templates)


def preference_phrasings(
    domain: Domain, kind: str, question_set: QuestionSet
) -> tuple[Phrasing, ...]:
    """Return the questions of one kind for a preference; `{f}` and `{old}` are left to fill."""
    if kind == "generalizing_to_new_scenarios":
        frames: tuple[str, ...] = tuple(
            tail.replace("{scene}", scene)
            for scene in domain.scenes[question_set]
            for tail in preferences.SCENE_TAILS[question_set]
        )
    elif kind == "provide_preference_aligned_recommendations":
        frames = tuple(
            frame.replace("{occasion}", occasion)
            for occasion in domain.occasions[question_set]
            for frame in preferences.OCCASION_FRAMES[question_set]
        )
    else:
        frames = PREFERENCE_FRAMES[kind][question_set]
    words = {
        "{thing}": domain.thing,
        "{some}": domain.some,
        "{favourite}": domain.favourite,
        "{clause}": domain.clause,
        "{topic}": domain.topic,
    }
    filled = []
    for frame in frames:
        for field, word in words.items():
            frame = frame.replace(field, word)
        filled.append(frame)
    return _numbered(f"{kind}.{domain.key}", question_set, tuple(filled))


def fill(template: str, **fields: str) -> str:
    """Fill a template; a field with a capital first letter starts with a capital."""
    capitals = {_capital(name): _capital(value) for name, value in fields.items()}
    return template.format(**fields, **capitals)


def lower_first(template: str) -> str:
    """Make a statement template fit to follow a comma or colon."""
    if template.startswith("{"):
        return "{" + template[1].lower() + template[2:]
    if re.match(r"I\b", template):
        return template
    return template[0].lower() + template[1:]


def second_person(text: str) -> str:
    """Turn what a user says of themselves into what is said to them."""
    for pattern, replacement in _SECOND_PERSON:
        text = re.sub(pattern, replacement, text)
    return _capital(text) if text[:1].isalpha() else text


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _numbered(
    family: str, question_set: QuestionSet, templates: tuple[str, ...]
) -> tuple[Phrasing, ...]:
    return tuple(
        Phrasing(f"{family}/{question_set}/{index}", template)
        for index, template in enumerate(templates)
    )

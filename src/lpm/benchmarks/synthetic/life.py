"""Draw one user's life: the facts and preferences that their history tells."""

from __future__ import annotations

import random
from dataclasses import dataclass

from lpm.benchmarks.synthetic.phrasings import OWN_FACTS, fill
from lpm.benchmarks.synthetic.phrasings_domains import DOMAINS
from lpm.benchmarks.synthetic.phrasings_relations import ATTRIBUTES, RELATIONS
from lpm.benchmarks.synthetic.scoring import occurs
from lpm.benchmarks.synthetic.templates import Domain, FactType, Relation, Split
from lpm.benchmarks.synthetic.world import (
    GENERAL_CHANGES,
    PREFERENCES,
    alternatives,
    article,
    draw_first_name,
    draw_value,
)

_NAMED_SHARE = 0.35
_OWN_SHARE = 0.5
_MAX_ANSWER_WORDS = 6
_PRONOUNS = {
    "female": {"she": "she", "her": "her", "self": "herself"},
    "male": {"she": "he", "her": "his", "self": "himself"},
}
_ATTRIBUTES = {fact.key: fact for fact in ATTRIBUTES}

FACT_IDS: tuple[str, ...] = (
    *(fact.key for fact in OWN_FACTS),
    *(f"{relation.key}.{key}" for relation in RELATIONS for key in relation.attributes),
)
"""Every kind of static fact that a user may tell."""


@dataclass(frozen=True)
class Fact:
    """A static fact: what its templates are filled with and which answers are right."""

    fact_id: str
    fact_type: FactType
    value: str
    fields: dict[str, str]
    accepted: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Preference:
    """A preference with the reason for it and, where it changed, what it became and why."""

    fact_id: str
    domain: Domain
    value: str
    liking: str
    later: str | None
    reason: str | None
    reason_key: str | None
    kindred: tuple[str, ...]

    @property
    def latest(self) -> str:
        """Return the value that holds at the end of the history."""
        return self.later or self.value

    def said(self, value: str) -> str:
        """Return a value as people say it in this domain."""
        return self.domain.full.format(v=value)


def draw_facts(split: Split, count: int, rng: random.Random) -> tuple[Fact, ...]:
    """Draw static facts of different kinds, about half of them about the user."""
    num_own = min(round(count * _OWN_SHARE), len(OWN_FACTS))
    pairs = [(relation, key) for relation in RELATIONS for key in relation.attributes]
    num_related = count - num_own
    if num_related > len(pairs):
        num_own, num_related = count - len(pairs), len(pairs)
    chosen = rng.sample(pairs, num_related)
    taken: set[str] = set()
    facts = [_own_fact(fact, split, rng, taken) for fact in rng.sample(OWN_FACTS, num_own)]
    for relation in RELATIONS:
        keys = [key for owner, key in chosen if owner is relation]
        if keys:
            facts.extend(_relation_facts(relation, keys, split, rng, taken))
    rng.shuffle(facts)
    return tuple(facts)


def draw_preferences(
    split: Split, count: int, num_updates: int, rng: random.Random
) -> tuple[Preference, ...]:
    """Draw preferences in different domains; the first `num_updates` of them change later."""
    domains = rng.sample(DOMAINS, count)
    return tuple(
        _preference(domain, split, index < num_updates, rng) for index, domain in enumerate(domains)
    )


def _own_fact(fact: FactType, split: Split, rng: random.Random, taken: set[str]) -> Fact:
    value = draw_value(fact.pool, split, rng, taken)
    return _fact(fact.key, fact, value, {}, ())


def _relation_facts(
    relation: Relation, keys: list[str], split: Split, rng: random.Random, taken: set[str]
) -> list[Fact]:
    gender: str = relation.gender or rng.choice(["female", "male"])
    name = draw_first_name(gender, split, rng, taken)
    person = f"my {relation.noun}"
    facts = []
    for key in keys:
        fact = _ATTRIBUTES[key]
        value = name if key == "name" else draw_value(fact.pool, split, rng, taken)
        named = key != "name" and "name" not in keys and rng.random() < _NAMED_SHARE
        who = f"{person} {name}" if named else person
        fields = {"r": person, "who": who, **_PRONOUNS[gender]}
        labels = (name,) if named else ()
        facts.append(_fact(f"{relation.key}.{key}", fact, value, fields, labels))
    return facts


def _fact(
    fact_id: str, fact: FactType, value: str, fields: dict[str, str], labels: tuple[str, ...]
) -> Fact:
    named_fields = {"v": value, "a": article(value), **fields}
    return Fact(
        fact_id=fact_id,
        fact_type=fact,
        value=value,
        fields={**named_fields, "short": fill(fact.short, **named_fields)},
        accepted=(value, *alternatives(fact.pool, value)),
        labels=(value, *labels),
    )


def _preference(domain: Domain, split: Split, updated: bool, rng: random.Random) -> Preference:
    values = PREFERENCES[split][domain.key]
    first_group, later_group = rng.sample(values.clusters, 2)
    value, later = rng.choice(first_group), rng.choice(later_group)
    while updated and _clash(domain, value, later):
        first_group, later_group = rng.sample(values.clusters, 2)
        value, later = rng.choice(first_group), rng.choice(later_group)
    group, latest = (later_group, later) if updated else (first_group, value)
    bracketed = rng.choice((*values.changes, *GENERAL_CHANGES[split]))
    return Preference(
        fact_id=f"preference.{domain.key}",
        domain=domain,
        value=value,
        liking=rng.choice(values.likings),
        later=later if updated else None,
        reason=bracketed.replace("[", "").replace("]", "") if updated else None,
        reason_key=bracketed[bracketed.index("[") + 1 : bracketed.index("]")] if updated else None,
        kindred=tuple(other for other in group if other != latest),
    )


def _clash(domain: Domain, value: str, later: str) -> bool:
    answer = f"{domain.full.format(v=value)}, then {domain.full.format(v=later)}"
    too_long = len(answer.split()) > _MAX_ANSWER_WORDS
    return too_long or occurs(value, later) or occurs(later, value)

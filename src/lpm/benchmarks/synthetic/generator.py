"""Generate synthetic users: a dated history, questions to practise on and questions to score."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from lpm.benchmarks.synthetic.chatter import Chatter
from lpm.benchmarks.synthetic.life import (
    FACT_IDS,
    Fact,
    Preference,
    draw_facts,
    draw_preferences,
)
from lpm.benchmarks.synthetic.phrasings import (
    Phrasing,
    fact_phrasings,
    fill,
    preference_phrasings,
    second_person,
)
from lpm.benchmarks.synthetic.phrasings_domains import DOMAINS
from lpm.benchmarks.synthetic.scoring import ALL_OF, SyntheticQuestion
from lpm.benchmarks.synthetic.story import (
    Label,
    Unit,
    chatter_unit,
    fact_units,
    filler_bodies,
    first_unit,
    later_unit,
)
from lpm.benchmarks.synthetic.templates import SPLITS, QuestionSet, Split
from lpm.errors import ConfigError
from lpm.types import History, Session, Turn

Place = tuple[str, int]

_TRAIN_PRACTICE = 4
_TEST_PRACTICE = 8
_QUESTIONS = 2


@dataclass(frozen=True)
class GeneratorConfig:
    """How much a synthetic user tells.

    `num_facts` counts static facts, `num_preferences` preferences, of which `num_updates` change
    in a later session. `chatter_turns_per_session` counts user turns with nothing to remember;
    `filler_tokens` adds whole sessions of them, of about that many tokens at 1.3 a word.
    """

    num_sessions: int = 6
    num_facts: int = 14
    num_preferences: int = 4
    num_updates: int = 2
    chatter_turns_per_session: int = 2
    filler_tokens: int = 0

    def __post_init__(self) -> None:
        """Raise ConfigError if a number is not an int or out of range."""
        limits = {
            "num_sessions": (2 if self.num_updates else 1, 1000),
            "num_facts": (0, len(FACT_IDS)),
            "num_preferences": (0, len(DOMAINS)),
            "num_updates": (0, self.num_preferences),
            "chatter_turns_per_session": (1, 1000),
            "filler_tokens": (0, 10_000_000),
        }
        for field in fields(self):
            value, (low, high) = getattr(self, field.name), limits[field.name]
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise ConfigError(
                    f"`{field.name}` must be a whole number from {low} to {high}, not {value!r}."
                )


@dataclass(frozen=True)
class SyntheticUser:
    """A user with a history, and questions whose answers it holds.

    `practice` and `questions` never share a wording. `turn_labels` names, for every user turn, the
    strings in it that are worth remembering and their roles; chatter has none.
    """

    user_id: str
    split: str
    history: History
    practice: tuple[SyntheticQuestion, ...]
    questions: tuple[SyntheticQuestion, ...]
    turn_labels: dict[Place, tuple[Label, ...]]


def generate_user(seed: int, split: Split, config: GeneratorConfig | None = None) -> SyntheticUser:
    """Generate one user; the same seed, split and config give the same user.

    The train and test splits share no value, no wording of a statement and no wording of a
    question, save for numbers, dates and weekdays. Raises ConfigError for another split.
    """
    if split not in SPLITS:
        raise ConfigError(f"`split` must be 'train' or 'test', not {split!r}.")
    config = config or GeneratorConfig()
    rng = random.Random(f"{split}-{seed}")
    facts = draw_facts(split, config.num_facts, rng)
    preferences = draw_preferences(split, config.num_preferences, config.num_updates, rng)
    bodies = _bodies(facts, preferences, split, config, rng)
    history, labels, evidence = _assemble(bodies, rng)
    practice: list[SyntheticQuestion] = []
    questions: list[SyntheticQuestion] = []
    wordings = _Wordings(split, rng)
    for subject, values, model in _subjects(facts, preferences, evidence):
        for_practice, for_questions = wordings.of(subject, model.kind)
        practice.extend(_ask(phrasing, values, model) for phrasing in for_practice)
        questions.extend(_ask(phrasing, values, model) for phrasing in for_questions)
    user_id = f"{split}-{seed}"
    return SyntheticUser(user_id, split, history, tuple(practice), tuple(questions), labels)


def _bodies(
    facts: tuple[Fact, ...],
    preferences: tuple[Preference, ...],
    split: Split,
    config: GeneratorConfig,
    rng: random.Random,
) -> list[list[Unit]]:
    chatter = Chatter(split, rng)
    bodies: list[list[Unit]] = [
        [chatter_unit(chatter) for _ in range(config.chatter_turns_per_session)]
        for _ in range(config.num_sessions)
    ]
    for unit in fact_units(facts, split, rng, chatter):
        rng.choice(bodies).append(unit)
    for preference in preferences:
        if preference.later is None:
            rng.choice(bodies).append(first_unit(preference, split, rng))
            continue
        first, later = sorted(rng.sample(range(config.num_sessions), 2))
        bodies[first].append(first_unit(preference, split, rng))
        bodies[later].append(later_unit(preference, split, rng))
    for body in bodies:
        rng.shuffle(body)
    for filler in filler_bodies(config.filler_tokens, chatter):
        bodies.insert(rng.randint(0, len(bodies)), filler)
    return bodies


def _assemble(
    bodies: list[list[Unit]], rng: random.Random
) -> tuple[History, dict[Place, tuple[Label, ...]], dict[str, Place]]:
    labels: dict[Place, tuple[Label, ...]] = {}
    evidence: dict[str, Place] = {}
    sessions = []
    for number, (body, time) in enumerate(zip(bodies, _times(len(bodies), rng), strict=True), 1):
        session_id, turns = f"s{number}", list[Turn]()
        for exchange in (part for unit in body for part in unit):
            place = (session_id, len(turns))
            labels[place] = exchange.labels
            evidence.update(dict.fromkeys(exchange.tells, place))
            turns += [Turn("user", exchange.user), Turn("assistant", exchange.assistant)]
        sessions.append(Session(session_id, tuple(turns), time))
    return History(tuple(sessions)), labels, evidence


def _times(count: int, rng: random.Random) -> list[datetime]:
    """Return ascending times over one to two years, all between 7:00 and 22:59."""
    span_days = rng.randint(400, 700)
    gaps = [rng.uniform(0.5, 1.5) for _ in range(count)]
    scale = span_days / sum(gaps)
    start = datetime(2022, 1, 1) + timedelta(days=rng.randint(0, 700))
    times, day = list[datetime](), rng.random()
    for gap in gaps:
        # A day's fraction becomes a waking hour, so many sessions on one day stay in order.
        minute = 7 * 60 + int(day % 1 * 16 * 60)
        times.append(start + timedelta(days=int(day), minutes=minute))
        day += gap * scale
    return times


class _Wordings:
    """Choose once for a user which wordings of a family are practised and which are asked."""

    def __init__(self, split: Split, rng: random.Random) -> None:
        self.split = split
        self.rng = rng
        self.chosen: dict[str, tuple[list[Phrasing], list[Phrasing]]] = {}

    def of(self, subject: Fact | Preference, kind: str) -> tuple[list[Phrasing], list[Phrasing]]:
        """Return the wordings to practise and the wordings to score."""
        if isinstance(subject, Fact):
            key = subject.fact_type.key
        else:
            key = f"{kind}.{subject.domain.key}"
        if key not in self.chosen:
            self.chosen[key] = self._choose(subject, kind)
        return self.chosen[key]

    def _choose(
        self, subject: Fact | Preference, kind: str
    ) -> tuple[list[Phrasing], list[Phrasing]]:
        if self.split == "train":
            pool = self._drawn(subject, kind, "train", _TRAIN_PRACTICE + _QUESTIONS)
            return pool[:_TRAIN_PRACTICE], pool[_TRAIN_PRACTICE:]
        return (
            self._drawn(subject, kind, "practice", _TEST_PRACTICE),
            self._drawn(subject, kind, "heldout", _QUESTIONS),
        )

    def _drawn(
        self, subject: Fact | Preference, kind: str, question_set: QuestionSet, count: int
    ) -> list[Phrasing]:
        if isinstance(subject, Fact):
            phrasings = fact_phrasings(subject.fact_type, question_set)
        else:
            phrasings = preference_phrasings(subject.domain, kind, question_set)
        return self.rng.sample(phrasings, count)


def _subjects(
    facts: tuple[Fact, ...], preferences: tuple[Preference, ...], evidence: dict[str, Place]
) -> Iterator[tuple[Fact | Preference, dict[str, str], SyntheticQuestion]]:
    """Yield what is asked about, the fields of its templates and a question without wording."""
    for fact in facts:
        yield (
            fact,
            fact.fields,
            _model(
                "recalling_facts_mentioned_by_the_user",
                fact.fact_id,
                fact.accepted,
                (evidence[fact.fact_id],),
            ),
        )
    for preference in preferences:
        said = {"f": preference.said(preference.latest), "old": preference.said(preference.value)}
        for model in _preference_models(preference, evidence):
            yield preference, said, model


def _preference_models(
    preference: Preference, evidence: dict[str, Place]
) -> Iterator[SyntheticQuestion]:
    fact_id, said = preference.fact_id, preference.said
    first = (evidence[f"{fact_id}#first"],)
    updated = preference.later is not None
    last = (evidence[f"{fact_id}#later"],) if updated else first
    latest = (said(preference.latest), preference.latest)
    rejected = (preference.value,) if updated else ()
    for kind in (
        "recall_user_shared_facts",
        "generalizing_to_new_scenarios",
        "provide_preference_aligned_recommendations",
    ):
        yield _model(kind, fact_id, latest, last, rejected)
    kindred = tuple(text for other in preference.kindred for text in (said(other), other))
    yield _model("suggest_new_ideas", fact_id, kindred, last)
    if preference.reason and preference.reason_key:
        both = f"{preference.value}{ALL_OF}{preference.latest}"
        answer = f"{said(preference.value)}, then {said(preference.latest)}"
        yield _model("track_full_preference_evolution", fact_id, (answer, both), first + last)
        reasons = (preference.reason, second_person(preference.reason), preference.reason_key)
        kind = "recalling_the_reasons_behind_previous_updates"
        yield _model(kind, fact_id, reasons, last)


def _model(
    kind: str,
    fact_id: str,
    accepted: tuple[str, ...],
    evidence: tuple[Place, ...],
    rejected: tuple[str, ...] = (),
) -> SyntheticQuestion:
    unique = tuple(dict.fromkeys(accepted))
    return SyntheticQuestion(kind, "", unique[0], unique, rejected, evidence, fact_id, "")


def _ask(phrasing: Phrasing, values: dict[str, str], model: SyntheticQuestion) -> SyntheticQuestion:
    return SyntheticQuestion(
        kind=model.kind,
        question=fill(phrasing.template, **values),
        answer=model.answer,
        accepted=model.accepted,
        rejected=model.rejected,
        evidence=model.evidence,
        fact_id=model.fact_id,
        phrasing_id=phrasing.phrasing_id,
    )

"""What the synthetic benchmark promises: honest gold answers, disjoint splits and wordings."""

from __future__ import annotations

import random
import re
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

import pytest

from lpm.benchmarks.synthetic import (
    KINDS,
    GeneratorConfig,
    SyntheticQuestion,
    SyntheticUser,
    generate_user,
    is_right,
)
from lpm.benchmarks.synthetic import phrasings_preferences as preference_frames
from lpm.benchmarks.synthetic.chatter import fixed_lines
from lpm.benchmarks.synthetic.life import FACT_IDS
from lpm.benchmarks.synthetic.phrasings import (
    OWN_FACTS,
    PREFERENCE_FRAMES,
    fact_phrasings,
    preference_phrasings,
)
from lpm.benchmarks.synthetic.phrasings_domains import DOMAINS
from lpm.benchmarks.synthetic.phrasings_frames import (
    ASKING,
    CLOSERS,
    OPENERS,
    SHORT_REPLIES,
    THANKS,
)
from lpm.benchmarks.synthetic.phrasings_relations import ATTRIBUTES
from lpm.benchmarks.synthetic.scoring import normalise, occurs
from lpm.benchmarks.synthetic.templates import QUESTION_SETS, SPLITS, QuestionSet, Split
from lpm.benchmarks.synthetic.world import (
    _COMPOSED,
    FIRST_NAMES,
    GENERAL_CHANGES,
    POOLS,
    PREFERENCES,
    SURNAMES,
    article,
)
from lpm.errors import ConfigError

FACTS = (*OWN_FACTS, *ATTRIBUTES)
PREFERENCE_KINDS = KINDS[:6]
VERBATIM_KINDS = (
    "recall_user_shared_facts",
    "recalling_facts_mentioned_by_the_user",
    "recalling_the_reasons_behind_previous_updates",
    "generalizing_to_new_scenarios",
    "provide_preference_aligned_recommendations",
)


@pytest.fixture(scope="module")
def users() -> tuple[SyntheticUser, ...]:
    return tuple(generate_user(seed, split) for split in SPLITS for seed in range(30))


def turn_text(user: SyntheticUser, place: tuple[str, int]) -> str:
    session = next(s for s in user.history.sessions if s.session_id == place[0])
    assert session.turns[place[1]].role == "user"
    return session.turns[place[1]].content


def question(accepted: tuple[str, ...], rejected: tuple[str, ...] = ()) -> SyntheticQuestion:
    return SyntheticQuestion(KINDS[0], "?", accepted[0], accepted, rejected, (), "f", "p")


def question_templates(question_set: QuestionSet) -> Iterator[tuple[str, tuple[str, ...]]]:
    for fact in FACTS:
        found = fact_phrasings(fact, question_set)
        yield fact.key, tuple(phrasing.template for phrasing in found)
    for domain in DOMAINS:
        for kind in PREFERENCE_KINDS:
            wordings = preference_phrasings(domain, kind, question_set)
            yield f"{kind}.{domain.key}", tuple(phrasing.template for phrasing in wordings)


def test_the_same_seed_gives_the_same_user_and_another_seed_another() -> None:
    assert generate_user(7, "test") == generate_user(7, "test")
    assert generate_user(7, "test").history != generate_user(8, "test").history
    assert generate_user(7, "test").history != generate_user(7, "train").history


def test_turns_alternate_and_user_turns_are_short_and_labelled(
    users: tuple[SyntheticUser, ...],
) -> None:
    for user in users:
        for session in user.history.sessions:
            roles = [turn.role for turn in session.turns]
            assert roles == ["user", "assistant"] * (len(roles) // 2)
            for index, turn in enumerate(session.turns):
                assert turn.content == turn.content.strip()
                assert not set(turn.content) & set("{}[]")
                if turn.role == "user":
                    assert len(turn.content.split()) <= 40
                    labels = user.turn_labels[session.session_id, index]
                    assert all(label.text in turn.content for label in labels)
        assert len(user.turn_labels) * 2 == user.history.num_turns


def test_sessions_are_dated_in_order_over_one_to_two_years(
    users: tuple[SyntheticUser, ...],
) -> None:
    for user in users:
        assert [s.session_id for s in user.history.sessions] == [f"s{i}" for i in range(1, 7)]
        times = [s.time for s in user.history.sessions if s.time is not None]
        assert len(times) == 6
        gaps = [(late - early).days for early, late in pairwise(times)]
        assert min(gaps) >= 14
        assert (times[-1] - times[0]).days <= 730
        assert all(7 <= moment.hour <= 22 for moment in times)


def test_answers_stand_verbatim_in_the_evidence(users: tuple[SyntheticUser, ...]) -> None:
    for user in users:
        for item in (*user.practice, *user.questions):
            told = " ".join(turn_text(user, place) for place in item.evidence).lower()
            if item.kind in VERBATIM_KINDS:
                assert item.answer.lower() in told
            if item.kind == "track_full_preference_evolution":
                old, _, new = item.answer.partition(", then ")
                assert old.lower() in told
                assert new.lower() in told
            assert all(user.turn_labels[place] for place in item.evidence)


def test_the_gold_answer_is_right_short_and_rejected_ones_are_wrong(
    users: tuple[SyntheticUser, ...],
) -> None:
    for user in users:
        for item in (*user.practice, *user.questions):
            assert item.answer in item.accepted
            assert is_right(item.answer, item)
            assert is_right(f"It's {item.answer}!", item)
            assert 1 <= len(item.answer.split()) <= 6
            assert not item.answer.endswith(".")
            assert not any(is_right(text, item) for text in item.rejected)
            assert not is_right("", item)


def test_no_question_gives_its_own_answer_away(users: tuple[SyntheticUser, ...]) -> None:
    for user in users:
        for item in (*user.practice, *user.questions):
            assert not any(occurs(text, item.question) for text in item.accepted), item.question


def test_every_kind_occurs_and_every_fact_is_asked(users: tuple[SyntheticUser, ...]) -> None:
    for user in users:
        assert {item.kind for item in user.questions} == set(KINDS)
        static = {item.fact_id for item in user.questions if item.kind == KINDS[6]}
        assert len(static) == 14


def test_each_fact_has_its_share_of_wordings_and_none_is_practised_and_scored(
    users: tuple[SyntheticUser, ...],
) -> None:
    for user in users:
        practised: dict[tuple[str, str], set[str]] = defaultdict(set)
        scored: dict[tuple[str, str], set[str]] = defaultdict(set)
        for item in user.practice:
            practised[item.fact_id, item.kind].add(item.question)
        for item in user.questions:
            scored[item.fact_id, item.kind].add(item.question)
        assert practised.keys() == scored.keys()
        least = 4 if user.split == "train" else 8
        assert all(len(wordings) == least for wordings in practised.values())
        assert all(len(wordings) == 2 for wordings in scored.values())
        assert not {i.phrasing_id for i in user.practice} & {i.phrasing_id for i in user.questions}
        assert not {i.question for i in user.practice} & {i.question for i in user.questions}


def test_question_sets_are_disjoint_and_large_enough() -> None:
    seen: dict[str, set[str]] = {}
    for question_set, least in zip(QUESTION_SETS, (6, 8, 3), strict=True):
        strings: set[str] = set()
        for family, templates in question_templates(question_set):
            assert len(set(templates)) == len(templates) >= least, (family, question_set)
            strings.update(normalise(template) for template in templates)
        seen[question_set] = strings
    for first, second in (("train", "practice"), ("train", "heldout"), ("practice", "heldout")):
        assert not seen[first] & seen[second]


def test_statement_wordings_are_disjoint_between_the_splits() -> None:
    for fact in FACTS:
        assert len(set(fact.train_says)) >= 4
        assert len(set(fact.test_says)) >= 3
        assert not set(fact.train_says) & set(fact.test_says)
        assert all("{v}" in text for text in (*fact.train_says, *fact.test_says))
    for frames in (OPENERS, CLOSERS, SHORT_REPLIES, ASKING, THANKS):
        assert not set(frames["train"]) & set(frames["test"])
    for stated in (
        preference_frames.STATED,
        preference_frames.CHANGED_FROM,
        preference_frames.CHANGED_TO,
    ):
        assert not set(stated["train"]) & set(stated["test"])
    assert set(PREFERENCE_FRAMES) < set(KINDS)


def test_there_are_many_kinds_of_fact_and_much_chatter() -> None:
    assert len(FACT_IDS) == len(set(FACT_IDS)) >= 40
    assert len(fixed_lines("train")) >= 120
    assert len(fixed_lines("test")) >= 60
    assert not fixed_lines("train") & fixed_lines("test")


def test_value_pools_are_large_and_disjoint() -> None:
    for pool in POOLS.values():
        assert len(set(pool["train"])) == len(pool["train"])
        assert len(set(pool["test"])) == len(pool["test"])
        lowered = {value.lower() for value in pool["train"]}
        assert not lowered & {value.lower() for value in pool["test"]}
    for split in SPLITS:
        quarter = 1 if split == "train" else 4
        names = FIRST_NAMES["female"][split] + FIRST_NAMES["male"][split]
        assert len(set(names)) == len(names) >= 200 / quarter
        assert len(POOLS["city"][split]) >= 150 / quarter
        assert len(POOLS["dish"][split] + POOLS["ingredient"][split]) >= 100 / quarter
        assert len(POOLS["hobby"][split]) >= 80 / quarter
        assert len(POOLS["job"][split]) >= 80 / quarter
        _, first, last = _COMPOSED["employer"][split]
        assert len(first) * len(last) >= 100 / quarter
        reasons = [text for values in PREFERENCES[split].values() for text in values.changes]
        reasons += GENERAL_CHANGES[split]
        assert len(set(reasons)) == len(reasons) >= 60 / quarter
        assert all(2 <= len(reason.split()) <= 6 for reason in reasons)
    for gender in ("female", "male"):
        everyone = FIRST_NAMES["female"]["train"] + FIRST_NAMES["male"]["train"]
        assert not set(FIRST_NAMES[gender]["test"]) & set(everyone)
    assert not set(SURNAMES["train"]) & set(SURNAMES["test"])


def test_composed_values_and_preferences_are_disjoint_between_the_splits() -> None:
    def composed(pool: str, split: Split) -> set[str]:
        pattern, first, last = _COMPOSED[pool][split]
        return {pattern.format(one, two) for one in first for two in last}

    for pool in _COMPOSED:
        assert not composed(pool, "train") & composed(pool, "test")
    assert not set(GENERAL_CHANGES["train"]) & set(GENERAL_CHANGES["test"])
    for domain in DOMAINS:
        train, test = PREFERENCES["train"][domain.key], PREFERENCES["test"][domain.key]
        told = {value.lower() for cluster in train.clusters for value in cluster}
        for cluster in test.clusters:
            assert not told & {value.lower() for value in cluster}
        assert not set(train.likings) & set(test.likings)
        assert not set(train.changes) & set(test.changes)


def test_no_pool_of_one_split_holds_a_value_of_any_pool_of_the_other() -> None:
    everything: dict[Split, set[str]] = {"train": set(), "test": set()}
    for split, values in everything.items():
        for pool in POOLS.values():
            values.update(value.lower() for value in pool[split])
        for domain in PREFERENCES[split].values():
            values.update(value.lower() for cluster in domain.clusters for value in cluster)
    assert not everything["train"] & everything["test"]


def test_kindred_values_never_contain_each_other() -> None:
    for split in SPLITS:
        for values in PREFERENCES[split].values():
            for cluster in values.clusters:
                assert len(cluster) >= 3
                for value in cluster:
                    assert not any(occurs(value, other) for other in cluster if other != value)


def test_questions_and_values_of_the_splits_share_nothing(
    users: tuple[SyntheticUser, ...],
) -> None:
    drawn = {fact.key for fact in FACTS if fact.pool not in {*POOLS, *_COMPOSED, "first_name"}}
    answers: dict[str, set[str]] = defaultdict(set)
    wordings: dict[str, set[str]] = defaultdict(set)
    for user in users:
        for item in (*user.practice, *user.questions):
            wordings[user.split].add(normalise(item.question))
            if item.fact_id.rpartition(".")[2] not in drawn:
                answers[user.split].add(item.answer.lower())
    assert not wordings["train"] & wordings["test"]
    assert not answers["train"] & answers["test"]


def test_an_answer_of_another_user_is_rarely_right() -> None:
    rng = random.Random(0)
    people = [generate_user(seed, "test") for seed in range(60)]
    same_fact: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for user in people:
        for item in user.questions:
            same_fact[item.fact_id, item.kind][user.user_id] = item.answer
    blind, informed = [], []
    for user in people:
        for item in user.questions:
            stranger = rng.choice([other for other in people if other is not user])
            blind.append(is_right(rng.choice(stranger.questions).answer, item))
            others = dict(same_fact[item.fact_id, item.kind])
            del others[user.user_id]
            informed.append(bool(others) and is_right(rng.choice([*others.values()]), item))
    assert sum(blind) / len(blind) < 0.02
    assert sum(informed) / len(informed) < 0.1


def test_filler_lengthens_the_history_by_about_so_many_tokens() -> None:
    config = GeneratorConfig(filler_tokens=4000)
    short, long = generate_user(3, "test"), generate_user(3, "test", config)

    def tokens(user: SyntheticUser) -> float:
        return 1.3 * sum(len(turn.content.split()) for _, _, turn in user.history.turns())

    assert 4000 <= tokens(long) - tokens(short) <= 4100
    assert {i.answer for i in long.questions} == {i.answer for i in short.questions}
    assert len({s.session_id for s in long.history.sessions}) == len(long.history.sessions)
    for item in long.questions:
        assert all(turn_text(long, place) for place in item.evidence)


def test_sizes_follow_the_configuration() -> None:
    config = GeneratorConfig(
        num_sessions=3, num_facts=5, num_preferences=2, num_updates=0, chatter_turns_per_session=1
    )
    user = generate_user(0, "train", config)
    assert len(user.history.sessions) == 3
    assert len({item.fact_id for item in user.questions}) == 7
    assert "track_full_preference_evolution" not in {item.kind for item in user.questions}
    everything = generate_user(0, "test", GeneratorConfig(num_facts=len(FACT_IDS)))
    facts = {item.fact_id for item in everything.questions if item.kind == KINDS[6]}
    assert facts == set(FACT_IDS)


@pytest.mark.parametrize(
    "values",
    [
        {"num_sessions": 1},
        {"num_sessions": 2.5},
        {"num_facts": -1},
        {"num_facts": True},
        {"num_updates": 5},
        {"num_preferences": 99},
        {"chatter_turns_per_session": 0},
        {"filler_tokens": -1},
    ],
)
def test_a_wrong_configuration_is_refused_by_name(values: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=next(iter(values))):
        GeneratorConfig(**values)


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(ConfigError, match="dev"):
        generate_user(0, "dev")  # type: ignore[arg-type]


def test_two_hundred_users_take_a_few_seconds() -> None:
    start = time.process_time()
    for seed in range(200):
        generate_user(seed, "train")
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    ("prediction", "accepted", "rejected", "right"),
    [
        ("Lisbon", ("Lisbon",), (), True),
        ("She lives in lisbon!", ("Lisbon",), (), True),
        ("Lisbonne", ("Lisbon",), (), False),
        ("the cargo bike", ("a cargo bike",), (), True),
        ("1240 dollars", ("$1,240",), (), True),
        ("38.5", ("38",), (), False),
        ("It was 3:47:20.", ("3:47:20",), (), True),
        ("the corner cafe", ("corner café",), (), True),
        ("shepherds pie", ("shepherd's pie",), (), True),
        ("First bossa nova, after that techno", ("techno + bossa nova",), (), True),
        ("bossa nova", ("techno + bossa nova",), (), False),
        ("bossa nova, not techno", ("bossa nova",), ("techno",), False),
        ("", ("techno",), (), False),
        ("...", ("techno",), (), False),
    ],
)
def test_scoring_rule(
    prediction: str, accepted: tuple[str, ...], rejected: tuple[str, ...], right: bool
) -> None:
    assert is_right(prediction, question(accepted, rejected)) is right


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("accountant", "an"),
        ("urban planner", "an"),
        ("ukulele", "a"),
        ("HTC Desire", "an"),
        ("Honda Jazz", "a"),
        ("OnePlus 12", "a"),
    ],
)
def test_the_article_follows_the_sound(value: str, expected: str) -> None:
    assert article(value) == expected


def test_sentences_are_clean_english(users: tuple[SyntheticUser, ...]) -> None:
    doubled = re.compile(r"\b(\w+) \1\b", re.IGNORECASE)
    wrong_article = re.compile(r"\ba [aeio]\w+|\ban [bcdfgjklmnpqrstvwxyz]\w+")
    for user in users:
        texts = [turn.content for _, _, turn in user.history.turns()]
        for text in (*texts, *(item.question for item in (*user.practice, *user.questions))):
            assert "  " not in text
            assert not doubled.search(text), text
            assert not [hit for hit in wrong_article.findall(text) if hit != "a one"], text
            assert text[0].isupper() or not text[0].isalpha() or text.startswith("iPhone"), text


def test_small_talk_does_not_repeat_at_once(users: tuple[SyntheticUser, ...]) -> None:
    for user in users:
        for session in user.history.sessions:
            said = [turn.content for turn in session.turns if turn.role == "user"]
            assert len(set(said)) == len(said)


def test_every_preference_can_change_in_every_user() -> None:
    config = GeneratorConfig(num_preferences=len(DOMAINS), num_updates=len(DOMAINS))
    for split in SPLITS:
        for seed in range(30):
            items = generate_user(seed, split, config).questions
            changed = {item.fact_id for item in items if item.kind == KINDS[1]}
            assert len(changed) == len(DOMAINS)

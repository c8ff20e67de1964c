"""Whatever tenants and users do in whatever order, each sees what they alone did."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from lpm.errors import StoreError, UnknownUserError
from lpm.memory import Memory
from lpm.store import MemoryStore, open_store
from lpm.types import Session, SlotSource, Turn

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PEOPLE = st.sampled_from([(tenant, user) for tenant in ("", "one", "two") for user in ("a", "b")])
VIEWS = st.integers(0, 1)


def make_memory(user: str, value: float, version: int) -> Memory:
    slots = torch.full((1, 1, 2), value)
    taught = ((SlotSource("s", 0, 1.0),),)
    return Memory(user, slots, taught, (), "b", "p", NOW, NOW, version)


@dataclass
class Person:
    """What a store should hold of somebody: slots and learnt sessions of each version."""

    versions: dict[int, tuple[float, list[str]]] = field(default_factory=dict)


class Interleavings(RuleBasedStateMachine):
    """Two openings of one place, and a dictionary that says what they should answer."""

    opener: Callable[[], MemoryStore]

    def __init__(self) -> None:
        super().__init__()
        self.stores = [self.opener(), self.opener()]
        self.people: dict[tuple[str, str], Person] = {}
        self.number = itertools.count(1)

    def teardown(self) -> None:
        for store in self.stores:
            store.close()

    def view(self, which: int, tenant: str) -> MemoryStore:
        return self.stores[which].for_tenant(tenant)

    @rule(which=VIEWS, who=PEOPLE, late=st.booleans())
    def put(self, which: int, who: tuple[str, str], late: bool) -> None:
        person, number = self.people.get(who, Person()), next(self.number)
        latest = max(person.versions, default=0)
        name = f"{who[0]}/{who[1]}/{number}"
        memory = make_memory(who[1], float(number), latest + (2 if late else 1))
        sessions = [Session(name, (Turn("user", f"said {name}"),))]
        if late:
            with pytest.raises(StoreError, match="another writer"):
                self.view(which, who[0]).put(memory, sessions)
            return
        self.view(which, who[0]).put(memory, sessions, expires_at=NOW + timedelta(number))
        learnt = person.versions[latest][1] if latest else []
        person.versions[latest + 1] = (float(number), [*learnt, name])
        self.people[who] = person

    @rule(which=VIEWS, who=PEOPLE, back=st.integers(0, 3))
    def rollback(self, which: int, who: tuple[str, str], back: int) -> None:
        person = self.people.get(who, Person())
        latest = max(person.versions, default=0)
        if latest - back not in person.versions:
            with pytest.raises(UnknownUserError):
                self.view(which, who[0]).rollback(who[1], latest - back)
            return
        self.view(which, who[0]).rollback(who[1], latest - back)
        value, learnt = person.versions[latest - back]
        person.versions[latest + 1] = (value, list(learnt))

    @rule(which=VIEWS, who=PEOPLE, keep=st.integers(1, 2))
    def prune(self, which: int, who: tuple[str, str], keep: int) -> None:
        store = self.view(which, who[0])
        if who not in self.people:
            with pytest.raises(UnknownUserError):
                store.prune_versions(who[1], keep, vacuum=False)
            return
        versions = self.people[who].versions
        old = sorted(versions)[:-keep]
        assert store.prune_versions(who[1], keep, vacuum=False) == len(old)
        for version in old:
            del versions[version]

    @rule(which=VIEWS, who=PEOPLE)
    def erase_newest_session(self, which: int, who: tuple[str, str]) -> None:
        person = self.people.get(who)
        if person is None:
            return
        store = self.view(which, who[0])
        newest = max(person.versions)
        value, learnt = person.versions[newest]
        gone = {s.content_hash for s in store.sessions(who[1]) if s.session_id in learnt[-1:]}
        left = store.get(who[1]).updated()
        assert store.erase_part(left, removed=gone, vacuum=False) == len(person.versions)
        person.versions = {newest + 1: (value, learnt[:-1])}
        assert [s.session_id for s in store.sessions(who[1], every=True)] == learnt[:-1]

    @rule(which=VIEWS, who=PEOPLE)
    def delete_newest_session(self, which: int, who: tuple[str, str]) -> None:
        if who not in self.people:
            return
        versions = self.people[who].versions
        learnt = versions[max(versions)][1]
        if not learnt:
            return
        name = learnt[-1]
        assert self.view(which, who[0]).delete_session(who[1], name, vacuum=False) == 1
        for version, (value, names) in versions.items():
            versions[version] = (value, [other for other in names if other != name])

    @rule(which=VIEWS, who=PEOPLE)
    def delete(self, which: int, who: tuple[str, str]) -> None:
        store = self.view(which, who[0])
        person = self.people.pop(who, None)
        if person is None:
            with pytest.raises(UnknownUserError):
                store.delete(who[1], vacuum=False)
            return
        report = store.delete(who[1], vacuum=False)
        assert report.versions_removed == len(person.versions)

    @invariant()
    def everyone_sees_their_own(self) -> None:
        for which, tenant in itertools.product((0, 1), ("", "one", "two")):
            store = self.view(which, tenant)
            present = sorted(user for at, user in self.people if at == tenant)
            assert [summary.user for summary in store.users()] == present
            for expired in store.expired(NOW + timedelta(10_000)):
                assert expired.session_id.startswith(f"{tenant}/{expired.user}/")
            for user in ("a", "b"):
                self._check(store, user, self.people.get((tenant, user)))

    def _check(self, store: MemoryStore, user: str, person: Person | None) -> None:
        if person is None:
            assert store.versions(user) == store.sessions(user) == ()
            assert store.get_history(user) is None
            with pytest.raises(UnknownUserError):
                store.get(user)
            return
        assert store.versions(user) == tuple(sorted(person.versions))
        newest = max(person.versions)
        value, learnt = person.versions[newest]
        memory = store.get(user)
        assert (memory.user, memory.version) == (user, newest)
        assert (memory.slots == value).all()
        assert [session.session_id for session in store.sessions(user)] == learnt
        history = store.get_history(user)
        assert [s.session_id for s in history.sessions] == learnt if history else learnt == []


def test_interleavings(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, options: dict[str, Any]
) -> None:
    home = request.getfixturevalue("empty_home")

    class Here(Interleavings):
        def __init__(self) -> None:
            if kind.startswith("postgres"):
                place = request.getfixturevalue("new_database")()
            else:
                place = tempfile.mkdtemp(dir=tmp_path)
                shutil.copytree(home, place, dirs_exist_ok=True)
            self.opener = lambda: open_store(place, **options)
            super().__init__()

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=8,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

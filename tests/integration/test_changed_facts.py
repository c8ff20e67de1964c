"""A life in which every statement takes the place of those before it, whatever way it arrives."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import pytest
import torch

from lpm.model import LatentPersonalMemory
from lpm.remembering import slots_of
from lpm.store import open_store
from lpm.testing import superseding_model
from lpm.types import History, Session, Turn

SAID = {
    "s1": "I live in a small flat in Lisbon.",
    "s2": "I have moved to a house in Porto.",
    "s3": "We found a garden flat in Faro.",
}
SESSIONS = [
    Session(name, (Turn("user", text),), datetime(2024, month, 1, tzinfo=UTC))
    for month, (name, text) in enumerate(SAID.items(), 1)
]


@pytest.fixture(scope="module")
def model():
    """Return a model to which all statements are of one subject and replace what was said."""
    return superseding_model()


def learnt(model, home: Path, sessions, keep="full"):
    memories = LatentPersonalMemory(open_store(home), model)
    for session in sessions:
        memories.remember("ann", History((session,)), keep_history=keep)
    return memories


def read(memories) -> list[str]:
    return [slot.sources[0].session_id for slot in memories.show("ann").slots]


@pytest.mark.parametrize("keep", ["full", "hashes", "none"])
def test_the_latest_session_holds_in_whatever_order_they_arrive(model, tmp_path, keep):
    found = []
    for number, order in enumerate(permutations(SESSIONS)):
        with learnt(model, tmp_path / str(number), order, keep) as memories:
            assert read(memories) == ["s3", "s2"]
            found.append(memories.store.get("ann").slots)
    assert all(torch.allclose(slots, found[0], atol=1e-5) for slots in found)


def test_a_session_sent_again_changes_nothing(model, tmp_path):
    with learnt(model, tmp_path, SESSIONS) as memories:
        before = memories.store.get("ann").encode()
        memories.remember("ann", History(tuple(SESSIONS)))
        assert memories.store.get("ann").encode() == before


@pytest.mark.parametrize("keep", ["full", "none"])
def test_forgetting_the_latest_session_brings_the_former_value_back(model, tmp_path, keep):
    with learnt(model, tmp_path, SESSIONS, keep) as memories:
        memories.forget("ann", session="s3")
        assert read(memories) == ["s2", "s1"]
        memories.forget("ann", session="s2")
        assert read(memories) == ["s1"]
        memory = memories.store.get("ann")
        assert memory.superseded is None
    with learnt(model, tmp_path / "only", SESSIONS[:1], keep) as memories:
        assert torch.allclose(memories.store.get("ann").slots, memory.slots, atol=1e-5)


@pytest.mark.parametrize("keep", ["full", "none"])
def test_forgetting_a_superseded_session_leaves_nothing_of_it(model, tmp_path, keep):
    with learnt(model, tmp_path, SESSIONS, keep) as memories:
        memories.forget("ann", session="s1")
        kept = slots_of(memories.store.get("ann")).provenance
        assert sorted(sources[0].session_id for sources in kept) == ["s2", "s3"]


def test_an_explanation_of_a_former_value_names_the_session_that_told_it(model, tmp_path):
    with learnt(model, tmp_path, SESSIONS[:2]) as memories:
        sources = {use.sources[0].session_id for use in memories.explain("ann", "Where?").slots}
        assert sources == {"s1", "s2"}

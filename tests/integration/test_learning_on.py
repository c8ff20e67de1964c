"""Sessions may come in any order and with or without text; versions come and go."""

from __future__ import annotations

import random

import pytest
import torch
from told_histories import HISTORY, TEA, WORK, session, taught

from lpm.model import LatentPersonalMemory
from lpm.store import open_store
from lpm.types import History


def test_sessions_with_and_without_text_live_in_one_memory(memories):
    memories.remember("ann", History(HISTORY.sessions[:1]), refine_steps=0, keep_history="none")
    carried = memories.store.get("ann").slots
    memories.remember("ann", History(HISTORY.sessions[1:]), refine_steps=0)
    assert torch.equal(memories.store.get("ann").slots[:, : carried.shape[1]], carried)
    assert taught(memories) == {("s1", 0), ("s1", 2), ("s2", 0), ("s3", 0)}
    again = memories.remember("ann", HISTORY, refine_steps=0)
    assert (again.sessions_added, again.sessions_skipped) == (0, 3)
    receipt = memories.forget("ann", session="s2")
    assert receipt.rebuilt
    assert taught(memories) == {("s1", 0), ("s1", 2), ("s3", 0)}


@pytest.mark.parametrize("seed", range(6))
def test_sessions_one_by_one_give_the_same_memory_as_all_at_once(memories, seed):
    rng = random.Random(seed)
    texts = [
        f"I bought {n} {w} in {c}."
        for n in range(2, 7)
        for w, c in [("boats", "Oslo"), ("cats", "Rome"), ("hats", "Lima")]
    ]
    rng.shuffle(texts)
    history = History(tuple(session(f"s{n}", *texts[2 * n : 2 * n + 2], day=n) for n in range(7)))
    memories.remember("whole", history, refine_steps=0)
    assert len(memories.show("whole").slots) == 8, "more was said than fits"
    for one in rng.sample(history.sessions, 7):
        memories.remember("parts", History((one,)), refine_steps=0)
    whole, parts = memories.store.get("whole"), memories.store.get("parts")
    assert parts.provenance == whole.provenance
    assert torch.equal(parts.slots, whole.slots)


def test_a_memory_without_text_keeps_the_same_slots_as_one_with_text(memories):
    sessions = [
        session(f"s{n}", f"I own {n} boats in harbour number {n}.", f"I sold {n} cars to Lena.")
        for n in range(8)
    ]
    for one in sessions:
        memories.remember("text", History((one,)), refine_steps=0)
        memories.remember("none", History((one,)), refine_steps=0, keep_history="none")
    text, none = memories.store.get("text"), memories.store.get("none")
    assert text.slots.shape[1] == 8, "more was said than fits"
    assert set(none.provenance) == set(text.provenance)
    by_source = dict(zip(none.provenance, none.slots[0], strict=True))
    for sources, slot in zip(text.provenance, text.slots[0], strict=True):
        # Chunks pass in batches of other sizes, whose products may round differently.
        torch.testing.assert_close(by_source[sources], slot)


def test_an_imported_memory_keeps_its_slots_when_it_learns_more(memories, model, tmp_path):
    memories.remember("ann", HISTORY, refine_steps=0)
    memories.export("ann", tmp_path / "ann.lpm")
    with LatentPersonalMemory(open_store(tmp_path / "other"), model) as other:
        other.import_(tmp_path / "ann.lpm")
        other.remember("ann", History((session("s9", "I moved to Oslo last week."),)))
        assert taught(other) == {*taught(memories), ("s9", 0)}


def test_a_dry_run_of_remember_says_what_would_change(memories):
    report = memories.remember("ann", HISTORY, refine_steps=0, dry_run=True)
    assert report.dry_run and report.slots_added == report.num_slots == 4
    assert memories.users() == ()
    real = memories.remember("ann", HISTORY, refine_steps=0)
    assert (real.slots_added, real.slots_removed, real.version) == (4, 0, 1)


def test_a_value_told_again_is_the_latest(memories):
    old, new = "I have moved to Porto for my new job.", "I have moved to Lisbon for my new job."
    told = [session(f"s{n}", text, day=n) for n, text in enumerate((old, new, old), start=1)]
    memories.remember("ann", History(tuple(told)), refine_steps=0)
    assert taught(memories) == {("s2", 0), ("s3", 0)}


def test_the_order_of_sessions_never_changes(memories):
    dated = [session("may", "I planted roses in May.", day=5), session("jan", WORK, day=1)]
    more = [session("undated", TEA), session("last", "I sold the old green boat.")]
    for one in (*dated, *more):
        memories.remember("ann", History((one,)), refine_steps=0, keep_history="full")
    assert [r.session_id for r in memories.store.get("ann").sessions] == [
        "jan", "may", "undated", "last"
    ]  # fmt: skip


def test_the_order_of_sessions_does_not_depend_on_what_is_kept_of_them(memories):
    texts = ("I live in Lisbon by the river.", "I moved to Porto last winter.", TEA)
    for number, (text, kept) in enumerate(zip(texts, ("full", "hashes", "full"), strict=True)):
        told = History((session(f"s{number}", text),))
        memories.remember("ann", told, refine_steps=0, keep_history=kept)
    assert [r.session_id for r in memories.store.get("ann").sessions] == ["s0", "s1", "s2"]


def test_versions_are_listed_compared_and_brought_back(memories):
    memories.remember("ann", History(HISTORY.sessions[:1]), refine_steps=0)
    memories.remember("ann", History(HISTORY.sessions[1:]), refine_steps=0)
    assert [item.session_ids for item in memories.history("ann")] == [("s1",), ("s2", "s3")]
    found = memories.changes("ann", 1)
    assert found.sessions_added == ("s2", "s3") and len(found.came) == 2 and not found.went
    # Chunks pass in batches of other sizes, whose products may round differently.
    moved = [slot.moved for slot in found.stayed]
    assert moved == pytest.approx([0.0, 0.0], abs=1e-6), "old facts are written the same"
    back = memories.rollback("ann", 1)
    assert back.version == 3
    assert torch.equal(memories.store.get("ann").slots, memories.store.get("ann", 1).slots)
    again = memories.remember("ann", History(HISTORY.sessions[1:2]), refine_steps=0)
    assert again.sessions_added == 1, "what came after the old version counts as new again"

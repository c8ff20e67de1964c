"""Of two values of one thing the later statement holds; nothing depends on how sessions arrive."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import torch
from safetensors.torch import load, save

from lpm.errors import MemoryFileError
from lpm.memory import Memory, SessionRecord
from lpm.remembering import Learnt, slots_of
from lpm.superseding import settle, superseded, told_in_order
from lpm.testing import tiny_backbone, tiny_model
from lpm.types import SlotSource
from lpm.written import Written

MARKERS = [70, 80]
CITY, JOB = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
TIMES = {name: datetime(2024, 1, day, tzinfo=UTC) for day, name in enumerate("abc", 1)}


@pytest.fixture(scope="module")
def model():
    made = tiny_model(
        tiny_backbone(),
        tokens_per_slot=6,
        markers=MARKERS,
        subject_dim=2,
        supersede_above=0.9,
        past=True,
    )
    made.requires_grad_(False)
    return made


def told(model, *said: tuple[str, str, torch.Tensor, float]) -> Written:
    """Return slots of (session, value, subject, logit that it takes a place), one a turn."""
    table = model.backbone.model.get_input_embeddings().weight
    slots = []
    for number, (_, value, _, _) in enumerate(said):
        codes = torch.zeros(6, 4)
        made = model.writer.codes(table[torch.tensor(list(value.encode()))])
        codes[: len(value)] = made
        key = torch.randn(8, generator=torch.Generator().manual_seed(number))
        slots.append(torch.cat([codes.flatten(), torch.nn.functional.layer_norm(key, (8,))]))
    return Written(
        torch.stack(slots)[None],
        tuple((SlotSource(session, turn, 1.0),) for turn, (session, *_) in enumerate(said)),
        tuple(float(number) for number in range(len(said))),
        torch.stack([torch.cat([about, torch.tensor([by])]) for _, _, about, by in said]).half(),
    )


def settled(model, written: Written):
    return settle(model, written, told_in_order(written, list(TIMES.items())))


def sessions(written: Written) -> list[str]:
    return [sources[0].session_id for sources in written.provenance]


def test_the_later_value_stands_and_the_former_one_is_kept_for_the_past(model):
    written = told(model, ("a", "lis", CITY, 1.0), ("b", "por", CITY, 1.0), ("a", "cook", JOB, 1.0))
    found = settled(model, written)
    assert sessions(found.read) == ["b", "a", "a"]
    assert found.num_former == 1
    value, key = slice(0, 24), slice(24, None)
    assert torch.equal(found.read.slots[0, 2, value], written.slots[0, 0, value])
    assert torch.allclose(found.read.slots[0, 2, key], written.slots[0, 1, key] + 1.0)
    assert torch.equal(found.superseded.slots[0, 0], written.slots[0, 0])


def test_a_former_value_is_read_for_the_past_and_for_nothing_else(model):
    found = settled(model, told(model, ("a", "lis", CITY, 1.0), ("b", "por", CITY, 1.0)))
    query = model.queries(["Where do I live?"])
    query[:, -1] = 0.0
    attention = model.projector.attend(found.read.slots[None], query)[0].mean(dim=0)
    assert attention.tolist() == pytest.approx([0.5, 0.5], abs=1e-4)
    for asks, slot in ((8.0, 1), (-8.0, 0)):
        query[:, -1] = asks
        attention = model.projector.attend(found.read.slots[None], query)[0].mean(dim=0)
        assert attention[slot] > 0.99


def test_without_questions_about_the_past_no_former_value_is_read(model):
    written = told(model, ("a", "lis", CITY, 1.0), ("b", "por", CITY, 1.0))
    model.config.past = False
    try:
        found = settled(model, written)
    finally:
        model.config.past = True
    assert sessions(found.read) == ["b"]
    assert sessions(found.superseded) == ["a"]


@pytest.mark.parametrize(
    ("older", "newer", "why"),
    [
        (("a", "lis", CITY, 1.0), ("b", "por", JOB, 1.0), "of another subject"),
        (("a", "lis", CITY, 1.0), ("b", "por", CITY, -1.0), "added to a list"),
        (("a", "lis", CITY, 1.0), ("b", "lis", CITY, 1.0), "of the same value"),
    ],
)
def test_both_stay_where_the_later_one_is(model, older, newer, why):
    written = told(model, older, newer)
    found = settled(model, written)
    assert found.read is written, why
    assert found.superseded is None


def test_of_three_values_the_last_holds_and_the_one_before_it_was(model):
    said = [("a", "lis", CITY, 1.0), ("b", "por", CITY, 1.0), ("c", "fez", CITY, 1.0)]
    found = settled(model, told(model, *said))
    assert sessions(found.read) == ["c", "b"]
    assert sorted(sessions(found.superseded)) == ["a", "b"]


def test_the_order_in_which_slots_came_changes_nothing(model):
    said = [("a", "lis", CITY, 1.0), ("b", "por", CITY, 1.0), ("c", "cook", JOB, 1.0)]
    written = told(model, *said)
    shuffled = written.only([2, 1, 0])
    one, other = settled(model, written), settled(model, shuffled)
    assert sorted(sessions(one.read)) == sorted(sessions(other.read))
    assert {tuple(slot.tolist()) for slot in one.read.slots[0]} == {
        tuple(slot.tolist()) for slot in other.read.slots[0]
    }


def test_without_a_threshold_nothing_is_superseded(model):
    written = told(model, ("a", "lis", CITY, 1.0), ("b", "por", CITY, 1.0))
    model.config.supersede_above = None
    try:
        assert superseded(model, written, [(0, 0), (1, 1)]) == {}
    finally:
        model.config.supersede_above = 0.9


def test_sessions_without_a_time_count_as_they_came(model):
    written = told(model, ("a", "lis", CITY, 1.0), ("b", "por", CITY, 1.0))
    undated = [("b", None), ("a", TIMES["a"])]
    assert told_in_order(written, undated) == [(1, 0), (0, 1)]
    assert told_in_order(written, [("b", TIMES["b"]), ("a", TIMES["a"])]) == [(0, 0), (1, 1)]


def memory_of(model, written: Written) -> Memory:
    records = tuple(SessionRecord(name, name * 64, time) for name, time in TIMES.items())
    fields = Learnt(settled(model, written)).fields()
    return Memory.create("ann", sessions=records, backbone="b", projector="p", **fields)


def test_a_memory_file_keeps_what_was_superseded(model):
    written = told(model, ("a", "lis", CITY, 1.0), ("b", "por", CITY, 1.0), ("a", "cook", JOB, 1.0))
    loaded = Memory.decode(memory_of(model, written).encode())
    again = slots_of(loaded)
    order = [again.provenance.index(sources) for sources in written.provenance]
    assert torch.equal(again.only(order).slots, written.slots)
    assert torch.equal(again.only(order).subjects, written.subjects)
    assert again.only(order).salience == written.salience


def test_a_file_holds_the_value_of_what_gave_way_once(model):
    memory = memory_of(model, told(model, ("a", "lis", CITY, 1.0), ("b", "por", CITY, 1.0)))
    assert memory.num_former == 1
    loaded = Memory.decode(memory.encode())
    assert torch.equal(loaded.slots, memory.slots)
    assert loaded.num_former == 1
    assert loaded.provenance == memory.provenance
    assert loaded.salience == memory.salience
    assert torch.equal(loaded.subjects, memory.subjects)
    held = load(memory.encode())
    assert held["slots"].shape[1] == held["superseded"].shape[1] == 1
    assert not [name for name in held if "former" in name]


def test_a_former_value_that_no_file_could_tell_is_refused(model):
    memory = memory_of(model, told(model, ("a", "lis", CITY, 1.0), ("b", "por", CITY, 1.0)))
    with pytest.raises(MemoryFileError, match="former value"):
        replace(memory, slots=memory.slots * torch.tensor([1.0, 2.0])[:, None]).encode()


@pytest.mark.parametrize(
    "links",
    [
        *([[1, 0, 9]], [[0, 1, 9]], [[0, 0, 99]], [[-1, 0, 9]], [[0, 0, 9]] * 2),
        *([[True, 0, 9]], [[0, 0.0, 9]], [["a", 0, 9]], [[0, 0]], [0], [], 3, {}),
    ],
)
def test_a_file_whose_former_slots_are_made_of_none_is_refused(model, links):
    memory = memory_of(model, told(model, ("a", "lis", CITY, 1.0), ("b", "por", CITY, 1.0)))
    data = memory.encode()
    (size,) = struct.unpack("<Q", data[:8])
    metadata = json.loads(data[8 : 8 + size])["__metadata__"]
    facts = json.loads(metadata["memory"]) | {"former": links}
    changed = save(load(data), metadata={**metadata, "memory": json.dumps(facts)})
    with pytest.raises(MemoryFileError):
        Memory.decode(changed)


def test_a_memory_that_forgets_the_later_session_has_the_former_value_again(model):
    written = told(model, ("a", "lis", CITY, 1.0), ("b", "por", CITY, 1.0))
    memory = memory_of(model, written)
    left = slots_of(memory)
    found = settled(model, left.only([i for i, name in enumerate(sessions(left)) if name != "b"]))
    assert torch.equal(found.read.slots, written.slots[:, :1])
    assert found.num_former == 0


def test_a_file_with_more_former_values_than_superseded_slots_is_refused(model):
    memory = memory_of(model, told(model, ("a", "lis", CITY, 1.0), ("b", "por", CITY, 1.0)))
    with pytest.raises(MemoryFileError, match="Superseded slots"):
        replace(memory, num_former=2)

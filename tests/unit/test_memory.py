"""A memory file is whole, says who wrote it, and is refused when anything about it is wrong."""

from __future__ import annotations

import struct
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save

from lpm.errors import IncompatibleMemoryError, InputError, MemoryFileError, StoreError
from lpm.former import unfolded
from lpm.memory import MAX_SLOTS, Memory, SessionRecord, validate_user
from lpm.types import SlotSource
from lpm.written import Written


def memory(user: str = "ann", *, groups: int = 1, slots: int = 3, width: int = 4, seed: int = 0):
    values = torch.randn(groups, slots, width, generator=torch.Generator().manual_seed(seed))
    provenance = tuple((SlotSource(f"s{n}", n, 1.0),) for n in range(slots))
    record = SessionRecord("s1", "ab" * 32, datetime(2024, 5, 1, 9, 30))
    return Memory.create(user, values, provenance, (record,), backbone="b" * 16, projector="p" * 16)


def same(one: Memory, other: Memory) -> bool:
    fields = ("user", "provenance", "sessions", "backbone", "projector", "version")
    equal = all(getattr(one, name) == getattr(other, name) for name in fields)
    times = (one.created_at, one.updated_at) == (other.created_at, other.updated_at)
    return equal and times and torch.equal(one.slots, other.slots)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 3), st.integers(1, 8), st.integers(1, 9), st.integers(0, 99))
def test_decoding_what_was_encoded_gives_the_same_memory(groups, slots, width, seed):
    written = memory(groups=groups, slots=slots, width=width, seed=seed)
    assert same(Memory.decode(written.encode()), written)


def test_equal_memories_have_equal_bytes():
    written = memory()
    assert written.encode() == written.encode() == Memory.decode(written.encode()).encode()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_bytes_are_refused_or_still_a_valid_memory(data):
    good = memory().encode()
    cut = data.draw(st.integers(0, len(good)))
    place, flip = data.draw(st.integers(0, len(good) - 1)), data.draw(st.integers(1, 255))
    flipped = bytearray(good)
    flipped[place] ^= flip
    for bad in (good[:cut], bytes(flipped)):
        try:
            decoded = Memory.decode(bad)
        except InputError:
            continue
        assert torch.isfinite(decoded.slots).all()


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_refused(data):
    with pytest.raises(MemoryFileError):
        Memory.decode(data)


def test_a_header_larger_than_the_file_is_refused_before_it_is_read():
    with pytest.raises(MemoryFileError, match="does not start"):
        Memory.decode(struct.pack("<Q", 2**60) + b"{}")


def test_another_schema_version_is_named():
    data = save({"slots": torch.zeros(1, 1, 1)}, metadata={"schema_version": "2", "memory": "{}"})
    with pytest.raises(MemoryFileError, match=r"'2'.*'1'"):
        Memory.decode(data)


def test_slots_of_another_dtype_or_with_nan_are_refused():
    good = memory()
    for slots in (good.slots.half(), good.slots[0], torch.full((1, 3, 4), float("nan"))):
        with pytest.raises(MemoryFileError):
            replace(good, slots=slots)
    with pytest.raises(MemoryFileError, match=str(MAX_SLOTS)):
        replace(good, slots=torch.zeros(1, MAX_SLOTS + 1, 1))


def test_plain_safetensors_reads_the_slots():
    written = memory()
    assert torch.equal(load(written.encode())["slots"], written.slots)


def test_a_memory_of_another_backbone_or_projector_is_refused_with_what_to_do():
    written = memory()
    written.check_fits("b" * 16, "p" * 16, 4)
    with pytest.raises(IncompatibleMemoryError, match=r"user 'ann'.*'bbbb.*'other'.*lpm remember"):
        written.check_fits("other", "p" * 16, 4)
    with pytest.raises(IncompatibleMemoryError, match="projector"):
        written.check_fits("b" * 16, "other", 4)
    with pytest.raises(IncompatibleMemoryError, match="slot_dim 4"):
        written.check_fits("b" * 16, "p" * 16, 5)


@pytest.mark.parametrize("user", ["", " ann", "a\nb", "x" * 201, "a\0", "\ud800", ".", ".."])
def test_user_names_that_would_break_a_line_are_refused(user):
    with pytest.raises(InputError):
        validate_user(user)


def test_saving_is_atomic_and_private(tmp_path: Path):
    path = tmp_path / "ann.safetensors"
    memory(seed=1).save(path)
    memory(seed=2).save(path)
    assert torch.equal(Memory.load(path).slots, memory(seed=2).slots)
    assert [p.name for p in tmp_path.iterdir()] == ["ann.safetensors"]
    assert path.stat().st_mode & 0o077 == 0


def test_a_place_that_cannot_be_written_or_read_gives_one_sentence(tmp_path: Path):
    with pytest.raises(StoreError, match="cannot be written"):
        memory().save(tmp_path / "absent" / "x")
    with pytest.raises(MemoryFileError, match="cannot be read"):
        Memory.load(tmp_path / "absent")


def test_the_next_version_keeps_its_birth_and_counts_up():
    first = memory()
    second = first.updated(slots=first.slots + 1)
    assert (second.version, second.created_at) == (2, first.created_at)
    assert second.updated_at >= first.updated_at
    assert second.updated_at.tzinfo == UTC


def full_memory(*, num_changed: int) -> Memory:
    """Return 32 written slots of the shipped width, of which some gave way to others."""
    provenance = tuple((SlotSource(f"session_{n}", n, 1.0),) for n in range(32))
    sessions = tuple(
        SessionRecord(f"session_{n}", "ab" * 32, datetime(2024, 5, 1)) for n in range(20)
    )
    written = Written(
        torch.randn(1, 32, 448),
        provenance,
        tuple(torch.randn(32).tolist()),
        torch.randn(32, 33).half(),
    )
    present = written.only(range(num_changed, 32))
    superseded = written.only(range(num_changed)) if num_changed else None
    links = [[place, place, 320] for place in range(num_changed)]
    read = unfolded(links, present, superseded) if superseded else present
    return Memory.create(
        "ann",
        read.slots,
        read.provenance,
        sessions,
        backbone="b" * 16,
        projector="p" * 16,
        salience=read.salience,
        subjects=read.subjects,
        num_former=num_changed,
        superseded=superseded,
    )


@pytest.mark.parametrize("num_changed", [0, 1, 8, 16])
def test_a_full_memory_of_the_default_size_stays_within_64_kilobytes(num_changed):
    full = full_memory(num_changed=num_changed)
    assert full.size_bytes <= 64 * 1024
    assert torch.equal(Memory.decode(full.encode()).slots, full.slots)

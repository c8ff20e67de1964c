"""A version-1 file, written once and frozen, must load for ever.

It was made by `Memory.create("golden-user", torch.arange(24.0).reshape(2, 3, 4) / 8, …).encode()`
with the values below; never write it again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import torch

from lpm.memory import Memory, SessionRecord
from lpm.types import SlotSource

FILE = Path(__file__).parent / "memory_v1.safetensors"


def test_the_frozen_file_loads_with_exactly_what_was_written():
    memory = Memory.load(FILE)
    assert torch.equal(memory.slots, torch.arange(24.0).reshape(2, 3, 4) / 8)
    assert memory.user == "golden-user"
    assert memory.provenance == (
        (SlotSource("s1", 0, 1.0),),
        (SlotSource("s1", 2, 0.75), SlotSource("s2", 4, 0.25)),
        (),
    )
    assert memory.sessions == (
        SessionRecord("s1", "11" * 32, datetime(2024, 1, 2, 3, 4, 5)),
        SessionRecord("s2", "22" * 32, None),
    )
    assert (memory.backbone, memory.projector, memory.version) == ("b0b0", "f0f0", 3)
    assert memory.created_at == datetime(2024, 1, 2, tzinfo=UTC)
    assert memory.updated_at == datetime(2024, 2, 3, tzinfo=UTC)


def test_writing_it_again_gives_the_same_bytes():
    assert Memory.load(FILE).encode() == FILE.read_bytes()

"""A model that writes all it is told, and memories in a home of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from lpm.model import LatentPersonalMemory
from lpm.store import open_store
from lpm.testing import tiny_backbone, tiny_model


@pytest.fixture(scope="module")
def model():
    made = tiny_model(tiny_backbone(), num_slots=8, trained=True)
    # A writer of random weights would leave out half of what is said.
    torch.nn.init.constant_(made.writer.chunk_scorer[-1].bias, 100.0)
    return made


@pytest.fixture
def memories(model, tmp_path: Path):
    with LatentPersonalMemory(open_store(tmp_path / "home"), model) as opened:
        yield opened

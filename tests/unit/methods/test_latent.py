"""The memory that is evaluated is the one that the product makes and reads."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch

from lpm.learning.self_study import StudyPair
from lpm.methods.contract import Request
from lpm.methods.latent import Latent, LatentSettings
from lpm.model import LatentPersonalMemory
from lpm.modeling import LPMModel
from lpm.store import open_store
from lpm.testing import superseding_model, tiny_backbone, tiny_model
from lpm.types import History, Message, Session, Turn

SAID = ("I live in a small flat in Lisbon.", "I have moved to a house in Porto.")
HISTORY = History(
    tuple(
        Session(
            f"s{month}",
            (Turn("user", text), Turn("assistant", "That sounds good.")),
            datetime(2024, month, 1, tzinfo=UTC),
        )
        for month, text in enumerate(SAID, 1)
    )
)
CHAT: list[Message] = [{"role": "user", "content": "When did I move to where I live?"}]


def evaluated(model: LPMModel, **settings: float) -> Latent:
    method = Latent(model, LatentSettings(**{"num_slots": model.config.num_slots, **settings}))
    method.prepare(HISTORY)
    return method


def remembered(model: LPMModel, home: Path, steps: int = 0) -> LatentPersonalMemory:
    memories = LatentPersonalMemory(open_store(home), model)
    memories.remember("ann", HISTORY, refine_steps=steps)
    return memories


@pytest.fixture(params=["asked about", "not asked about"])
def study(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give what the backbone asks itself: a question a chunk, or none."""
    asks = request.param == "asked about"
    monkeypatch.setattr(
        "lpm.learning.self_study.ask_and_answer",
        lambda backbone, chunks, config: [
            StudyPair(chunk, "Where do I live?", chunk.text.split()[-1]) for chunk in chunks * asks
        ],
    )


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize("steps", [0, 3])
def test_slots_are_those_that_the_product_stores(home: Path, steps: int) -> None:
    model = superseding_model()
    with remembered(model, home, steps) as memories:
        stored = memories.store.get("ann").slots
    assert stored.shape[1] == 2, "what holds now, and what did before"
    assert torch.equal(evaluated(model, refine_steps=steps).slots, stored)


@pytest.mark.usefixtures("study")
def test_steps_change_the_slots_by_the_learning_rate() -> None:
    model = superseding_model()
    written, *refined = (
        evaluated(model, refine_steps=steps, learning_rate=rate).slots
        for steps, rate in ((0, 0.02), (1, 0.02), (1, 0.2))
    )
    near, far = (float((slots - written).abs().max()) for slots in refined)
    assert 0 < near < far


def test_a_memory_has_as_many_slots_as_the_settings_allow() -> None:
    model = tiny_model(tiny_backbone())
    assert evaluated(model, num_slots=1).slots.shape[1] == 1
    assert evaluated(model, num_slots=2).slots.shape[1] == 2


@pytest.mark.parametrize("placement", ["message", "front"])
def test_a_request_is_read_as_the_product_reads_a_chat(home: Path, placement: str) -> None:
    model = superseding_model(placement=placement)
    with remembered(model, home) as memories:
        prompt, rows = memories.prepare("ann", CHAT, "memory", 8)
    (reading,) = evaluated(model).read([Request(tuple(CHAT))])
    assert reading.prompt == prompt
    assert torch.equal(reading.rows, rows)

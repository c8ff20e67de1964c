"""Keys are moved to where the questions look; values are not touched."""

from __future__ import annotations

import pytest
import torch

from lpm.errors import ConfigError
from lpm.learning.addressing import AddressingConfig, address_slots
from lpm.nn.projector import Projector, ProjectorConfig

SIZES = {"hidden_size": 16, "query_dim": 12, "num_heads": 4, "head_dim": 8, "mlp_dim": 8}


@pytest.fixture
def projector() -> Projector:
    torch.manual_seed(0)
    return Projector(
        ProjectorConfig(**SIZES, slot_dim=20, value_dim=12, attention_groups=1)  # type: ignore[arg-type]
    )


def attended(projector: Projector, slots: torch.Tensor, queries: torch.Tensor) -> list[int]:
    with torch.no_grad():
        attention = projector.attend(slots.expand(len(queries), -1, -1, -1), queries)
    assert (attention.argmax(dim=2) == attention.argmax(dim=2)[:, :1]).all()
    return attention[:, 0].argmax(dim=1).tolist()


def test_each_question_attends_to_the_slot_that_answers_it(projector: Projector) -> None:
    torch.manual_seed(1)
    slots, queries = torch.randn(1, 6, 20), torch.randn(6, 12)
    wanted = [3, 1, 4, 0, 5, 2]
    assert attended(projector, slots, queries) != wanted
    moved = address_slots(projector, slots, queries, wanted, AddressingConfig())
    assert attended(projector, moved, queries) == wanted


def test_values_stay_as_they_are_and_the_given_slots_too(projector: Projector) -> None:
    torch.manual_seed(1)
    slots, queries = torch.randn(1, 3, 20), torch.randn(3, 12)
    before = slots.clone()
    moved = address_slots(projector, slots, queries, [2, 0, 1], AddressingConfig(steps=5))
    assert torch.equal(slots, before)
    assert torch.equal(moved[..., :12], slots[..., :12])
    assert not torch.equal(moved[..., 12:], slots[..., 12:])


def test_no_steps_and_no_questions_leave_the_slots_alone(projector: Projector) -> None:
    slots = torch.randn(1, 3, 20)
    untouched = address_slots(projector, slots, torch.randn(1, 12), [0], AddressingConfig(steps=0))
    assert torch.equal(untouched, slots)
    assert torch.equal(
        address_slots(projector, slots, torch.zeros(0, 12), [], AddressingConfig()), slots
    )


def test_a_slot_that_is_not_there_is_refused(projector: Projector) -> None:
    with pytest.raises(ConfigError, match="one slot below 3"):
        address_slots(projector, torch.randn(1, 3, 20), torch.randn(1, 12), [3], AddressingConfig())


def test_keys_that_share_columns_with_values_are_refused() -> None:
    projector = Projector(ProjectorConfig(**SIZES, slot_dim=20))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="not apart from its values"):
        address_slots(projector, torch.randn(1, 3, 20), torch.randn(1, 12), [0], AddressingConfig())


def test_settings_that_cannot_work_are_refused() -> None:
    with pytest.raises(ConfigError, match="steps >= 0"):
        AddressingConfig(steps=-1)

"""Fit the keys alone, where it is known which slot answers which question.

Given question-answer pairs, the slot of each answer is known, so where to look needs no LLM: the
attention is a classifier of questions, and a hundred steps of it take less than one pass of the
frozen LLM. What to say (the values) is left to the fit by answers, `lpm.learning.fit`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from lpm.errors import ConfigError
from lpm.nn.projector import Projector

_LEAST = 1e-9


@dataclass(frozen=True)
class AddressingConfig:
    """steps and learning_rate of Adam on the keys."""

    steps: int = 100
    learning_rate: float = 0.05

    def __post_init__(self) -> None:
        if self.steps < 0 or self.learning_rate <= 0:
            raise ConfigError(
                "Addressing needs steps >= 0 and learning_rate > 0, but got "
                f"{self.steps} and {self.learning_rate}."
            )


def address_slots(
    projector: Projector,
    slots: Float[Tensor, "groups slots slot_dim"],
    queries: Float[Tensor, "questions query_dim"],
    slot_of: Sequence[int],
    config: AddressingConfig,
) -> Float[Tensor, "groups slots slot_dim"]:
    """Return the slots with keys moved so that each query attends to its slot.

    slot_of: the slot of each question. Values stay as they are. The loss is the mean negative
    logarithm of the attention that all heads give the right slot. Raises ConfigError when keys and
    values share columns, or when questions and slots do not match.
    """
    start = projector.config.key_start
    if start == 0:
        raise ConfigError(
            "The keys of this projector are not apart from its values (`value_dim` is None), so "
            "they cannot be moved alone; fit the slots by their answers instead."
        )
    if len(slot_of) != len(queries) or any(not 0 <= i < slots.shape[1] for i in slot_of):
        raise ConfigError(
            f"Addressing needs one slot below {slots.shape[1]} for each of {len(queries)} "
            f"questions, but got {len(slot_of)} slots."
        )
    values = slots[..., :start].detach()
    keys = slots[..., start:].detach().clone().requires_grad_(True)
    right = torch.tensor(list(slot_of), device=slots.device)
    rows = torch.arange(len(right), device=slots.device)
    optimiser = torch.optim.Adam([keys], lr=config.learning_rate)
    for _ in range(config.steps if len(right) else 0):
        moved = torch.cat([values, keys], dim=-1).expand(len(right), -1, -1, -1)
        attention = projector.attend(moved, queries)[rows, :, right]
        loss = -attention.clamp(min=_LEAST).log().mean()
        optimiser.zero_grad()
        loss.backward(inputs=[keys])
        optimiser.step()
    return torch.cat([values, keys.detach()], dim=-1)

"""Do explanations name the slots that matter? Removing them must hurt more than random ones."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from lpm.inspection.effects import removal_effects
from lpm.modeling import LPMModel

MASS = 0.5
RANDOM_DRAWS = 8


@dataclass(frozen=True)
class Faithfulness:
    """What one answer loses, in log-likelihood a token.

    named: slots the explanation names. of_named: the loss without them. of_random: the mean loss
    without as many slots drawn at random from all of the memory.
    """

    named: tuple[int, ...]
    of_named: float
    of_random: float


def named_slots(weights: Float[Tensor, " slots"], mass: float = MASS) -> tuple[int, ...]:
    """Return the fewest slots that hold this share of the attention, most used first."""
    order = weights.argsort(descending=True, stable=True)
    total = weights[order].cumsum(0)
    count = int((total < mass * float(weights.sum())).sum()) + 1
    return tuple(order[:count].tolist())


@torch.no_grad()
def faithfulness(
    model: LPMModel,
    slots: Float[Tensor, "groups slots slot_dim"],
    message: str,
    answer: str,
    *,
    seed: int = 0,
) -> Faithfulness:
    """Measure one answer; the same seed draws the same slots."""
    attention = model.projector.attend(slots[None], model.queries([message]))[0]
    named = named_slots(attention.mean(dim=0).cpu())
    generator = torch.Generator().manual_seed(seed)
    draws = [
        torch.randperm(slots.shape[1], generator=generator)[: len(named)].tolist()
        for _ in range(RANDOM_DRAWS)
    ]
    lost = removal_effects(model, slots, message, answer, [named, *draws])
    return Faithfulness(named, float(lost[0]), float(lost[1:].mean()))

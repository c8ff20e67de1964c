"""What a soft prompt is taught: the answer's tokens, or a teacher's distribution over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from lpm.learning.examples import AnswerLogits


@dataclass(frozen=True)
class Teacher:
    """The teacher's top-k distribution for every token of one answer."""

    tokens: Int[Tensor, "answer_tokens k"]
    probabilities: Float[Tensor, "answer_tokens k"]


def example_losses(
    scored: AnswerLogits, teachers: Sequence[Teacher | None]
) -> Float[Tensor, " batch"]:
    """Return each example's mean loss a token.

    Cross-entropy against the teacher's top-k distribution (renormalised) where there is one, which
    is its KL divergence plus a constant; against the answer's tokens elsewhere.
    """
    log_probabilities = functional.log_softmax(scored.logits, dim=-1)
    losses = -log_probabilities.gather(1, scored.targets[:, None])[:, 0]
    for index, teacher in enumerate(teachers):
        if teacher is None:
            continue
        of_example = scored.example == index
        picked = log_probabilities[of_example].gather(1, teacher.tokens.to(losses.device))
        weights = teacher.probabilities.to(losses.device)
        weights = weights / weights.sum(dim=1, keepdim=True)
        losses = losses.masked_scatter(of_example, -(weights * picked).sum(dim=1))
    totals = losses.new_zeros(len(teachers)).index_add(0, scored.example, losses)
    counts = losses.new_zeros(len(teachers)).index_add(0, scored.example, torch.ones_like(losses))
    return totals / counts.clamp(min=1)

"""Learn which messages ask for what held before, on cached hidden states, without the LLM."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from lpm.nn.past import Past


class PastLoss:
    """Cross-entropy of "asks for what held before" over a few questions.

    states: (tokens, layers, hidden) of each question, see `encode_queries`, without padding. past:
    whether it asks for what held before. dropout: of states, against learning by heart.
    """

    def __init__(
        self,
        head: Past,
        states: Sequence[Tensor],
        past: Sequence[bool],
        *,
        dropout: float = 0.5,
        rows: int = 96,
    ) -> None:
        self.head = head
        self.states = states
        self.past = torch.tensor([float(value) for value in past])
        self.dropout = dropout
        self.rows = rows

    def __call__(self, generator: torch.Generator) -> Tensor:
        """Return the loss of a random part of the questions."""
        chosen = torch.randint(0, len(self.states), (self.rows,), generator=generator)
        parts = [self.states[index].float() for index in chosen.tolist()]
        mask = pad_sequence([torch.ones(len(part)) for part in parts], batch_first=True) > 0
        states = pad_sequence(parts, batch_first=True)
        keep = torch.rand(states.shape, generator=generator) >= self.dropout
        logits = self.head.logits(states * keep / (1 - self.dropout), mask)
        return functional.binary_cross_entropy_with_logits(logits, self.past[chosen])

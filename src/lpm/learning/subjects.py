"""Learn what chunks are statements about, on cached features, without the LLM."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from lpm.nn.subject import Subject

SHARPNESS = 10.0
"""Factor of the cosines of two subjects before the softmax."""


class SubjectLoss:
    """Statements of one subject are alike, all others are not; some take an earlier one's place.

    about: what each statement's chunk is about, see `Writer.about`. subjects: names of what each is
    a statement about. replaces: whether it takes an earlier value's place, None where unknown.
    dropout: of features, against learning by heart.
    """

    def __init__(
        self,
        head: Subject,
        about: Float[Tensor, "statements seen"],
        subjects: Sequence[str],
        replaces: Sequence[bool | None],
        *,
        dropout: float = 0.5,
        rows: int = 384,
    ) -> None:
        self.head = head
        self.about = about
        number = {name: index for index, name in enumerate(dict.fromkeys(subjects))}
        self.subjects = torch.tensor([number[name] for name in subjects])
        self.known = torch.tensor([value is not None for value in replaces])
        self.replaces = torch.tensor([float(value or False) for value in replaces])
        self.dropout = dropout
        self.rows = rows

    def __call__(self, generator: torch.Generator) -> Tensor:
        """Return the loss of a random part of the statements."""
        chosen = torch.randperm(len(self.about), generator=generator)[: self.rows]
        keep = torch.rand(len(chosen), self.about.shape[1], generator=generator) >= self.dropout
        made = self.head(self.about[chosen] * keep / (1 - self.dropout))
        scores = made[:, :-1] @ made[:, :-1].T * SHARPNESS
        itself = torch.eye(len(chosen), dtype=torch.bool)
        same = (self.subjects[chosen][:, None] == self.subjects[chosen]) & ~itself
        lowest = float("-inf")
        paired = same.any(dim=1)
        every = torch.logsumexp(scores.masked_fill(itself, lowest), dim=1)
        right = torch.logsumexp(scores.masked_fill(~same, lowest), dim=1)
        known = self.known[chosen]
        return (every - right)[paired].mean() + functional.binary_cross_entropy_with_logits(
            made[known, -1], self.replaces[chosen][known]
        )

"""What a chunk is a statement about: two values of one thing meet, and nobody else's do."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

HIDDEN = 256


class Subject(nn.Module):
    """Say what each chunk is about, in a unit vector, and whether it takes an earlier one's place.

    Keys serve questions and leave much of a subject out. The last number is a logit: positive for
    "I have moved to Porto", negative for "I have taken up chess as well".
    """

    def __init__(self, seen: int, dim: int) -> None:
        """seen: width of what a chunk is about, in all layers together; dim: of the unit vector."""
        super().__init__()
        self.net = nn.Sequential(nn.Linear(seen, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, dim + 1))

    def forward(self, about: Float[Tensor, "chunks seen"]) -> Float[Tensor, "chunks subject_width"]:
        """Return the unit vectors, and the logit behind each."""
        made: Tensor = self.net(about)
        return torch.cat([functional.normalize(made[:, :-1], dim=-1), made[:, -1:]], dim=-1)


def likeness(
    newer: Float[Tensor, "newer subject_width"], older: Float[Tensor, "older subject_width"]
) -> Float[Tensor, "newer older"]:
    """Return the cosine of two chunks' subjects where the newer one takes a place, else -1."""
    alike = newer[:, :-1].float() @ older[:, :-1].float().T
    return torch.where(newer[:, -1:] > 0, alike, -1.0)

"""One vector of a text from the states of its tokens: layer-normalised, weighed, centred."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional


class Pooling(nn.Module):
    """Average a text's token states with learnt weights; a fresh one gives the plain mean.

    Most tokens of a question ("Do you remember which ...") say nothing of what it is about.
    """

    def __init__(self, width: int) -> None:
        """width: of all layers of a token together."""
        super().__init__()
        self.score = nn.Linear(width, 1)
        for weight in self.score.parameters():
            nn.init.zeros_(weight)

    def forward(
        self,
        states: Float[Tensor, "batch tokens layers hidden"],
        mask: Bool[Tensor, "batch tokens"],
    ) -> Float[Tensor, "batch layers hidden"]:
        """Return the weighed mean of the unmasked tokens; zeros for a text without any."""
        states = states.float()
        scores = self.score(states.flatten(-2))[..., 0].masked_fill(~mask, -1e4)
        weights = scores.softmax(dim=1) * mask
        return torch.einsum("bt,btlh->blh", weights, states)


def normalised(states: Float[Tensor, "*batch hidden"]) -> Float[Tensor, "*batch hidden"]:
    """Layer-normalise hidden states in float32, so that no layer's outlier widths dominate."""
    return functional.layer_norm(states.float(), (states.shape[-1],))


def centred(
    about: Float[Tensor, "*batch layers hidden"], centre: Float[Tensor, "layers hidden"]
) -> Float[Tensor, "*batch seen"]:
    """Take out what all texts have in common, normalise each layer, and join the layers."""
    return normalised(about - centre).flatten(-2)

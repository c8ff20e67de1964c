"""Does a message ask for what held before? One number behind e(x).

It is one more dimension of queries and keys: the key's is the mean of its columns, which is zero in
every slot as written and one in a slot that holds a former value.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

STRENGTH = 8.0
"""What a former value's score gains or loses at most against the present one's; a slot about
something else lies further behind."""


class Past(nn.Module):
    """Say how surely a message asks for a former value, by the tokens that say so.

    e(x) weighs tokens by what they say about the subject, to which "before" and "used to" add
    nothing; so these are weighed again.
    """

    def __init__(self, width: int) -> None:
        """width: of all layers of a token together."""
        super().__init__()
        self.weigh = nn.Linear(width, 1)
        self.say = nn.Linear(width, 1)

    def forward(
        self,
        states: Float[Tensor, "batch tokens layers hidden"],
        mask: Bool[Tensor, "batch tokens"],
    ) -> Float[Tensor, "batch 1"]:
        """Return what a former value's score gains: positive for questions about the past."""
        return STRENGTH * self.logits(states, mask)[:, None].tanh()

    def logits(
        self,
        states: Float[Tensor, "batch tokens layers hidden"],
        mask: Bool[Tensor, "batch tokens"],
    ) -> Float[Tensor, " batch"]:
        """Return the logit that a message asks for what held before."""
        seen = states.float().flatten(-2)
        weights = self.weigh(seen)[..., 0].masked_fill(~mask, -1e4).softmax(dim=1)
        return torch.einsum("bt,bt->b", weights, self.say(seen)[..., 0])

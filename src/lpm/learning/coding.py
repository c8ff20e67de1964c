"""Stage 1: codes that name tokens. Nothing is needed but the frozen embedding table.

The writer turns a token's embedding into a short code, and the projector turns the code back into
scores over the vocabulary (`lpm.nn.vocabulary`). Both are trained so that the right token wins.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from lpm.nn.projector import Projector
from lpm.nn.writer import Writer

TOKENS_PER_STEP = 1024
OTHER_TOKENS = 6144
# Codes are disturbed a little, so that a memory stored or averaged inexactly still says the same.
CODE_NOISE = 0.05
_RARE_RANK = 500.0


class CodeLoss:
    """Cross-entropy of the token that a code names, among the batch and a sample of others.

    Half of the tokens are drawn evenly and half by rank: token numbers of a byte-pair vocabulary
    are in order of merging, which is close to the order of frequency.
    """

    def __init__(
        self, writer: Writer, projector: Projector, table: Float[Tensor, "vocabulary hidden"]
    ) -> None:
        self.writer = writer
        self.projector = projector
        self.table = table.detach().float()
        by_rank = 1 / (torch.arange(len(table)) + _RARE_RANK)
        self.weights = by_rank / by_rank.sum() + 1 / len(table)

    def __call__(self, generator: torch.Generator) -> Tensor:
        """Return the loss of a fresh batch."""
        wanted = self.draw(TOKENS_PER_STEP, generator)
        others = torch.randint(0, len(self.table), (OTHER_TOKENS,), generator=generator)
        codes = self.writer.codes(self.table[wanted])
        codes = codes + CODE_NOISE * torch.randn(codes.shape, generator=generator)
        # All heads start equal and get the same gradient, so they stay equal.
        decoder = self.projector.w_v.mean(dim=0)
        choices = torch.cat([wanted, others])
        scores = codes @ (self.table[choices] @ decoder).t()
        same = choices[None, :] == wanted[:, None]
        same[torch.arange(len(wanted)), torch.arange(len(wanted))] = False
        return functional.cross_entropy(
            scores.masked_fill(same, float("-inf")), torch.arange(len(wanted))
        )

    def draw(self, count: int, generator: torch.Generator) -> Int[Tensor, " count"]:
        """Draw tokens, frequent ones more often."""
        return torch.multinomial(self.weights, count, replacement=True, generator=generator)

    @torch.no_grad()
    def named(self, count: int, seed: int = 0) -> float:
        """Return the share of drawn tokens that their code names among the whole vocabulary."""
        wanted = self.draw(count, torch.Generator().manual_seed(seed))
        keys = self.table @ self.projector.w_v.mean(dim=0)
        scores = self.writer.codes(self.table[wanted]) @ keys.t()
        return float((scores.argmax(dim=1) == wanted).float().mean())

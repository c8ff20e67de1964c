"""Start values that put the rows near real embeddings, where the frozen LLM can read them."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from lpm.nn.pooling import normalised
from lpm.nn.projector import Projector
from lpm.nn.writer import Writer

SAMPLE_ROWS = 20_000


def leading_directions(
    table: Float[Tensor, "vocabulary hidden"], count: int, *, seed: int = 0
) -> Float[Tensor, "hidden count"]:
    """Return the leading principal directions of an embedding table."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        sample = table[torch.randperm(len(table))[:SAMPLE_ROWS]].float()
        centred = sample - sample.mean(dim=0)
        _, _, directions = torch.pca_lowrank(centred, q=count, center=False, niter=3)
    return directions


@torch.no_grad()
def tie_to_embeddings(
    writer: Writer, projector: Projector, table: Float[Tensor, "vocabulary hidden"]
) -> None:
    """Make row h decode the code of the h-th kept token in the table's principal directions."""
    directions = leading_directions(normalised(table), writer.config.code_dim)
    writer.code.weight.copy_(directions.t())
    writer.code.bias.copy_(-(normalised(table).mean(dim=0) @ directions))
    projector.w_v.copy_(directions.expand_as(projector.w_v))

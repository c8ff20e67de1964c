"""Read slots back into words: the vocabulary nearest to the rows that a slot alone gives."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from lpm.modeling import LPMModel


@torch.no_grad()
def nearest_words(
    model: LPMModel, slots: Float[Tensor, "groups slots slot_dim"]
) -> list[tuple[str, ...]]:
    """Return, for every slot, the token nearest to each row it is read into when alone."""
    backbone = model.backbone
    table = functional.normalize(backbone.model.get_input_embeddings().weight.float(), dim=-1)
    count = slots.shape[1]
    alone = slots.permute(1, 0, 2)[:, :, None, :]
    full = torch.ones(count, model.projector.config.num_soft_tokens, 1)
    rows = functional.normalize(model.projector.rows(alone, full), dim=-1).to(table.device)
    nearest = torch.einsum("nhe,ve->nhv", rows, table).argmax(dim=-1)
    return [tuple(piece.strip() for piece in backbone.pieces(row)) for row in nearest.tolist()]

"""An MLP whose hidden layer is the backbone's vocabulary."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lpm.errors import ConfigError

# LayerNorm follows, so the scale says only how little of the input stays beside the embeddings.
OUTPUT_SCALE = 100.0
_BLOCK = 16_384
# Casting the table costs more than the products of a few rows with it.
_CAST_ONCE_BYTES = 256 * 1024 * 1024


class VocabularyMLP(nn.Module):
    """MLP(z) = scale · E^T softmax(E z), with E the frozen embedding table of the backbone.

    Both layers are tied to the table: there is nothing to train or ship, and the rows lie where the
    frozen LLM can read them. A z that points at one token gives that token's embedding; a z between
    tokens gives their mean.
    """

    def __init__(self) -> None:
        super().__init__()
        # In a list, so that the backbone's table is no parameter here and is never saved.
        self._table: list[Float[Tensor, "vocabulary hidden"]] = []

    def attach(self, table: Float[Tensor, "vocabulary hidden"]) -> None:
        """Use the backbone's embedding table from now on.

        A table of up to 256 MiB in float32 is kept so; of a larger one, a part at a time is cast.
        """
        small = 4 * table.numel() <= _CAST_ONCE_BYTES
        self._table = [table.detach().float() if small else table.detach()]

    @property
    def table(self) -> Float[Tensor, "vocabulary hidden"]:
        """Return the attached table; ConfigError without one."""
        if not self._table:
            raise ConfigError(
                "The projector's MLP is tied to a backbone's embeddings, but no backbone is "
                "attached; call `attach(Backbone.load(…))` on the model first."
            )
        return self._table[0]

    def forward(self, values: Float[Tensor, "*batch hidden"]) -> Float[Tensor, "*batch hidden"]:
        """Return the scaled mean embedding of the tokens that each value points at."""
        table = self.table
        flat = values.reshape(-1, values.shape[-1]).float().to(table.device)
        # Scores need float32: a bfloat16 product would round away what tells tokens apart.
        blocks = table.split(_BLOCK)
        scores = torch.cat([flat @ block.float().t() for block in blocks], dim=1)
        shares = scores.softmax(dim=1).split(_BLOCK, dim=1)
        read = sum(
            (share @ block.float() for share, block in zip(shares, blocks, strict=True)),
            start=flat.new_zeros(()),
        )
        return OUTPUT_SCALE * read.reshape(values.shape).to(values.device)

"""What e(x) is made of: the frozen backbone's states of a message's tokens.

e(x) decides which slots are read. Its learnt part, pooling and a hidden layer, is in
`lpm.modeling`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lpm.errors import ConfigError
from lpm.nn.pooling import normalised

if TYPE_CHECKING:
    from lpm.backbone import Backbone

QueryKind = Literal["embedding", "early-exit", "last-hidden"]
QUERY_KINDS: tuple[QueryKind, ...] = ("embedding", "early-exit", "last-hidden")


@torch.no_grad()
def encode_queries(
    backbone: Backbone, messages: Sequence[str], kind: QueryKind, layers: Sequence[int]
) -> tuple[Float[Tensor, "batch tokens layers hidden"], Bool[Tensor, "batch tokens"]]:
    """Return layer-normalised states and mask of each message's bare text, without any template.

    embedding: the input embeddings. early-exit: the hidden states after each of `layers`, 0 being
    the embeddings. last-hidden: the state of the last token alone, after all layers.
    """
    if kind not in QUERY_KINDS:
        raise ConfigError(f"Query encoder must be one of {QUERY_KINDS}, but is {kind!r}.")
    ids, mask = backbone.tokenize(messages, padding_side="right")
    if kind == "last-hidden":
        (states,) = backbone.hidden_states(ids, mask, [backbone.num_layers])
        last = mask.sum(dim=1).clamp(min=1) - 1
        chosen = states[torch.arange(len(messages)), last]
        return normalised(chosen)[:, None, None], mask.any(dim=1)[:, None]
    wanted = [0] if kind == "embedding" else list(layers)
    states_at = backbone.hidden_states(ids, mask, wanted)
    return torch.stack([normalised(part) for part in states_at], dim=2), mask


def query_width(kind: QueryKind, layers: Sequence[int]) -> int:
    """Return how many layers e(x) is made of."""
    return len(layers) if kind == "early-exit" else 1

"""e(x): the vector of a message that decides which slots are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from lpm.errors import ConfigError

if TYPE_CHECKING:
    from lpm.backbone import Backbone

QueryKind = Literal["embedding", "early-exit", "last-hidden"]
QUERY_KINDS: tuple[QueryKind, ...] = ("embedding", "early-exit", "last-hidden")


def masked_mean(
    states: Float[Tensor, "batch tokens hidden"], mask: Bool[Tensor, "batch tokens"]
) -> Float[Tensor, "batch hidden"]:
    """Average the states of the unmasked tokens."""
    weights = mask.to(states.dtype)[..., None]
    return (states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


def normalised(states: Float[Tensor, "*batch hidden"]) -> Float[Tensor, "*batch hidden"]:
    """Layer-normalise hidden states in float32, so that no layer's outlier widths dominate."""
    return functional.layer_norm(states.float(), (states.shape[-1],))


def encode_queries(
    backbone: Backbone, messages: list[str], kind: QueryKind, layer: int
) -> Float[Tensor, "batch hidden"]:
    """Return e(x) of each message, from its bare text without any chat template.

    embedding: mean of the input embeddings. early-exit: mean of the hidden states after `layer`
    layers. last-hidden: the last token's state after all layers.
    """
    if kind not in QUERY_KINDS:
        raise ConfigError(f"Query encoder must be one of {QUERY_KINDS}, but is {kind!r}.")
    ids, mask = backbone.tokenize(messages, padding_side="right")
    with torch.no_grad():
        if kind == "embedding":
            return masked_mean(normalised(backbone.embed(ids)), mask)
        if kind == "early-exit":
            return masked_mean(normalised(backbone.hidden_states(ids, mask, layer)), mask)
        states = backbone.hidden_states(ids, mask, backbone.num_layers)
        last = mask.sum(dim=1).clamp(min=1) - 1
        return normalised(states[torch.arange(len(messages)), last])

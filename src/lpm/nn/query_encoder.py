"""e(x): the vector of a message that decides which slots are read."""

from __future__ import annotations

from collections.abc import Sequence
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


def centred(
    about: Float[Tensor, "*batch layers hidden"], centre: Float[Tensor, "layers hidden"]
) -> Float[Tensor, "*batch query_dim"]:
    """Take out what all texts have in common, normalise each layer, and join the layers."""
    return normalised(about - centre).flatten(-2)


def encode_queries(
    backbone: Backbone, messages: Sequence[str], kind: QueryKind, layers: Sequence[int]
) -> Float[Tensor, "batch layers hidden"]:
    """Return e(x) of each message, from its bare text without any chat template.

    embedding: mean of the input embeddings. early-exit: mean of the hidden states after each of
    `layers`, 0 being the embeddings. last-hidden: the last token's state after all layers.
    """
    if kind not in QUERY_KINDS:
        raise ConfigError(f"Query encoder must be one of {QUERY_KINDS}, but is {kind!r}.")
    ids, mask = backbone.tokenize(messages, padding_side="right")
    if kind == "last-hidden":
        (states,) = backbone.hidden_states(ids, mask, [backbone.num_layers])
        last = mask.sum(dim=1).clamp(min=1) - 1
        return normalised(states[torch.arange(len(messages)), last])[:, None]
    wanted = [0] if kind == "embedding" else list(layers)
    with torch.no_grad():
        states_at = backbone.hidden_states(ids, mask, wanted)
        return torch.stack([masked_mean(normalised(part), mask) for part in states_at], dim=1)


def query_width(kind: QueryKind, layers: Sequence[int]) -> int:
    """Return how many layers e(x) is made of."""
    return len(layers) if kind == "early-exit" else 1

"""The writer: chunks of history in, slots out, in one pass and in any order.

Each chunk becomes one candidate slot: the codes of its most memorable tokens, in their order, and
a key that says what the chunk is about. A memory keeps the candidates of highest salience. Because
the top N of a union is the top N of the tops, sessions may be written one by one and in any order.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from lpm.errors import ConfigError
from lpm.nn.query_encoder import masked_mean, normalised


@dataclass(frozen=True)
class WriterConfig:
    """Sizes of a writer.

    hidden_size: width of the backbone. num_tokens: tokens that a slot holds. code_dim: width of a
    token's code. key_dim: width of the key. The slot is num_tokens x code_dim + key_dim wide.
    scorer_dim: hidden width of the salience networks.
    """

    hidden_size: int
    num_tokens: int = 12
    code_dim: int = 32
    key_dim: int = 64
    scorer_dim: int = 128

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not isinstance(value, int) or value < 1:
                raise ConfigError(f"`{name}` must be a positive integer, but is {value!r}.")

    @property
    def slot_dim(self) -> int:
        """Return the width of a slot."""
        return self.num_tokens * self.code_dim + self.key_dim


@dataclass(frozen=True)
class Candidates:
    """One candidate slot a chunk, with what made it."""

    slots: Float[Tensor, "chunks slot_dim"]
    salience: Float[Tensor, " chunks"]
    token_salience: Float[Tensor, "chunks tokens"]
    chosen: Tensor


class Writer(nn.Module):
    """Turn each chunk of a history into a candidate slot and say how memorable it is."""

    def __init__(self, config: WriterConfig) -> None:
        super().__init__()
        self.config = config
        width = config.hidden_size
        self.token_scorer = nn.Sequential(
            nn.Linear(2 * width, config.scorer_dim), nn.GELU(), nn.Linear(config.scorer_dim, 1)
        )
        self.chunk_scorer = nn.Sequential(
            nn.Linear(width, config.scorer_dim), nn.GELU(), nn.Linear(config.scorer_dim, 1)
        )
        self.code = nn.Linear(width, config.code_dim)
        self.context_code = nn.Linear(width, config.code_dim, bias=False)
        self.key = nn.Linear(width, config.key_dim)
        nn.init.zeros_(self.context_code.weight)
        # What all chunks have in common says nothing about any; measured before training.
        self.register_buffer("centre", torch.zeros(width))

    def forward(
        self,
        embeddings: Float[Tensor, "chunks tokens hidden"],
        hidden: Float[Tensor, "chunks tokens hidden"],
        mask: Bool[Tensor, "chunks tokens"],
    ) -> Candidates:
        """Return the candidate slots of chunks given by embeddings and hidden states."""
        states = normalised(hidden)
        embeddings = embeddings.float()
        scores = self.token_scorer(torch.cat([normalised(embeddings), states], dim=-1))[..., 0]
        scores = scores.masked_fill(~mask, -1e4)
        chosen = self._choose(scores)
        codes = self._codes(embeddings, states, scores, chosen)
        about = masked_mean(states, mask)
        slots = torch.cat([codes.flatten(1), self.keys(about)], dim=-1)
        return Candidates(slots, self.chunk_scorer(about)[:, 0], scores, chosen)

    def keys(self, about: Float[Tensor, "chunks hidden"]) -> Float[Tensor, "chunks key_dim"]:
        """Return the key of each chunk from the mean of its normalised hidden states."""
        key: Tensor = self.key(normalised(about - self.get_buffer("centre")))
        return key

    def _choose(self, scores: Tensor) -> Tensor:
        count = min(self.config.num_tokens, scores.shape[1])
        return scores.topk(count, dim=1).indices.sort(dim=1).values

    def _codes(self, embeddings: Tensor, states: Tensor, scores: Tensor, chosen: Tensor) -> Tensor:
        index = chosen[..., None].expand(-1, -1, embeddings.shape[-1])
        codes = self.code(embeddings.gather(1, index)) + self.context_code(states.gather(1, index))
        # The gate lets the answer's loss teach which tokens to keep; padding gets exactly zero.
        codes = codes * scores.gather(1, chosen).sigmoid()[..., None]
        missing = self.config.num_tokens - codes.shape[1]
        return torch.cat([codes, codes.new_zeros(len(codes), missing, codes.shape[2])], dim=1)

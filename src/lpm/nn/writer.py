"""The writer: chunks of history in, slots out, in one pass and in any order.

Each chunk becomes one candidate slot: the codes of its most memorable tokens, and a key that says
what the chunk is about. The tokens of a slot are ordered by role: what holds now; after a marker,
what held before; after another, why. A memory keeps the candidates of highest salience. Because the
top N of a union is the top N of the tops, sessions may be written one by one and in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from lpm.errors import ConfigError
from lpm.nn.pooling import Pooling, centred, normalised
from lpm.nn.subject import Subject


@dataclass(frozen=True)
class WriterConfig:
    """Sizes of a writer.

    hidden_size: width of the backbone. num_layers: layers whose hidden states it sees. key_layers,
    token_layers: which of these, by their place, say what a chunk is about, and which tokens of it
    are worth keeping; all by default. num_tokens: tokens that a slot holds. code_dim: width of a
    token's code. key_dim: width of the key. A slot is num_tokens x code_dim + key_dim wide.
    coder_dim, keyer_dim, scorer_dim: hidden widths of the networks that make codes, keys and
    salience. num_roles: roles of tokens, of which all but the first have a marker. subject_dim:
    width of what a chunk is a statement about, see `lpm.nn.subject`; 0 leaves it out.
    """

    hidden_size: int
    num_layers: int = 4
    num_tokens: int = 14
    code_dim: int = 28
    key_dim: int = 56
    coder_dim: int = 512
    keyer_dim: int = 384
    scorer_dim: int = 128
    num_roles: int = 1
    key_layers: tuple[int, ...] | None = None
    token_layers: tuple[int, ...] | None = None
    subject_dim: int = 0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if name.endswith("_layers") and name != "num_layers":
                self._check_places(name, value)
            elif not isinstance(value, int) or value < (0 if name == "subject_dim" else 1):
                raise ConfigError(f"`{name}` must be a positive integer, but is {value!r}.")

    def _check_places(self, name: str, places: tuple[int, ...] | None) -> None:
        if places is not None and not (places and all(0 <= p < self.num_layers for p in places)):
            raise ConfigError(
                f"`{name}` must be places below `num_layers` ({self.num_layers}), but is {places}."
            )

    @property
    def key_places(self) -> tuple[int, ...]:
        """Return the places of the layers that keys are made of."""
        return self.key_layers or tuple(range(self.num_layers))

    @property
    def token_places(self) -> tuple[int, ...]:
        """Return the places of the layers that tokens are chosen by."""
        return self.token_layers or tuple(range(self.num_layers))

    @property
    def slot_dim(self) -> int:
        """Return the width of a slot."""
        return self.num_tokens * self.code_dim + self.key_dim


@dataclass(frozen=True)
class Candidates:
    """One candidate slot a chunk; roles: of the tokens that it holds, -1 for those left out.

    subjects: what each is a statement about; zero wide where the writer does not tell.
    """

    slots: Float[Tensor, "chunks slot_dim"]
    salience: Float[Tensor, " chunks"]
    roles: Int[Tensor, "chunks tokens"]
    subjects: Float[Tensor, "chunks subject_width"]


class Writer(nn.Module):
    """Turn each chunk of a history into a candidate slot and say how memorable it is."""

    def __init__(self, config: WriterConfig) -> None:
        super().__init__()
        self.config = config
        width, seen = config.hidden_size, config.hidden_size * len(config.key_places)
        by_token = width * len(config.token_places)
        self.token_scorer = _network(by_token, config.scorer_dim, config.num_roles)
        self.chunk_scorer = _network(seen, config.scorer_dim, 1)
        self.pooling = Pooling(seen)
        self.code = nn.Linear(width, config.code_dim)
        self.code_detail = _network(width, config.coder_dim, config.code_dim)
        self.key = _network(seen, config.keyer_dim, config.key_dim)
        self.subject = Subject(seen, config.subject_dim) if config.subject_dim else None
        # Codes are linear at the start, where their directions are known.
        for weight in self.code_detail[2].parameters():
            nn.init.zeros_(weight)
        # What all chunks have in common says nothing about any; measured before training.
        self.register_buffer("centre", torch.zeros(len(config.key_places), width))
        self.markers = torch.zeros(config.num_roles - 1, width)

    def forward(
        self,
        embeddings: Float[Tensor, "chunks tokens hidden"],
        states: Float[Tensor, "chunks tokens layers hidden"],
        mask: Bool[Tensor, "chunks tokens"],
        words: Int[Tensor, "chunks tokens"] | None = None,
    ) -> Candidates:
        """Return the candidate slots of chunks given by embeddings and hidden states.

        words: the number of each token's word; a word is then kept whole or not at all.
        """
        scores = self.token_scores(states).masked_fill(~mask[..., None], -1e4)
        if words is not None:
            scores = by_word(scores, words)
        roles = choose(scores, self.config.num_tokens)
        about = self.about(states, mask)
        slots = torch.cat([self.packed(embeddings, roles).flatten(1), self.keys(about)], dim=-1)
        subjects = self.subject(about) if self.subject else about[:, :0]
        return Candidates(slots, self.chunk_scorer(about)[:, 0], roles, subjects)

    def about(
        self,
        states: Float[Tensor, "chunks tokens layers hidden"],
        mask: Bool[Tensor, "chunks tokens"],
    ) -> Float[Tensor, "chunks seen"]:
        """Return what each chunk is about: its pooled states in the key layers, centred."""
        return centred(self.pooled(states, mask), self.get_buffer("centre"))

    def pooled(
        self,
        states: Float[Tensor, "chunks tokens layers hidden"],
        mask: Bool[Tensor, "chunks tokens"],
    ) -> Float[Tensor, "chunks key_layers hidden"]:
        """Return one vector of each chunk in every key layer."""
        pooled: Tensor = self.pooling(states[..., list(self.config.key_places), :], mask)
        return pooled

    def token_scores(
        self, states: Float[Tensor, "*batch layers hidden"]
    ) -> Float[Tensor, "*batch roles"]:
        """Return the logits that a token is worth keeping, in each role."""
        seen = states[..., list(self.config.token_places), :]
        scores: Tensor = self.token_scorer(seen.float().flatten(-2))
        return scores

    def keys(self, about: Float[Tensor, "chunks seen"]) -> Float[Tensor, "chunks key_dim"]:
        """Return the key of each chunk; all keys are of one length, so none is loud for all."""
        return normalised(self.key(about))

    def codes(self, embeddings: Float[Tensor, "*batch hidden"]) -> Float[Tensor, "*batch code_dim"]:
        """Return the code of each token from its embedding."""
        token = normalised(embeddings)
        return functional.layer_norm(
            self.code(token) + self.code_detail(token), (self.config.code_dim,)
        )

    def packed(
        self,
        embeddings: Float[Tensor, "chunks tokens hidden"],
        roles: Int[Tensor, "chunks tokens"],
    ) -> Float[Tensor, "chunks num_tokens code_dim"]:
        """Return the codes of the kept tokens, arranged by role; unused places are zero."""
        config = self.config
        packed = torch.zeros(len(roles), config.num_tokens, config.code_dim)
        for index, row in enumerate(roles.tolist()):
            kept = [(role, place) for place, role in enumerate(row) if role >= 0]
            order = arrange(kept, config.num_tokens)
            if order:
                parts = [self.markers[-p - 1] if p < 0 else embeddings[index, p] for p in order]
                packed[index, : len(order)] = self.codes(torch.stack([p.float() for p in parts]))
        return packed


def choose(
    scores: Float[Tensor, "chunks tokens roles"], count: int
) -> Int[Tensor, "chunks tokens"]:
    """Return the role of the `count` best tokens of each chunk with a positive score, else -1."""
    best, role = scores.max(dim=-1)
    top = best.topk(min(count, best.shape[1]), dim=1).indices
    taken = torch.zeros_like(best, dtype=torch.bool).scatter(1, top, True) & (best > 0)
    return torch.where(taken, role, -1)


def by_word(
    scores: Float[Tensor, "chunks tokens roles"], words: Int[Tensor, "chunks tokens"]
) -> Float[Tensor, "chunks tokens roles"]:
    """Give each token the best score of its word."""
    index = words[..., None].expand_as(scores)
    best = torch.full_like(scores, -1e4).scatter_reduce(1, index, scores, "amax")
    return torch.where(scores > -1e4, best.gather(1, index), scores)


def arrange(kept: Sequence[tuple[int, int]], limit: int) -> list[int]:
    """Order (role, item) by role, a marker before every role but 0; markers are -1, -2, ….

    What does not fit into `limit` is left out, and no marker is left without anything behind it.
    """
    ordered: list[int] = []
    for role in sorted({role for role, _ in kept}):
        ordered += [-role] if role else []
        ordered += [item for r, item in kept if r == role]
    ordered = ordered[:limit]
    while ordered and ordered[-1] < 0:
        ordered.pop()
    return ordered


def _network(width: int, hidden: int, out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, out))

"""Stage 3: what to keep and where to look, learnt on cached hidden states, without the LLM.

Salience: which tokens and which chunks are worth a place in a memory. Retrieval: keys and queries,
so that a question attends to the chunk that answers it. The values that the LLM reads are fixed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from lpm.modeling import LPMModel


@dataclass(frozen=True)
class LookingUser:
    """One user with everything that does not change during training.

    ids, states, mask: the chunks, see `ChunkFeatures`. worth: the tokens worth keeping, by role.
    asked, asked_mask: the questions, see `encode_queries`. evidence: which chunks answer which
    question. facts: for each question what it is about, equal for like questions of different
    users; "" where that is not known. untold: questions about what this user never told.
    """

    ids: Int[Tensor, "chunks tokens"]
    states: Float[Tensor, "chunks tokens layers hidden"]
    mask: Bool[Tensor, "chunks tokens"]
    worth: Bool[Tensor, "chunks tokens roles"]
    asked: Float[Tensor, "questions asked_tokens key_layers hidden"]
    asked_mask: Bool[Tensor, "questions asked_tokens"]
    evidence: Bool[Tensor, "questions chunks"]
    facts: tuple[str, ...]
    untold: Bool[Tensor, " questions"]

    def to(self, device: torch.device) -> LookingUser:
        """Return the user with every tensor on a device."""
        tensors: dict[str, Any] = {
            field.name: value.to(device)
            for field in fields(self)
            if isinstance(value := getattr(self, field.name), Tensor)
        }
        return replace(self, **tensors)

    @property
    def kept(self) -> Bool[Tensor, " chunks"]:
        """Say which chunks hold anything worth keeping."""
        return self.worth.flatten(1).any(dim=1)


@torch.no_grad()
def measure_centres(model: LPMModel, users: Sequence[LookingUser]) -> None:
    """Set the centres of keys and queries to the means over users; do it before training."""
    about = torch.cat([model.writer.pooled(u.states, u.mask) for u in users])
    model.writer.get_buffer("centre").copy_(about.mean(dim=0))
    asked = torch.cat([model.query_pooling(u.asked, u.asked_mask) for u in users])
    model.get_buffer("query_centre").copy_(asked.mean(dim=0))


class LookingLoss:
    """Salience and retrieval over a few users; dropout: of features, against learning by heart."""

    def __init__(self, model: LPMModel, *, dropout: float = 0.3) -> None:
        self.model = model
        self.dropout = dropout

    def __call__(self, users: Sequence[LookingUser], generator: torch.Generator) -> Tensor:
        """Return the sum of the losses over a batch of users."""
        return self.salience(users) + self.retrieval(users, generator)

    def salience(self, users: Sequence[LookingUser]) -> Tensor:
        """Return the cross-entropy of what is worth keeping, by token and by chunk."""
        writer = self.model.writer
        scores = torch.cat([writer.token_scores(user.states[user.mask]) for user in users])
        labels = torch.cat([user.worth[user.mask] for user in users])
        chunks = [writer.chunk_scorer(writer.about(user.states, user.mask))[:, 0] for user in users]
        kept = torch.cat([user.kept for user in users])
        loss = functional.binary_cross_entropy_with_logits
        return loss(scores, labels.float()) + loss(torch.cat(chunks), kept.float())

    def retrieval(self, users: Sequence[LookingUser], generator: torch.Generator) -> Tensor:
        """Return minus the log of the attention on evidence, among the chunks of all users.

        Chunks of other users count as wrong unless they are about the same fact: a question then
        meets many more wrong chunks than one user has. With a sink, the attention within each
        user's own chunks is learnt as well: on evidence where there is any, on the sink where
        nothing was told.
        """
        scores, queries = self._scores(users, generator)
        evidence = torch.block_diag(*(user.evidence.float() for user in users)).bool()
        own = torch.block_diag(*(torch.ones_like(u.evidence, dtype=torch.float) for u in users))
        known = evidence.any(dim=1)
        own = own.bool()
        wrong = (own | ~_same_fact(users, evidence)) & ~evidence
        loss = _missed(scores[known], evidence[known], wrong[known])
        if self.model.projector.sink is None:
            return loss
        untold = torch.cat([user.untold for user in users])
        asked = known | untold
        with_sink = torch.cat([scores, self.model.projector.sink_scores(queries)], dim=1)
        right = torch.cat([evidence, untold[:, None]], dim=1)
        open_ = torch.cat([own, torch.ones_like(untold)[:, None]], dim=1)
        return loss + _missed(with_sink[asked], right[asked], (open_ & ~right)[asked])

    def _scores(
        self, users: Sequence[LookingUser], generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        model = self.model
        about = torch.cat([model.writer.about(user.states, user.mask) for user in users])
        asked = torch.cat([model.asked(user.asked, user.asked_mask) for user in users])
        keys = model.writer.keys(self._dropped(about, generator))
        queries: Tensor = model.query(self._dropped(asked, generator))
        projector = model.projector
        scores = (queries @ projector.w_q[0].t()) @ (keys @ projector.w_k[0].t()).t()
        return scores * projector.config.head_dim**-0.5, queries

    def _dropped(self, features: Tensor, generator: torch.Generator) -> Tensor:
        keep = torch.rand(features.shape, generator=generator) >= self.dropout
        return features * keep.to(features.device) / (1 - self.dropout)


def _missed(scores: Tensor, right: Tensor, wrong: Tensor) -> Tensor:
    """Return the mean of minus the log of the attention that falls on what is right."""
    lowest = float("-inf")
    every = torch.logsumexp(scores.masked_fill(~(right | wrong), lowest), dim=1)
    return (every - torch.logsumexp(scores.masked_fill(~right, lowest), dim=1)).mean()


def _same_fact(users: Sequence[LookingUser], evidence: Tensor) -> Tensor:
    """Return (questions, chunks): whether a chunk is evidence for any question of the same fact."""
    facts = [fact for user in users for fact in user.facts]
    number = {fact: index for index, fact in enumerate(dict.fromkeys(facts))}
    of = torch.tensor([number[fact] for fact in facts], device=evidence.device)
    told = torch.zeros(len(number), evidence.shape[1], device=evidence.device)
    told.index_add_(0, of, evidence.float())
    unknown = torch.tensor([fact == "" for fact in facts], device=evidence.device)
    return (told[of] > 0) & ~unknown[:, None]


@torch.no_grad()
def hit_rate(model: LPMModel, users: Sequence[LookingUser]) -> float:
    """Return the share of told questions whose best chunk, of those kept, is evidence."""
    hits = total = 0
    for user in users:
        about = model.writer.about(user.states, user.mask)
        count = min(model.config.num_slots, len(about))
        best = model.writer.chunk_scorer(about)[:, 0].topk(count).indices
        keys = model.writer.keys(about[best]) @ model.projector.w_k[0].t()
        queries = model.query(model.asked(user.asked, user.asked_mask))
        top = (queries @ model.projector.w_q[0].t() @ keys.t()).argmax(dim=1)
        hits += int(user.evidence[:, best].gather(1, top[:, None]).sum())
        total += int((~user.untold).sum())
    return hits / max(1, total)

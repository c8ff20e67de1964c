"""Train writer and projector together over many users (EVALUATION: splits by user).

Two stages. Without the LLM: which tokens and chunks are worth keeping, which slot answers which
question, and rows that resemble the kept tokens' embeddings. Then through the frozen LLM: the
answer's likelihood, with the first losses kept on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from lpm.learning.examples import AnswerScorer, Example
from lpm.learning.features import ChunkFeatures
from lpm.learning.losses import example_losses
from lpm.nn.projector import Projector
from lpm.nn.writer import Writer


@dataclass(frozen=True)
class TrainingUser:
    """One user with everything that does not change during training."""

    features: ChunkFeatures
    token_labels: Bool[Tensor, "chunks tokens"]
    queries: Float[Tensor, "questions query_dim"]
    examples: tuple[Example, ...]
    evidence: Bool[Tensor, "questions chunks"]


@dataclass(frozen=True)
class JointConfig:
    """Settings of joint training; steps count optimiser steps."""

    num_slots: int = 32
    users_per_step: int = 8
    questions_per_user: int = 4
    auxiliary_weight: float = 0.3


@dataclass
class Written:
    """Memories of a few users, written in one pass."""

    slots: Float[Tensor, "users slots slot_dim"]
    mask: Bool[Tensor, "users slots"]
    chunk_of_slot: list[Tensor] = field(default_factory=list)


def write_batch(
    writer: Writer, table: Tensor, users: Sequence[TrainingUser], num_slots: int
) -> tuple[Written, Tensor]:
    """Write the memories of `users`; return them and the writer's own losses (salience)."""
    rows, chunk_lists, losses = [], [], []
    for user in users:
        features = user.features
        made = writer(table[features.ids], features.hidden, features.mask)
        losses.append(_salience_loss(made.token_salience, made.salience, user))
        kept = made.salience.topk(min(num_slots, len(made.salience))).indices.sort().values
        rows.append(made.slots[kept])
        chunk_lists.append(kept)
    width = max(len(row) for row in rows)
    slots = rows[0].new_zeros(len(rows), width, rows[0].shape[1])
    mask = torch.zeros(len(rows), width, dtype=torch.bool)
    for index, row in enumerate(rows):
        slots[index, : len(row)] = row
        mask[index, : len(row)] = True
    return Written(slots, mask, chunk_lists), torch.stack(losses).mean()


def _salience_loss(tokens: Tensor, chunks: Tensor, user: TrainingUser) -> Tensor:
    mask = user.features.mask
    per_token = functional.binary_cross_entropy_with_logits(
        tokens[mask], user.token_labels[mask].float()
    )
    worth = user.token_labels.any(dim=1).float()
    return per_token + functional.binary_cross_entropy_with_logits(chunks, worth)


def evidence_slots(user: TrainingUser, questions: Tensor, kept: Tensor, width: int) -> Tensor:
    """Return (questions, width): which slots hold the evidence of each question."""
    found = torch.zeros(len(questions), width, dtype=torch.bool)
    found[:, : len(kept)] = user.evidence[questions][:, kept]
    return found


def retrieval_loss(attention: Tensor, evidence: Tensor) -> Tensor:
    """Return minus the log of the attention that lies on evidence, over heads and questions."""
    held = (attention * evidence[:, None, :]).sum(dim=-1)
    known = evidence.any(dim=-1)
    if not known.any():
        return attention.sum() * 0
    return -(held[known] + 1e-6).log().mean()


def likeness_loss(
    projector: Projector,
    writer: Writer,
    table: Tensor,
    users: Sequence[TrainingUser],
    generator: torch.Generator,
) -> Tensor:
    """Ask that row h, read from one slot alone, resembles the embedding of its h-th kept token."""
    ids, hidden, mask = [], [], []
    for user in users:
        worth = user.token_labels.any(dim=1).nonzero()[:, 0]
        take = worth[torch.randperm(len(worth), generator=generator)[:6]]
        for index in take:
            length = int(user.features.mask[index].sum())
            ids.append(user.features.ids[index, :length])
            hidden.append(user.features.hidden[index, :length])
            mask.append(torch.ones(length, dtype=torch.bool))
    pad = torch.nn.utils.rnn.pad_sequence
    all_ids, all_mask = pad(ids, batch_first=True), pad(mask, batch_first=True)
    made = writer(table[all_ids], pad(hidden, batch_first=True), all_mask)
    alone = torch.ones(len(ids), projector.config.num_soft_tokens, 1)
    rows = projector.rows(made.slots[:, None, None, :], alone)[:, : made.chosen.shape[1]]
    real = all_mask.gather(1, made.chosen)
    wanted = all_ids.gather(1, made.chosen)[real]
    others = torch.randint(0, len(table), (1024,), generator=generator)
    choices = functional.normalize(table[torch.cat([wanted, others])].float(), dim=-1)
    near = functional.normalize(rows[real], dim=-1) @ choices.t()
    same = torch.cat([wanted, others])[None, :] == wanted[:, None]
    # Equal tokens elsewhere in the batch are no wrong choices.
    own = torch.eye(len(wanted), len(choices), dtype=torch.bool)
    near = near.masked_fill(same & ~own, -1.0)
    cosine = 1 - near.diagonal().mean()
    return functional.cross_entropy(20 * near, torch.arange(len(wanted))) * 0.3 + cosine


def _told_where(attention: Tensor, evidence: Tensor) -> Tensor:
    """Replace the attention of questions with known evidence by an even share on it.

    What to say and where to look are then learnt apart: an answer read from the right slot teaches
    the values from the first step on, while retrieval has a loss of its own.
    """
    shares = evidence.float() / evidence.sum(dim=1, keepdim=True).clamp(min=1)
    known = evidence.any(dim=1)[:, None, None]
    return torch.where(known, shares[:, None, :].expand_as(attention), attention)


@dataclass(frozen=True)
class StepLosses:
    """The losses of one step, for logs."""

    total: Tensor
    salience: float
    retrieval: float
    likeness: float
    answer: float


def joint_step(
    writer: Writer,
    projector: Projector,
    table: Tensor,
    users: Sequence[TrainingUser],
    config: JointConfig,
    generator: torch.Generator,
    scorer: AnswerScorer | None,
) -> StepLosses:
    """Compute the losses of one batch of users; scorer None leaves the LLM out."""
    written, salience = write_batch(writer, table, users, config.num_slots)
    owners, questions, evidence = [], [], []
    for index, user in enumerate(users):
        count = config.questions_per_user if scorer else len(user.examples)
        chosen = torch.randperm(len(user.examples), generator=generator)[:count]
        owners += [index] * len(chosen)
        questions += [(user, int(q)) for q in chosen]
        kept = written.chunk_of_slot[index]
        evidence.append(evidence_slots(user, chosen, kept, written.mask.shape[1]))
    owner = torch.tensor(owners)
    query = torch.stack([user.queries[q] for user, q in questions])
    slots = written.slots[owner][:, None]
    attention = projector.attend(slots, query, written.mask[owner])
    held = torch.cat(evidence)
    retrieval = retrieval_loss(attention, held)
    likeness = likeness_loss(projector, writer, table, users, generator)
    total = salience + retrieval + likeness
    answer = torch.zeros(())
    if scorer:
        rows = projector.rows(slots, _told_where(attention, held))
        examples = [user.examples[q] for user, q in questions]
        answer = example_losses(scorer(examples, rows), [None] * len(examples)).mean()
        total = answer + config.auxiliary_weight * total
    return StepLosses(
        total, *(float(part.detach()) for part in (salience, retrieval, likeness, answer))
    )

"""Teach only where to look: keys and queries, with everything that the LLM reads held fixed.

A slot is [content; key] and the values do not read the key, so retrieval can be trained on cached
means of hidden states alone, thousands of questions a second, and no answer changes but by reading
better slots.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lpm.chunking import Chunk
from lpm.learning.features import chunk_features
from lpm.learning.joint import TrainingUser, retrieval_loss
from lpm.modeling import LPMModel
from lpm.nn.query_encoder import encode_queries, masked_mean, normalised


@dataclass(frozen=True)
class RetrievalUser:
    """What retrieval needs of one user: kept chunks, their content, questions and evidence."""

    about: Float[Tensor, "slots hidden"]
    content: Float[Tensor, "slots content"]
    queries: Float[Tensor, "questions query_dim"]
    evidence: Bool[Tensor, "questions slots"]


@torch.no_grad()
def retrieval_user(model: LPMModel, user: TrainingUser) -> RetrievalUser:
    """Reduce a training user to its kept chunks, as the writer stands now."""
    features = user.features
    embeddings = model.backbone.embed(features.ids.to(model.backbone.device)).cpu()
    made = model.writer(embeddings, features.hidden, features.mask)
    kept = made.salience.topk(min(model.config.num_slots, len(made.salience))).indices
    about = masked_mean(normalised(features.hidden), features.mask)
    width = model.writer.config.key_dim
    return RetrievalUser(
        about[kept], made.slots[kept, :-width], user.queries, user.evidence[:, kept]
    )


def train_retrieval(
    model: LPMModel,
    users: Sequence[RetrievalUser],
    *,
    steps: int,
    rate: float = 1e-3,
    users_per_step: int = 8,
    seed: int = 0,
) -> list[float]:
    """Train key, W_Q and W_K; return the loss of every step."""
    generator = torch.Generator().manual_seed(seed)
    trained = [*model.writer.key.parameters(), model.projector.w_q, model.projector.w_k]
    optimiser = torch.optim.AdamW(trained, lr=rate, weight_decay=0.05)
    losses = []
    for step in range(steps):
        chosen = torch.randperm(len(users), generator=generator)[:users_per_step].tolist()
        total = torch.stack([_loss(model, users[index]) for index in chosen]).mean()
        optimiser.param_groups[0]["lr"] = rate * max(0.02, 1 - step / steps)
        optimiser.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        losses.append(float(total.detach()))
    return losses


def _loss(model: LPMModel, user: RetrievalUser) -> Tensor:
    return retrieval_loss(attention_of(model, user), user.evidence)


def attention_of(model: LPMModel, user: RetrievalUser) -> Float[Tensor, "questions heads slots"]:
    """Return the attention of a user's questions over the kept chunks."""
    slots = torch.cat([user.content, model.writer.keys(user.about)], dim=1)
    every = slots[None, None].expand(len(user.queries), -1, -1, -1)
    return model.projector.attend(every, user.queries)


@torch.no_grad()
def hit_rate(model: LPMModel, users: Sequence[RetrievalUser]) -> float:
    """Return the share of questions whose most attended slot is evidence."""
    hits = total = 0
    for user in users:
        top = attention_of(model, user).mean(dim=1).argmax(dim=1)
        hits += int(user.evidence.gather(1, top[:, None]).sum())
        total += len(user.queries)
    return hits / max(1, total)


@torch.no_grad()
def measure_centres(model: LPMModel, chunks: Sequence[Chunk], questions: Sequence[str]) -> None:
    """Set the centres of keys and queries to the means over examples; do it before training."""
    config = model.config
    features = chunk_features(model.backbone, chunks, config.query_layer)
    about = masked_mean(normalised(features.hidden), features.mask)
    model.writer.get_buffer("centre").copy_(about.mean(dim=0))
    asked = encode_queries(model.backbone, list(questions), config.query_kind, config.query_layer)
    model.get_buffer("query_centre").copy_(asked.mean(dim=0))

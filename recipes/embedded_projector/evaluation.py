"""Score a model in training: own against swapped memories of users it never met."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from prepare import from_synthetic

from lpm.backbone import Backbone
from lpm.benchmarks.synthetic import SyntheticUser, generate_user, is_right
from lpm.learning.joint import write_batch
from lpm.methods.answering import answer_questions
from lpm.modeling import LPMModel

VALIDATION_SEED = 10_000_000


def validation_users(count: int) -> list[SyntheticUser]:
    """Return users of the training split's world, of seeds that no training user has.

    The test split stays untouched until the final benchmark.
    """
    return [generate_user(VALIDATION_SEED + index, "train") for index in range(count)]


@torch.no_grad()
def evaluate(
    model: LPMModel, backbone: Backbone, users: Sequence[SyntheticUser]
) -> dict[str, float]:
    """Answer every question from the user's own and from another user's memory.

    kept: share of questions whose evidence is in a slot. retrieved: share whose most attended slot
    is evidence.
    """
    table = backbone.model.get_input_embeddings().weight.detach().cpu()
    prepared = [from_synthetic(model, user) for user in users]
    written, _ = write_batch(model.writer, table, prepared, model.config.num_slots)
    right, kept, retrieved, total = {"own": 0, "swapped": 0}, 0, 0, 0
    for index, (user, ready) in enumerate(zip(users, prepared, strict=True)):
        first = len(user.practice)
        queries, texts = ready.queries[first:], [q.question for q in user.questions]
        total += len(texts)
        for kind, source in (("own", index), ("swapped", (index + 1) % len(users))):
            slots = written.slots[source][None, None].expand(len(queries), -1, -1, -1)
            mask = written.mask[source][None].expand(len(queries), -1)
            rows, attention = model.projector(slots, queries, mask)
            said = answer_questions(backbone, texts, rows)
            right[kind] += sum(is_right(t, q) for t, q in zip(said, user.questions, strict=True))
            if kind == "own":
                held = ready.evidence[first:][:, written.chunk_of_slot[index]]
                top = attention.mean(dim=1)[:, : held.shape[1]].argmax(dim=-1)
                kept += int(held.any(dim=1).sum())
                retrieved += int(held.gather(1, top[:, None])[:, 0].sum())
    return {
        "own": right["own"] / total,
        "swapped": right["swapped"] / total,
        "kept": kept / total,
        "retrieved": retrieved / total,
        "n": total,
    }

"""What a slot does to an answer: the likelihood with the slot, and without it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lpm.errors import InputError
from lpm.learning.examples import AnswerScorer, build_example
from lpm.learning.losses import example_losses
from lpm.modeling import LPMModel

ROWS_AT_ONCE = 64


@torch.no_grad()
def answer_likelihoods(
    model: LPMModel,
    slots: Float[Tensor, "groups slots slot_dim"],
    message: str,
    answer: str,
    kept: Bool[Tensor, "memories slots"],
    *,
    about: str | None = None,
) -> Float[Tensor, " memories"]:
    """Return the mean log-likelihood a token of an answer, read from each choice of slots.

    kept: the slots each memory has left; a memory with none reads no rows. about: what the slots
    are read for, the message by default. Raises InputError for an answer without tokens.
    """
    example = build_example(model.backbone, message, answer, model.config.placement)
    if len(example.answer) < 2:
        raise InputError("The answer has no tokens, so nothing can be said of it; give its text.")
    scorer = AnswerScorer(model.backbone)
    query = model.queries([message if about is None else about])
    likelihoods = torch.zeros(len(kept))
    some = kept.any(dim=1)
    for with_rows in (True, False):
        chosen = (some if with_rows else ~some).nonzero()[:, 0]
        for part in chosen.split(ROWS_AT_ONCE) if len(chosen) else ():
            if with_rows:
                shared = slots[None].expand(len(part), -1, -1, -1)
                rows, _ = model.projector(shared, query.expand(len(part), -1), kept[part])
            else:
                rows = torch.zeros(len(part), 0, model.backbone.hidden_size)
            scored = scorer([example] * len(part), rows)
            likelihoods[part] = -example_losses(scored, [None] * len(part)).float().cpu()
    return likelihoods


def slot_effects(
    model: LPMModel,
    slots: Float[Tensor, "groups slots slot_dim"],
    message: str,
    answer: str,
    *,
    about: str | None = None,
) -> Float[Tensor, " slots"]:
    """Return how much log-likelihood a token the answer loses when each slot is left out.

    Positive: the slot helps the answer. about: what the slots are read for, the message by default.
    Raises InputError for an answer without tokens.
    """
    count = slots.shape[1]
    kept = torch.ones(count + 1, count, dtype=torch.bool)
    kept[torch.arange(count), torch.arange(count)] = False
    found = answer_likelihoods(model, slots, message, answer, kept, about=about)
    return found[-1] - found[:-1]


def removal_effects(
    model: LPMModel,
    slots: Float[Tensor, "groups slots slot_dim"],
    message: str,
    answer: str,
    removed: Sequence[Sequence[int]],
) -> Float[Tensor, " removals"]:
    """Return how much log-likelihood a token the answer loses by each set of slots removed."""
    kept = torch.ones(len(removed) + 1, slots.shape[1], dtype=torch.bool)
    for index, numbers in enumerate(removed):
        kept[index, list(numbers)] = False
    found = answer_likelihoods(model, slots, message, answer, kept)
    return found[-1] - found[:-1]

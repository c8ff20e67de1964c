"""Read slots back into words: the vocabulary nearest to the rows that a slot alone gives."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from lpm.backbone import Backbone
from lpm.modeling import LPMModel

_WORD_MARKS = ("Ġ", "▁")
"""How byte-level and SentencePiece tokenizers mark a token that begins a word."""


@torch.no_grad()
def nearest_words(
    model: LPMModel, slots: Float[Tensor, "groups slots slot_dim"]
) -> list[tuple[str, ...]]:
    """Return, for every slot, the words nearest to the rows it is read into when alone.

    The token nearest to each row, with those that only go on a word joined to the one before. Heads
    whose slice of a slot is empty say nothing and are left out.
    """
    backbone = model.backbone
    table = functional.normalize(backbone.model.get_input_embeddings().weight.float(), dim=-1)
    count = slots.shape[1]
    alone = slots.permute(1, 0, 2)[:, :, None, :]
    sizes = model.projector.config
    rows = model.projector.rows(alone, torch.ones(count, sizes.num_heads, 1))
    # The constant rows around those of the heads say nothing about the slot.
    rows = rows[:, sizes.rows_before : sizes.rows_before + sizes.num_heads]
    rows = functional.normalize(rows, dim=-1).to(table.device)
    nearest = torch.einsum("nhe,ve->nhv", rows, table).argmax(dim=-1)
    said = _said(model, slots)
    return [
        _words(backbone, [t for t, s in zip(row, own, strict=True) if s])
        for row, own in zip(nearest.tolist(), said, strict=True)
    ]


def _words(backbone: Backbone, tokens: list[int]) -> tuple[str, ...]:
    """Join the tokens of one word, where the tokenizer marks those that begin one."""
    marked = [
        str(token).startswith(_WORD_MARKS)
        for token in backbone.tokenizer.convert_ids_to_tokens(tokens)
    ]
    words: list[str] = []
    for piece, begins in zip(backbone.pieces(tokens), marked, strict=True):
        if begins or not words or not any(marked):
            words.append(piece.strip())
        else:
            words[-1] += piece.strip()
    return tuple(words)


def _said(model: LPMModel, slots: Tensor) -> list[list[bool]]:
    """Say for each slot and head whether the head has anything to read there."""
    sizes = model.projector.config
    if not sizes.sliced:
        return [[True] * sizes.num_heads for _ in range(slots.shape[1])]
    slices = slots[0, :, : sizes.value_width].unflatten(-1, (sizes.num_heads, sizes.head_width))
    filled: list[list[bool]] = slices.abs().amax(dim=-1).gt(0).tolist()
    return filled

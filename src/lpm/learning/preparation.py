"""Turn a user's chunks and questions into a training user: everything frozen, computed once."""

from __future__ import annotations

import re
from collections.abc import Sequence

import torch
from jaxtyping import Bool
from torch import Tensor
from torch.nn import functional

from lpm.backbone import Backbone
from lpm.chunking import Chunk
from lpm.learning.features import MAX_CHUNK_TOKENS, chunk_features
from lpm.learning.looking import LookingUser
from lpm.modeling import LPMModel
from lpm.nn.query_encoder import encode_queries
from lpm.nn.writer import arrange

_QUESTIONS_AT_ONCE = 64

Worth = tuple[str, int]
"""A string that is worth remembering, and its role: 0 holds now, 1 held before, 2 says why."""


def looking_user(
    model: LPMModel,
    chunks: Sequence[Chunk],
    worth: Sequence[Sequence[Worth]],
    questions: Sequence[str],
    evidence: Bool[Tensor, "questions chunks"],
    facts: Sequence[str] | None = None,
    untold: Sequence[str] = (),
) -> LookingUser:
    """Compute features, token labels and e(x).

    worth: for each chunk, what in it is worth remembering; nothing for small talk.
    evidence: which chunks answer which question. facts: see `LookingUser`. untold: further
    questions, about what this user never told.
    """
    backbone, config = model.backbone, model.config
    features = chunk_features(backbone, chunks, config.seen_layers)
    labels = torch.stack(
        [
            label_roles(backbone, ids, mask, spans, model.writer.config.num_roles)
            for ids, mask, spans in zip(features.ids, features.mask, worth, strict=True)
        ]
    )
    every = [*questions, *untold]
    asked, asked_mask = _asked(model, every)
    told_facts = tuple(facts) if facts is not None else ("",) * len(questions)
    return LookingUser(
        features.ids,
        features.states.bfloat16(),
        features.mask,
        labels,
        asked,
        asked_mask,
        torch.cat([evidence, evidence.new_zeros(len(untold), len(chunks))]),
        told_facts + ("",) * len(untold),
        torch.tensor([False] * len(questions) + [True] * len(untold)),
    )


def _asked(model: LPMModel, questions: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Return states and mask of all questions, padded to the longest."""
    config, parts = model.config, []
    for start in range(0, len(questions), _QUESTIONS_AT_ONCE):
        some = questions[start : start + _QUESTIONS_AT_ONCE]
        parts.append(encode_queries(model.backbone, some, config.query_kind, config.layers))
    width = max(mask.shape[1] for _, mask in parts)
    padded = [functional.pad(s.cpu(), (0, 0, 0, 0, 0, width - s.shape[1])) for s, _ in parts]
    masks = [functional.pad(mask.cpu(), (0, width - mask.shape[1])) for _, mask in parts]
    return torch.cat(padded).bfloat16(), torch.cat(masks)


def label_roles(
    backbone: Backbone,
    ids: Tensor,
    mask: Bool[Tensor, " tokens"],
    spans: Sequence[Worth],
    num_roles: int,
) -> Bool[Tensor, "tokens roles"]:
    """Mark the tokens of each role; a writer of one role keeps all in it."""
    roles = [
        [text for text, role in spans if min(role, num_roles - 1) == r] for r in range(num_roles)
    ]
    return torch.stack([label_tokens(backbone, ids, mask, part) for part in roles], dim=-1)


def label_tokens(
    backbone: Backbone,
    ids: Tensor,
    mask: Bool[Tensor, " tokens"],
    spans: Sequence[str],
) -> Bool[Tensor, " tokens"]:
    """Mark the tokens that overlap one of the spans, whatever their case."""
    pieces = backbone.pieces(ids[mask].tolist())
    starts, text = [], ""
    for piece in pieces:
        starts.append(len(text))
        text += piece
    marked = torch.zeros(len(ids), dtype=torch.bool)
    for span in spans:
        for found in re.finditer(re.escape(span), text, re.IGNORECASE):
            for index, (start, piece) in enumerate(zip(starts, pieces, strict=True)):
                overlaps = start < found.end() and start + len(piece) > found.start()
                if overlaps and piece.strip():
                    marked[index] = True
    return marked


def worthy_tokens(model: LPMModel, text: str, spans: Sequence[Worth]) -> tuple[int, ...]:
    """Return the tokens that a slot of this text should hold, arranged as the writer does."""
    encoded = model.backbone.tokenizer.encode(" " + text, add_special_tokens=False)
    ids = torch.tensor(encoded[:MAX_CHUNK_TOKENS], dtype=torch.long)
    mask = torch.ones(len(ids), dtype=torch.bool)
    labels = label_roles(model.backbone, ids, mask, spans, model.writer.config.num_roles)
    roles = torch.where(labels.any(dim=-1), labels.int().argmax(dim=-1), -1).tolist()
    kept = [(role, place) for place, role in enumerate(roles) if role >= 0]
    order = arrange(kept, model.config.tokens_per_slot)
    return tuple(model.config.markers[-p - 1] if p < 0 else encoded[p] for p in order)

"""Turn a user's chunks and questions into a training user: everything frozen, computed once."""

from __future__ import annotations

import re
from collections.abc import Sequence

import torch
from jaxtyping import Bool
from torch import Tensor

from lpm.backbone import Backbone
from lpm.chunking import Chunk
from lpm.learning.examples import build_example
from lpm.learning.features import ChunkFeatures, chunk_features
from lpm.learning.joint import TrainingUser
from lpm.modeling import LPMModel
from lpm.types import QuestionAnswer


def training_user(
    model: LPMModel,
    chunks: Sequence[Chunk],
    worth: Sequence[Sequence[str]],
    questions: Sequence[QuestionAnswer],
    evidence: Bool[Tensor, "questions chunks"],
) -> TrainingUser:
    """Compute features, token labels, e(x) and prompts.

    worth: for each chunk, the strings in it that are worth remembering; none for small talk.
    evidence: which chunks answer which question.
    """
    backbone = model.backbone
    features = chunk_features(backbone, chunks, model.config.query_layer)
    features = ChunkFeatures(features.ids, features.hidden.bfloat16(), features.mask)
    labels = torch.stack(
        [
            label_tokens(backbone, ids, mask, spans)
            for ids, mask, spans in zip(features.ids, features.mask, worth, strict=True)
        ]
    )
    queries = model.queries([q.question for q in questions])
    examples = tuple(build_example(backbone, q.question, q.answer) for q in questions)
    return TrainingUser(features, labels, queries.cpu(), examples, evidence)


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

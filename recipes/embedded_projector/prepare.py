"""Turn synthetic users into training users: everything frozen is computed here, once.

    python recipes/embedded_projector/prepare.py --users 1200 --out runs/users
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from lpm.backbone import EMBEDDED, Backbone
from lpm.benchmarks.synthetic import SyntheticQuestion, SyntheticUser, generate_user
from lpm.chunking import Chunk, chunk_history
from lpm.learning.examples import build_example
from lpm.learning.features import ChunkFeatures, chunk_features
from lpm.learning.joint import TrainingUser
from lpm.nn.query_encoder import encode_queries

QUERY_LAYER = 8


def training_user(
    backbone: Backbone, chunks: Sequence[Chunk], labels: dict[tuple[str, int], tuple[str, ...]],
    questions: Sequence[SyntheticQuestion], layer: int,
) -> TrainingUser:
    """Compute features, labels, e(x) and prompts of one user's chunks and questions."""
    features = chunk_features(backbone, chunks, layer)
    features = ChunkFeatures(features.ids, features.hidden.bfloat16(), features.mask)
    token_labels = torch.stack(
        [
            label_tokens(backbone, row, mask, labels.get((chunk.session_id, chunk.turn), ()))
            for chunk, row, mask in zip(chunks, features.ids, features.mask, strict=True)
        ]
    )
    evidence = torch.tensor(
        [[_holds(chunk, question) for chunk in chunks] for question in questions]
    )
    queries = encode_queries(backbone, [q.question for q in questions], "early-exit", layer)
    examples = tuple(build_example(backbone, q.question, q.answer) for q in questions)
    return TrainingUser(features, token_labels, queries, examples, evidence)


def label_tokens(
    backbone: Backbone, ids: torch.Tensor, mask: torch.Tensor, spans: Sequence[str]
) -> torch.Tensor:
    """Mark the tokens that overlap one of the strings worth remembering."""
    pieces = [backbone.tokenizer.decode([token]) for token in ids[mask].tolist()]
    text, starts = "", []
    for piece in pieces:
        starts.append(len(text))
        text += piece
    marked = torch.zeros(len(ids), dtype=torch.bool)
    for span in spans:
        for found in re.finditer(re.escape(span), text, re.IGNORECASE):
            for index, start in enumerate(starts):
                end = start + len(pieces[index])
                if start < found.end() and end > found.start() and pieces[index].strip():
                    marked[index] = True
    return marked


def _holds(chunk: Chunk, question: SyntheticQuestion) -> bool:
    """Say whether a chunk is of an evidence turn and names part of the answer."""
    if (chunk.session_id, chunk.turn) not in question.evidence:
        return False
    parts = {part.strip() for text in question.accepted for part in text.split(" + ")}
    said = chunk.text.lower()
    kinds_by_value = ("suggest", "generaliz", "recommend")
    named = any(part.lower() in said for part in (*parts, *question.rejected))
    return named or any(word in question.kind for word in kinds_by_value)


def from_synthetic(backbone: Backbone, user: SyntheticUser, layer: int) -> TrainingUser:
    """Prepare a generated user with all its questions of both phrasing sets."""
    chunks = chunk_history(user.history)
    questions = (*user.practice, *user.questions)
    return training_user(backbone, chunks, dict(user.turn_labels), questions, layer)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=1200)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--backbone", default=EMBEDDED)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    backbone = Backbone.load(options.backbone)
    made, begin = [], time.time()
    for seed in range(options.first_seed, options.first_seed + options.users):
        made.append(from_synthetic(backbone, generate_user(seed, "train"), QUERY_LAYER))
        if len(made) % 20 == 0:
            print(f"{len(made)} users, {time.time() - begin:.0f} s", flush=True)
    print(len(made))


if __name__ == "__main__":
    main()

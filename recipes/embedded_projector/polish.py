"""Measure the centres of trained weights and train retrieval anew on many users.

python recipes/embedded_projector/polish.py runs/embedded/model --out runs/polished
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from evaluation import evaluate, validation_users
from prepare import from_pairs, from_synthetic

from lpm.backbone import EMBEDDED, Backbone
from lpm.benchmarks.synthetic import generate_user
from lpm.chunking import chunk_history
from lpm.learning.retrieval import hit_rate, measure_centres, retrieval_user, train_retrieval
from lpm.modeling import LPMModel

CENTRE_USERS = 20


@torch.no_grad()
def start_anew(model: LPMModel) -> None:
    """Draw keys and queries again: the old ones were learnt on features with another centre."""
    model.writer.key.reset_parameters()
    for weight in (model.projector.w_q, model.projector.w_k):
        weight.normal_(std=weight.shape[-1] ** -0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trained", type=Path)
    parser.add_argument("--backbone", default=EMBEDDED)
    parser.add_argument("--users", type=int, default=160)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--evaluate-users", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    torch.manual_seed(0)
    backbone = Backbone.load(options.backbone)
    model = LPMModel.from_pretrained(options.trained, dtype=torch.float32).attach(backbone)
    first = [generate_user(seed, "train") for seed in range(CENTRE_USERS)]
    chunks = [chunk for user in first for chunk in chunk_history(user.history)]
    measure_centres(model, chunks, [q.question for user in first for q in user.questions[:30]])
    ready = []
    for seed in range(options.users):
        prepare = from_pairs if seed % 5 == 4 else from_synthetic
        user = prepare(model, generate_user(seed, "train"), num_questions=30)
        ready.append(retrieval_user(model, user))
    held_out = [
        retrieval_user(model, from_synthetic(model, user, num_questions=40))
        for user in validation_users(8)
    ]
    start_anew(model)
    losses = train_retrieval(model, ready, steps=options.steps, rate=options.rate, users_per_step=8)
    record = {
        "users": options.users,
        "steps": options.steps,
        "loss": sum(losses[-50:]) / 50,
        "hit_rate": hit_rate(model, ready),
        "held_out_hit_rate": hit_rate(model, held_out),
        **evaluate(model, backbone, validation_users(options.evaluate_users)),
    }
    print(json.dumps(record))
    model.config.trained = True
    model.save_pretrained(options.out / "model")
    (options.out / "polish.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()

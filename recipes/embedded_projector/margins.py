"""Measure the two margins of `train.py` on tuning users: what words cost, and what abstaining does.

python recipes/embedded_projector/margins.py runs/embedded/model --out results/training/margins.json
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import torch
from evaluation import history_score, tuning_users
from train import KEEP_BIAS, SINK_MARGIN, moved

from lpm.backbone import EMBEDDED, Backbone
from lpm.benchmarks.abstention import abstains
from lpm.benchmarks.personas import PersonasBenchmark
from lpm.benchmarks.synthetic import SyntheticUser, is_right
from lpm.chunking import chunk_history
from lpm.methods.answering import answer_questions
from lpm.modeling import LPMModel, load_shared
from lpm.writing import write_slots

BIASES = (0.0, 1.0, 2.0, 3.0, 4.0)
MARGINS = (-2.0, 0.0, 1.0, 2.0, 3.0, 5.0)
UNTOLD = 12


@torch.no_grad()
def abstaining(model: LPMModel, users: Sequence[SyntheticUser]) -> dict[str, float]:
    """Return the shares of told questions answered right, and of untold ones that are answered."""
    benchmark = PersonasBenchmark(num_users=0, num_tune_users=len(users), never_told=UNTOLD)
    right, told, answered, untold = 0, 0, 0, 0
    for case, user in zip(benchmark.cases("short"), users, strict=True):
        written = write_slots(model, chunk_history(user.history), model.config.num_slots)
        asked = [q.request.messages[-1]["content"] for q in case.questions]
        slots = written.slots[None].expand(len(asked), -1, -1, -1)
        rows, _ = model.projector(slots, model.queries(asked))
        said = answer_questions(model.backbone, asked, rows)
        for question, text in zip(user.questions, said, strict=False):
            right, told = right + is_right(text, question), told + 1
        for text in said[len(user.questions) :]:
            answered, untold = answered + (not abstains(text)), untold + 1
    return {"told": right / told, "false_recall": answered / untold, "n": told, "untold": untold}


def with_margins(model: LPMModel, bias: float, margin: float) -> AbstractContextManager[None]:
    """Give the model other margins than the trained ones, while the block runs."""
    return moved(model, bias - KEEP_BIAS, margin - SINK_MARGIN)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trained")
    parser.add_argument("--backbone", default=EMBEDDED)
    parser.add_argument("--users", type=int, default=5)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    model = load_shared(options.trained, Backbone.load(options.backbone))
    users = tuning_users(options.users)
    record: dict[str, list[dict[str, float]]] = {"bias": [], "margin": []}
    for bias in BIASES:
        with with_margins(model, bias, SINK_MARGIN):
            record["bias"].append({"bias": bias} | history_score(model, users))
            print(record["bias"][-1], flush=True)
    for margin in MARGINS:
        with with_margins(model, KEEP_BIAS, margin):
            record["margin"].append({"margin": margin} | abstaining(model, users))
            print(record["margin"][-1], flush=True)
    options.out.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()

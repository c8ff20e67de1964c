"""Train the shipped writer and projector on synthetic users.

python recipes/embedded_projector/train.py --out runs/embedded --resume
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from evaluation import evaluate, validation_users
from prepare import QUERY_LAYER, from_pairs, from_synthetic

from lpm.backbone import EMBEDDED, Backbone
from lpm.benchmarks.synthetic import generate_user
from lpm.learning.joint import JointConfig, TrainingUser
from lpm.learning.trainer import JointTrainer, TrainPlan
from lpm.modeling import LPMConfig, LPMModel
from lpm.nn.initialisers import tie_to_embeddings

QUESTIONS_KEPT = 40
FIRST_USERS = 64


class Stream:
    """Fresh users, one more at every step until there are enough."""

    def __init__(self, model: LPMModel, limit: int, first_seed: int) -> None:
        self.model, self.limit, self.first_seed = backbone, limit, first_seed
        self.users: list[TrainingUser] = []

    def __call__(self, step: int) -> list[TrainingUser]:
        """Return the users that take part at a step."""
        while len(self.users) < min(self.limit, FIRST_USERS + step):
            user = generate_user(self.first_seed + len(self.users), "train")
            # Every fourth user is known by question-answer pairs alone.
            prepare = from_pairs if len(self.users) % 4 == 3 else from_synthetic
            self.users.append(prepare(self.model, user, num_questions=QUESTIONS_KEPT))
        return self.users


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backbone", default=EMBEDDED)
    parser.add_argument("--users", type=int, default=380)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--first-stage", type=int, default=300, help="steps without the LLM")
    parser.add_argument("--steps", type=int, default=750, help="steps through the LLM")
    parser.add_argument("--rate", type=float, default=7e-4)
    parser.add_argument("--users-per-step", type=int, default=6)
    parser.add_argument("--questions", type=int, default=5, help="questions a user a step")
    parser.add_argument("--save-every", type=int, default=250)
    parser.add_argument("--evaluate-users", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--start-from", type=Path, help="folder of weights to go on from")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    backbone = Backbone.load(options.backbone)
    if options.start_from:
        model = LPMModel.from_pretrained(options.start_from, dtype=torch.float32).attach(backbone)
    else:
        config = LPMConfig(hidden_size=backbone.hidden_size, query_layer=QUERY_LAYER)
        model = LPMModel(config, backbone)
        table = backbone.model.get_input_embeddings().weight
        tie_to_embeddings(model.writer, model.projector, table.detach().cpu())
    model.config.trained = True
    trainer = JointTrainer(
        model,
        TrainPlan(
            options.first_stage,
            options.steps,
            rate=options.rate,
            save_every=options.save_every,
            seed=options.seed,
        ),
        JointConfig(users_per_step=options.users_per_step, questions_per_user=options.questions),
        options.out,
    )
    if options.resume:
        trainer.resume()
    held_out = validation_users(options.evaluate_users)
    trainer.run(
        Stream(model, options.users, options.first_seed),
        checkpoint=lambda: evaluate(model, backbone, held_out),
    )


if __name__ == "__main__":
    main()

"""Train the shipped writer and projector on synthetic users.

python recipes/embedded_projector/train.py --out runs/embedded --resume
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from calibrate import calibrate
from corpus import FIRST_SEED, corpus_user
from evaluation import history_score, told_score, tuning_users, validation_users
from prefetch import Prefetched
from prepare import (
    FIRST_DIALOGUE_SEED,
    Speech,
    from_history,
    from_pairs,
    never_told,
    training_user,
)

from lpm.backbone import EMBEDDED, Backbone
from lpm.learning.looking import LookingUser
from lpm.learning.shared import SharedTrainer, TrainPlan, trainable_model
from lpm.modeling import LPMModel

# A word that a slot lacks costs its answer, a word too many seldom does.
KEEP_BIAS = 3.0
# Taken off the sink's score. With 4 no told question is lost to it and two untold ones of three are
# answered; without any, one in five is, for two points of the told
# (results/training/13-margins.json).
SINK_MARGIN = 0.0
QUESTIONS_KEPT = 28
UNTOLD = 8
STAGES = ("coding", "speaking", "looking")


def looking_users(model: LPMModel, count: int) -> list[LookingUser]:
    """Prepare training users: of seven, three are generated, two of the corpus, two dialogues.

    Of one generated user in seven only question-answer pairs are known.
    """
    users = []
    for number in range(count):
        kind = number % 7
        first = {3: FIRST_SEED, 4: FIRST_SEED, 5: FIRST_DIALOGUE_SEED, 6: FIRST_DIALOGUE_SEED}
        user = training_user(first.get(kind, 0) + number)
        if kind == 2:
            users.append(from_pairs(model, user, QUESTIONS_KEPT))
        else:
            users.append(from_history(model, user, QUESTIONS_KEPT, never_told(user, UNTOLD)))
    return users


def held_out_users(model: LPMModel, count: int) -> dict[str, list[LookingUser]]:
    """Prepare users that training never sees, by where they are from."""
    unmet = [corpus_user(seed, held_out=True) for seed in range(count)]
    return {
        "validation": [from_history(model, user, 68) for user in validation_users(count)],
        "corpus": [from_history(model, user, 68) for user in unmet],
        "tune": [from_history(model, user, 68) for user in tuning_users(count)],
    }


@torch.no_grad()
def move_margins(model: LPMModel, bias: float, margin: float) -> None:
    """Move the two decisions whose errors do not cost the same."""
    model.writer.token_scorer[2].bias.add_(bias)
    if model.projector.sink is not None:
        model.projector.sink[:, -1] -= margin * model.config.head_dim**0.5


@contextmanager
def moved(model: LPMModel, bias: float, margin: float) -> Iterator[None]:
    """Move them while the block runs."""
    move_margins(model, bias, margin)
    try:
        yield
    finally:
        move_margins(model, -bias, -margin)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backbone", default=EMBEDDED)
    parser.add_argument("--device")
    parser.add_argument("--users", type=int, default=500, help="users of the retrieval stage")
    parser.add_argument("--speaking-users", type=int, default=600, help="of each kind")
    parser.add_argument("--speaking-rows", type=int, default=TrainPlan.speaking_rows)
    parser.add_argument("--coding-steps", type=int, default=TrainPlan.coding_steps)
    parser.add_argument("--speaking-steps", type=int, default=TrainPlan.speaking_steps)
    parser.add_argument("--looking-steps", type=int, default=TrainPlan.looking_steps)
    parser.add_argument("--looking-users", type=int, default=TrainPlan.looking_users)
    parser.add_argument("--looking-dropout", type=float, default=TrainPlan.looking_dropout)
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=STAGES)
    parser.add_argument("--evaluate-users", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=0, help="processes that draw examples")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    backbone = Backbone.load(options.backbone, device=options.device)
    if backbone.device.type == "cpu":
        # For short rows on a CPU the plain attention is the fastest; the results are the same.
        backbone.model.set_attn_implementation("eager")
    model = trainable_model(backbone, seed=options.seed)
    plan = TrainPlan(
        options.coding_steps,
        options.speaking_steps,
        options.looking_steps,
        options.speaking_rows,
        options.looking_users,
        options.looking_dropout,
        seed=options.seed,
    )
    begin = time.perf_counter()
    trainer = SharedTrainer(model, plan, options.out, resume=options.resume)
    count = options.evaluate_users
    held_out = {"validation": validation_users(count), "tune": tuning_users(count)}
    if "coding" in options.stages:
        trainer.code()
    if "speaking" in options.stages:
        speech = Speech(model, users=options.speaking_users)
        trainer.speak(
            Prefetched(speech, options.workers) if options.workers else speech,
            checkpoint=lambda: {k: told_score(model, users) for k, users in held_out.items()},
        )
    if "looking" in options.stages:
        trainer.look(looking_users(model, options.users), held_out_users(model, count))
    if tuple(options.stages) != STAGES:
        return
    move_margins(model, KEEP_BIAS, SINK_MARGIN)
    calibrate(model, options.out)
    model.config.trained = True
    model.save_pretrained(options.out / "model")
    record = {
        "users": options.users,
        "plan": vars(plan),
        "minutes": (time.perf_counter() - begin) / 60,
        "told": {kind: told_score(model, users) for kind, users in held_out.items()},
        "history": {kind: history_score(model, users) for kind, users in held_out.items()},
    }
    (options.out / "score.json").write_text(json.dumps(record, indent=1) + "\n")
    print(json.dumps(record))


if __name__ == "__main__":
    main()

"""`lpm train`: make a projector and writer for a backbone from a folder of histories."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from lpm.backbone import EMBEDDED, Backbone
from lpm.chunking import chunk_history
from lpm.errors import HistoryError
from lpm.histories import load_history
from lpm.learning.joint import JointConfig, TrainingUser
from lpm.learning.preparation import training_user
from lpm.learning.self_study import SelfStudyConfig, ask_and_answer
from lpm.learning.trainer import JointTrainer, TrainPlan
from lpm.modeling import LPMModel, load_shared
from lpm.types import History, QuestionAnswer

MIN_USERS = 2


def train_shared(
    histories: Path,
    out: Path,
    *,
    backbone: str = EMBEDDED,
    device: str | None = None,
    projector: Path | None = None,
    first_stage: int = 300,
    steps: int = 900,
    seed: int = 0,
    resume: bool = False,
    progress: Callable[[int, int, float], None] | None = None,
) -> Path:
    """Train on every history file of a folder by self-study; return the folder of the weights.

    The backbone asks and answers about each chunk of each history; writer and projector learn to
    answer from the memory. Give hundreds of users: a projector trained on a few learns those users
    and not how to read. Starts from `projector`, else from the weights shipped for the backbone.
    """
    loaded = Backbone.load(backbone, device=device)
    model = load_shared(projector, loaded, seed=seed)
    plan = TrainPlan(first_stage=first_stage, steps=steps, seed=seed)
    trainer = JointTrainer(model, plan, JointConfig(num_slots=model.config.num_slots), out)
    if resume:
        trainer.resume()
    users = _users(histories, model, seed)
    trainer.run(lambda step: users, progress=progress)
    model.config.trained = True
    model.save_pretrained(out / "model")
    return out / "model"


def _users(folder: Path, model: LPMModel, seed: int) -> list[TrainingUser]:
    files = sorted(path for path in folder.glob("*") if path.suffix in (".jsonl", ".json"))
    users = [made for path in files if (made := _user(load_history(path), model, seed))]
    if len(users) < MIN_USERS:
        raise HistoryError(
            f"'{folder}' gave {len(users)} usable histories, but training needs at least "
            f"{MIN_USERS}; put one .jsonl or .json history a user into the folder."
        )
    return users


def _user(history: History, model: LPMModel, seed: int) -> TrainingUser | None:
    chunks = chunk_history(history)
    pairs = ask_and_answer(model.backbone, chunks, SelfStudyConfig(seed=seed))
    if not pairs:
        return None
    worth = [
        [pair.answer for pair in pairs if pair.chunk is chunk and pair.answer] for chunk in chunks
    ]
    evidence = torch.tensor([[pair.chunk is chunk for chunk in chunks] for pair in pairs])
    questions = [QuestionAnswer(pair.question, pair.answer) for pair in pairs]
    return training_user(model, chunks, worth, questions, evidence)

"""`lpm train`: make a projector and writer for a backbone from a folder of histories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from lpm.backbone import EMBEDDED, Backbone
from lpm.chunking import chunk_history
from lpm.errors import HistoryError
from lpm.histories import load_history
from lpm.learning.looking import LookingUser
from lpm.learning.preparation import looking_user, worthy_tokens
from lpm.learning.self_study import SelfStudyConfig, ask_and_answer
from lpm.learning.shared import SharedTrainer, TrainPlan, trainable_model
from lpm.learning.speaking import ABSTENTION, Spoken
from lpm.learning.stage import StageProgress
from lpm.modeling import LPMModel
from lpm.types import History

MIN_USERS = 2
# One question in so many is about something never told, so that the LLM learns to say so.
NEVER_TOLD_EVERY = 20


def train_shared(
    histories: Path,
    out: Path,
    *,
    backbone: str = EMBEDDED,
    device: str | None = None,
    plan: TrainPlan | None = None,
    resume: bool = False,
    progress: StageProgress | None = None,
) -> Path:
    """Train on every history file of a folder by self-study; return the folder of the weights.

    The backbone asks and answers about each chunk of each history; writer and projector learn to
    answer from the memory. Give hundreds of users: what is learnt from a few is those users and
    not how to read. Raises HistoryError with fewer than two usable histories.
    """
    plan = plan or TrainPlan()
    loaded = Backbone.load(backbone, device=device)
    model = trainable_model(loaded, seed=plan.seed)
    students = [
        student
        for path in sorted(histories.glob("*"))
        if path.suffix in (".jsonl", ".json")
        and (student := _studied(load_history(path), model, plan.seed))
    ]
    if len(students) < MIN_USERS:
        raise HistoryError(
            f"'{histories}' gave {len(students)} usable histories, but training needs at least "
            f"{MIN_USERS}; put one .jsonl or .json history a user into the folder."
        )
    spoken = [item for student in students for item in student.spoken]
    trainer = SharedTrainer(model, plan, out, resume=resume, progress=progress)
    trainer.code()
    trainer.speak(lambda count, generator: draw_spoken(spoken, count, generator))
    trainer.look([student.looking for student in students])
    model.config.trained = True
    model.save_pretrained(out / "model")
    return out / "model"


def draw_spoken(spoken: Sequence[Spoken], count: int, generator: torch.Generator) -> list[Spoken]:
    """Draw examples; now and then one keeps its question but loses what was told."""
    chosen = torch.randint(0, len(spoken), (count,), generator=generator).tolist()
    told = torch.randint(0, NEVER_TOLD_EVERY, (count,), generator=generator).tolist()
    return [
        spoken[index] if keeps else Spoken(spoken[index].question, ABSTENTION, ())
        for index, keeps in zip(chosen, told, strict=True)
    ]


@dataclass(frozen=True)
class _Student:
    looking: LookingUser
    spoken: tuple[Spoken, ...]


def _studied(history: History, model: LPMModel, seed: int) -> _Student | None:
    chunks = chunk_history(history)
    pairs = ask_and_answer(model.backbone, chunks, SelfStudyConfig(seed=seed))
    if not pairs:
        return None
    worth = [
        [(pair.answer, 0) for pair in pairs if pair.chunk is chunk and pair.answer]
        for chunk in chunks
    ]
    evidence = torch.tensor([[pair.chunk is chunk for chunk in chunks] for pair in pairs])
    questions = [pair.question for pair in pairs]
    spans = {id(chunk): found for chunk, found in zip(chunks, worth, strict=True)}
    spoken = [
        Spoken(
            pair.question,
            pair.answer,
            worthy_tokens(model, pair.chunk.text, spans[id(pair.chunk)]),
        )
        for pair in pairs
    ]
    looking = looking_user(model, chunks, worth, questions, evidence)
    return _Student(looking, tuple(item for item in spoken if item.tokens))

"""What every trained method is taught from raw history: pairs by self-study, the same for all."""

from __future__ import annotations

from dataclasses import dataclass

from lpm.backbone import Backbone
from lpm.chunking import Chunk, chunk_history
from lpm.errors import HistoryError
from lpm.learning.self_study import SelfStudyConfig, ask_and_answer
from lpm.methods.settings import require_at_least
from lpm.modeling import LPMModel
from lpm.types import History, QuestionAnswer
from lpm.writing import write_slots


@dataclass(frozen=True)
class TrainingSettings:
    """Settings of a method that is trained by self-study.

    steps: optimiser steps. learning_rate: of the method; its own default when None. chunks: how
    many of the history are studied; questions_per_chunk: asked about each.
    """

    steps: int = 100
    learning_rate: float | None = None
    chunks: int = 32
    questions_per_chunk: int = 2

    def __post_init__(self) -> None:
        require_at_least(self, steps=1, chunks=1, questions_per_chunk=1)
        if self.learning_rate is not None and self.learning_rate <= 0:
            require_at_least(self, learning_rate=1e-12)


def study_pairs(
    backbone: Backbone,
    model: LPMModel | None,
    history: History,
    settings: TrainingSettings,
    seed: int,
) -> list[QuestionAnswer]:
    """Return what the backbone asks and answers about the history's chunks.

    model: with it, the chunks are those its writer finds most salient; without, evenly spread ones.
    Raises HistoryError when the backbone found nothing to ask.
    """
    chunks = chunk_history(history)
    if model is not None and len(chunks) > settings.chunks:
        chunks = list(write_slots(model, chunks, settings.chunks).chunks)
    config = SelfStudyConfig(questions_per_chunk=settings.questions_per_chunk, seed=seed)
    pairs = ask_and_answer(backbone, _spread(chunks, settings.chunks), config)
    if not pairs:
        raise HistoryError(
            "Self-study of this history gave no question, so there is nothing to train on; give "
            "a history with more that the user says."
        )
    return [QuestionAnswer(pair.question, pair.answer) for pair in pairs]


def _spread(chunks: list[Chunk], count: int) -> list[Chunk]:
    if len(chunks) <= count:
        return chunks
    return [chunks[index * len(chunks) // count] for index in range(count)]

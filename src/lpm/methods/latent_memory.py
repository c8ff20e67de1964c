"""LPM as a method: write the pairs into slots in one pass, then fit the slots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from lpm.chunking import Chunk
from lpm.learning.examples import AnswerScorer
from lpm.learning.fit import FitConfig, fit_slots
from lpm.learning.self_study import question_answer_examples
from lpm.methods.answering import answer_questions
from lpm.modeling import LPMModel
from lpm.types import QuestionAnswer
from lpm.writing import write_slots


@dataclass(frozen=True)
class LatentMemorySettings:
    """learning_rate and rows_per_step of the fit; num_slots of a memory."""

    learning_rate: float = 0.02
    rows_per_step: int = 8
    num_slots: int = 32


class LatentMemory:
    """A frozen projector and writer; one user is `num_slots` slots."""

    name = "lpm"

    def __init__(self, model: LPMModel, settings: LatentMemorySettings) -> None:
        self.model = model
        self.settings = settings
        config = model.projector.config
        self.soft_tokens = config.num_soft_tokens
        self.params_per_user = config.slot_groups * settings.num_slots * config.slot_dim
        self.scorer = AnswerScorer(model.backbone)
        self.slots = torch.zeros(config.slot_groups, settings.num_slots, config.slot_dim)

    def fit(self, pairs: Sequence[QuestionAnswer], *, steps: int, seed: int) -> list[float]:
        """Learn one user; see `UserMethod`."""
        settings = self.settings
        written = write_slots(self.model, distinct_answers(pairs), settings.num_slots)
        config = FitConfig(
            steps=steps,
            rows_per_step=settings.rows_per_step,
            learning_rate=settings.learning_rate,
            held_out_share=0.0,
            patience=0,
            check_every=max(1, steps),
            seed=seed,
        )
        examples = question_answer_examples(
            self.model, [(pair.question, pair.answer) for pair in pairs]
        )
        result = fit_slots(self.model.projector, self.scorer, [written.slots], [examples], config)
        self.slots = result.slots[0]
        return list(result.losses)

    @torch.no_grad()
    def answer(self, questions: Sequence[str]) -> list[str]:
        """Answer greedily; see `UserMethod`."""
        queries = self.model.queries(questions)
        rows, _ = self.model.projector(self.slots[None].expand(len(questions), -1, -1, -1), queries)
        return answer_questions(self.model.backbone, questions, rows)


def distinct_answers(pairs: Sequence[QuestionAnswer]) -> list[Chunk]:
    """Return one chunk of text for every distinct answer: its first question and the answer."""
    first: dict[str, QuestionAnswer] = {}
    for pair in pairs:
        first.setdefault(pair.answer, pair)
    return [
        Chunk("pairs", index, f"{pair.question} {pair.answer}.", "")
        for index, pair in enumerate(first.values())
    ]

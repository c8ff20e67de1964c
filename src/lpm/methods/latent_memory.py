"""LPM as a method: the answers as slots, then keys by their questions, then all by the LLM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from lpm.backbone import Backbone
from lpm.chunking import Chunk
from lpm.learning.addressing import AddressingConfig, address_slots
from lpm.learning.examples import AnswerScorer
from lpm.learning.fit import FitConfig, fit_slots
from lpm.learning.self_study import question_answer_examples
from lpm.methods.answering import answer_questions
from lpm.modeling import LPMModel
from lpm.types import QuestionAnswer
from lpm.writing import write_slots


@dataclass(frozen=True)
class LatentMemorySettings:
    """learning_rate, rows_per_step: of the fit. num_slots of a memory. addressing of the keys."""

    learning_rate: float = 0.02
    rows_per_step: int = 8
    num_slots: int = 32
    addressing: AddressingConfig = field(default_factory=AddressingConfig)


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
        """Learn one user; see `UserMethod`. `steps` counts those of the LLM."""
        settings = self.settings
        start = self.written(pairs)
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
        result = fit_slots(self.model.projector, self.scorer, [start], [examples], config)
        self.slots = result.slots[0]
        return list(result.losses)

    def written(self, pairs: Sequence[QuestionAnswer]) -> Float[Tensor, "groups slots slot_dim"]:
        """Return the slots before any step of the LLM: an answer each, found by its questions."""
        written = write_slots(self.model, distinct_answers(pairs), self.settings.num_slots)
        answers = list(dict.fromkeys(pair.answer for pair in pairs))
        place = {answers[chunk.turn]: slot for slot, chunk in enumerate(written.chunks)}
        slots = written.slots.clone()
        for answer, slot in place.items():
            value = spelled(self.model, answer)
            slots[0, slot, : len(value)] = value
        kept = [pair for pair in pairs if pair.answer in place]
        with torch.no_grad():
            queries = self.model.queries([pair.question for pair in kept])
        return address_slots(
            self.model.projector,
            slots,
            queries,
            [place[pair.answer] for pair in kept],
            self.settings.addressing,
        )

    @torch.no_grad()
    def answer(self, questions: Sequence[str]) -> list[str]:
        """Answer greedily; see `UserMethod`."""
        queries = self.model.queries(questions)
        rows, _ = self.model.projector(self.slots[None].expand(len(questions), -1, -1, -1), queries)
        return answer_questions(self.model.backbone, questions, rows)


@torch.no_grad()
def spelled(model: LPMModel, text: str) -> Float[Tensor, " value_dim"]:
    """Return the value columns of a slot that says the text's first tokens, as many as it holds."""
    backbone: Backbone = model.backbone
    ids = backbone.tokenizer.encode(" " + text, add_special_tokens=False)
    ids = ids[: model.writer.config.num_tokens]
    embeddings = backbone.embed(torch.tensor([ids], device=backbone.device)).float().cpu()
    now = torch.zeros(1, len(ids), dtype=torch.long)
    return model.writer.packed(embeddings, now).flatten(1)[0]


def distinct_answers(pairs: Sequence[QuestionAnswer]) -> list[Chunk]:
    """Return one chunk of text for every distinct answer: its first question and the answer."""
    first: dict[str, QuestionAnswer] = {}
    for pair in pairs:
        first.setdefault(pair.answer, pair)
    return [
        Chunk("pairs", index, f"{pair.question} {pair.answer}.", "")
        for index, pair in enumerate(first.values())
    ]

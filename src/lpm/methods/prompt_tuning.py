"""Prompt tuning: the same rows before every message, learnt for one user (arXiv 2104.08691)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from lpm.backbone import Backbone
from lpm.learning.examples import AnswerScorer, build_example
from lpm.learning.losses import example_losses
from lpm.methods.answering import answer_questions
from lpm.types import QuestionAnswer

Initialisation = Literal["vocabulary", "noise"]


@dataclass(frozen=True)
class PromptTuningConfig:
    """num_tokens: rows. learning_rate: Adam's, decaying linearly to a tenth. rows_per_step.

    initialisation: rows start as embeddings of random tokens, or as noise of their scale.
    """

    num_tokens: int = 16
    learning_rate: float = 0.01
    rows_per_step: int = 8
    initialisation: Initialisation = "vocabulary"


class PromptTuning:
    """Rows fitted by Adam; placed where LPM places its rows."""

    name = "prompt-tuning"

    def __init__(self, backbone: Backbone, config: PromptTuningConfig) -> None:
        self.backbone = backbone
        self.config = config
        self.soft_tokens = config.num_tokens
        self.params_per_user = config.num_tokens * backbone.hidden_size
        self.scorer = AnswerScorer(backbone)
        self.rows = torch.zeros(config.num_tokens, backbone.hidden_size)

    def fit(self, pairs: Sequence[QuestionAnswer], *, steps: int, seed: int) -> list[float]:
        """Learn one user; see `UserMethod`."""
        config = self.config
        generator = torch.Generator().manual_seed(seed)
        rows = self._start(generator).requires_grad_(True)
        optimiser = torch.optim.Adam([rows], lr=config.learning_rate, betas=(0.9, 0.95))
        examples = [build_example(self.backbone, pair.question, pair.answer) for pair in pairs]
        losses = []
        for step in range(steps):
            chosen = torch.randperm(len(examples), generator=generator)[: config.rows_per_step]
            batch = [examples[i] for i in chosen.tolist()]
            optimiser.param_groups[0]["lr"] = config.learning_rate * max(0.1, 1 - step / steps)
            scored = self.scorer(batch, rows.expand(len(batch), -1, -1))
            loss = example_losses(scored, [None] * len(batch)).mean()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_([rows], 1.0)
            optimiser.step()
            losses.append(float(loss.detach()))
        self.rows = rows.detach()
        return losses

    def _start(self, generator: torch.Generator) -> Tensor:
        table = self.backbone.model.get_input_embeddings().weight
        count = self.config.num_tokens
        if self.config.initialisation == "noise":
            noise = torch.randn(count, self.backbone.hidden_size, generator=generator)
            return (noise * self.backbone.embedding_rms).to(table.device)
        chosen = torch.randint(0, len(table), (count,), generator=generator)
        return table[chosen.to(table.device)].detach().float().clone()

    def answer(self, questions: Sequence[str]) -> list[str]:
        """Answer greedily; see `UserMethod`."""
        return answer_questions(self.backbone, questions, self.rows.expand(len(questions), -1, -1))

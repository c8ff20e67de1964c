"""LoRA on all linear layers, one adapter a user, by PEFT (arXiv 2106.09685)."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import torch

from lpm.backbone import Backbone
from lpm.errors import MissingExtraError
from lpm.learning.examples import AnswerScorer, build_example
from lpm.learning.losses import example_losses
from lpm.methods.answering import answer_questions
from lpm.types import QuestionAnswer


@dataclass(frozen=True)
class LoraSettings:
    """rank: r, with alpha 2r. learning_rate: AdamW's, decaying linearly to a tenth."""

    rank: int = 8
    learning_rate: float = 1e-3
    rows_per_step: int = 8


class Lora:
    """A fresh adapter for every fit; the backbone it was given is copied and stays untouched."""

    name = "lora"
    soft_tokens = 0

    def __init__(self, backbone: Backbone, settings: LoraSettings) -> None:
        if find_spec("peft") is None:
            raise MissingExtraError("LoRA needs peft: pip install 'latent-personal-memory[bench]'.")
        self.original = backbone
        self.settings = settings
        self.adapted = self._fresh(seed=0)
        trained = (p for p in self.adapted.model.parameters() if p.requires_grad)
        self.params_per_user = sum(parameter.numel() for parameter in trained)

    def _fresh(self, seed: int) -> Backbone:
        from peft import LoraConfig, inject_adapter_in_model

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            config = LoraConfig(
                r=self.settings.rank,
                lora_alpha=2 * self.settings.rank,
                lora_dropout=0.0,
                target_modules="all-linear",
                task_type="CAUSAL_LM",
            )
            backbone = Backbone(copy.deepcopy(self.original.model), self.original.tokenizer)
            names = [
                name.rsplit(".", 1)[-1]
                for name, module in backbone.model.base_model.named_modules()
                if isinstance(module, torch.nn.Linear)
            ]
            config.target_modules = sorted(set(names))
            inject_adapter_in_model(config, backbone.model)
        for name, parameter in backbone.model.named_parameters():
            parameter.requires_grad_("lora_" in name)
            if "lora_" in name:
                parameter.data = parameter.data.float()
        return backbone

    def fit(self, pairs: Sequence[QuestionAnswer], *, steps: int, seed: int) -> list[float]:
        """Learn one user; see `UserMethod`."""
        settings = self.settings
        self.adapted = self._fresh(seed)
        generator = torch.Generator().manual_seed(seed)
        trained = [p for p in self.adapted.model.parameters() if p.requires_grad]
        optimiser = torch.optim.AdamW(trained, lr=settings.learning_rate, weight_decay=0.0)
        # Nothing before the message may be cached: the adapter changes its keys and values.
        examples = [
            build_example(self.adapted, pair.question, pair.answer, "front") for pair in pairs
        ]
        scorer = AnswerScorer(self.adapted)
        losses = []
        for step in range(steps):
            chosen = torch.randperm(len(examples), generator=generator)[: settings.rows_per_step]
            batch = [examples[i] for i in chosen.tolist()]
            optimiser.param_groups[0]["lr"] = settings.learning_rate * max(0.1, 1 - step / steps)
            no_rows = torch.zeros(len(batch), 0, self.adapted.hidden_size)
            scored = scorer(batch, no_rows)
            loss = example_losses(scored, [None] * len(batch)).mean()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimiser.step()
            losses.append(float(loss.detach()))
        return losses

    def answer(self, questions: Sequence[str]) -> list[str]:
        """Answer greedily; see `UserMethod`."""
        return answer_questions(self.adapted, questions, None)

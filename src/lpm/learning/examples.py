"""Rows for the frozen LLM: [prefix; soft prompt; question; answer], and the loss on the answer."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor

from lpm.errors import InputError
from lpm.nn.injection import Placement, Prompt, build_prompt

if TYPE_CHECKING:
    from lpm.backbone import Backbone


@dataclass(frozen=True)
class Example:
    """One question as the backbone reads it and the answer it should give (with the end token)."""

    prompt: Prompt
    answer: tuple[int, ...]


def build_example(
    backbone: Backbone, question: str, answer: str, placement: Placement = "message"
) -> Example:
    """Template a question and tokenise its answer, ended by the end-of-turn token."""
    prompt = build_prompt(backbone, [{"role": "user", "content": question}], placement, rows=True)
    ids = backbone.tokenizer.encode(answer, add_special_tokens=False)
    return Example(prompt, (*ids, int(backbone.tokenizer.eos_token_id)))


@dataclass(frozen=True)
class AnswerLogits:
    """Logits of every answer token of a batch, flattened, and which example each is of."""

    logits: Float[Tensor, "answer_tokens vocabulary"]
    targets: Tensor
    example: Tensor


class AnswerScorer:
    """Predict the answer tokens of many examples, each behind its own soft prompt.

    The text before the rows is the same in every example of a backbone, so its KV-cache is made
    once and shared.
    """

    def __init__(self, backbone: Backbone) -> None:
        self.backbone = backbone
        self._prefixes: dict[tuple[int, ...], Any] = {}

    def __call__(
        self, examples: Sequence[Example], rows: Float[Tensor, "batch soft_tokens hidden"]
    ) -> AnswerLogits:
        """Return the logits of all answers; raises InputError unless all share their beginning."""
        backbone = self.backbone
        prefix = examples[0].prompt.before
        if any(example.prompt.before != prefix for example in examples):
            raise InputError(
                "Examples of one batch must share the text before the rows, but these differ in "
                "it; build all with the same placement and the same system text."
            )
        texts = [[*example.prompt.after, *example.answer] for example in examples]
        ids, text_mask = backbone.pad(texts, padding_side="right")
        soft = rows.to(backbone.device, backbone.dtype)
        embeddings = torch.cat([soft, backbone.embed(ids)], dim=1)
        num_soft = soft.shape[1]
        # The position before an answer token predicts it.
        wanted = torch.zeros(embeddings.shape[:2], dtype=torch.bool, device=backbone.device)
        for index, example in enumerate(examples):
            begin = num_soft + len(example.prompt.after) - 1
            wanted[index, begin : begin + len(example.answer)] = True
        leading = text_mask.new_ones(len(examples), len(prefix) + num_soft)
        mask = torch.cat([leading, text_mask], dim=1)
        logits = backbone.logits_at(embeddings, mask, wanted, self._past(prefix, len(examples)))
        targets = torch.tensor([token for example in examples for token in example.answer])
        owner = torch.tensor(
            [index for index, example in enumerate(examples) for _ in example.answer]
        )
        return AnswerLogits(logits, targets.to(backbone.device), owner.to(backbone.device))

    def _past(self, prefix: tuple[int, ...], batch: int) -> Any:
        if not prefix:
            return None
        from transformers import DynamicCache

        if prefix not in self._prefixes:
            cache = DynamicCache(config=self.backbone.text_config)
            ids = torch.tensor([prefix], device=self.backbone.device)
            with torch.no_grad():
                self.backbone.model.base_model(input_ids=ids, past_key_values=cache, use_cache=True)
            self._prefixes[prefix] = cache
        cache = copy.deepcopy(self._prefixes[prefix])
        cache.batch_repeat_interleave(batch)
        return cache

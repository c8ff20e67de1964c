"""Greedy short answers to many questions at once, each behind its own rows or none."""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor

from lpm.backbone import Backbone, split_batches
from lpm.nn.injection import build_prompt, inject

MAX_ANSWER_TOKENS = 16


def answer_questions(
    backbone: Backbone,
    questions: Sequence[str],
    rows: Float[Tensor, "questions soft_tokens hidden"] | None,
    *,
    batch_size: int = 32,
) -> list[str]:
    """Return greedy answers of at most 16 tokens."""
    texts: list[str] = []
    for part in split_batches(len(questions), batch_size):
        prompts = [
            build_prompt(
                backbone,
                [{"role": "user", "content": question}],
                "message",
                rows=rows is not None,
            )
            for question in questions[part]
        ]
        soft = [None] * len(prompts) if rows is None else list(rows[part])
        embeddings, mask = inject(backbone, prompts, soft)
        tokens = backbone.generate(embeddings, mask, max_new_tokens=MAX_ANSWER_TOKENS)
        texts += backbone.decode(tokens)
    return texts

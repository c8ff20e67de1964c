"""Stage 2: how the rows are said to the frozen LLM, learnt from the answer's likelihood.

Only the constant rows and the LayerNorms learn here. Which tokens the rows name is given (the ones
that a perfect writer would keep), so that what to say is learnt apart from where to look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from lpm.learning.examples import AnswerScorer, build_example
from lpm.learning.losses import example_losses
from lpm.modeling import LPMModel
from lpm.nn.vocabulary import OUTPUT_SCALE

ABSTENTION = "You have not told me that."
_BLOCK = 1024
_LIKELY = 16


@dataclass(frozen=True)
class Spoken:
    """A question, its answer, and the tokens of the slot that answers it; none: never told."""

    question: str
    answer: str
    tokens: tuple[int, ...]


class SpeakingLoss:
    """The mean loss of answers that are read from slots of given tokens."""

    def __init__(self, model: LPMModel) -> None:
        self.model = model
        self.scorer = AnswerScorer(model.backbone)
        self.spoken = spoken_table(model)
        nothing = torch.zeros(1, model.config.hidden_size)
        with torch.no_grad():
            self.silent = model.projector.mlp(nothing)[0]

    def __call__(self, batch: Sequence[Spoken]) -> Tensor:
        """Return the mean loss of a batch."""
        backbone, placement = self.model.backbone, self.model.config.placement
        examples = [build_example(backbone, s.question, s.answer, placement) for s in batch]
        scored = self.scorer(examples, self.rows([spoken.tokens for spoken in batch]))
        return example_losses(scored, [None] * len(examples)).mean()

    def rows(self, tokens: Sequence[Sequence[int]]) -> Float[Tensor, "batch soft_tokens hidden"]:
        """Return the rows that slots of these tokens give when they are read alone."""
        heads = self.model.projector.config.num_heads
        mixed = self.silent.expand(len(tokens), heads, -1).clone()
        for index, held in enumerate(tokens):
            mixed[index, : len(held)] = self.spoken[torch.tensor(held[:heads], dtype=torch.long)]
        return self.model.projector.framed(mixed)


@torch.no_grad()
def spoken_table(model: LPMModel) -> Float[Tensor, "vocabulary hidden"]:
    """Return what the heads make of every token's code, before LayerNorm.

    Of each sum over the vocabulary only the likeliest tokens are taken: the others have no weight
    once codes name tokens.
    """
    table = model.backbone.model.get_input_embeddings().weight.detach().cpu().float()
    decoder = model.projector.w_v[0]
    keys, made = table @ decoder, []
    for block in table.split(_BLOCK):
        codes = model.writer.codes(block)
        scores, likely = (codes @ keys.t()).topk(_LIKELY, dim=1)
        read = torch.einsum("bk,bkh->bh", scores.softmax(dim=1), table[likely])
        made.append(codes @ decoder.t() + OUTPUT_SCALE * read)
    return torch.cat(made)

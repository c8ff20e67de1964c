"""A batch of sequences of different users, decoded together; each leaves when it has ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from lpm.backbone import Backbone
from lpm.methods.decoding import end_tokens
from lpm.methods.reading import empty_cache, prefill
from lpm.nn.injection import Prompt, inject
from lpm.server.sampling import (
    Sampling,
    TokenLogprob,
    choose,
    cut_at_stop,
    logprob_of,
    sure_length,
)

FinishReason = Literal["stop", "length"]


@dataclass(frozen=True)
class Piece:
    """What one step adds to one sequence; finished is set on the last."""

    text: str
    logprob: TokenLogprob | None = None
    finished: FinishReason | None = None
    tokens: int = 0


@dataclass(eq=False)
class Answering:
    """One answer in the making.

    tell: called with every piece, from the thread that decodes. cancelled: asked before every step.
    """

    prompt: Prompt
    rows: Tensor | None
    sampling: Sampling
    tell: Callable[[Piece], None]
    cancelled: Callable[[], bool] = lambda: False
    tokens: list[int] = field(default_factory=list)
    told: int = 0

    @property
    def length(self) -> int:
        """Return the tokens and rows it reads before it answers."""
        return self.prompt.num_tokens + (0 if self.rows is None else len(self.rows))


@torch.no_grad()
def decode(backbone: Backbone, sequences: Sequence[Answering]) -> None:
    """Decode all sequences to their ends, telling each its pieces as they come."""
    ends = end_tokens(backbone)
    running = list(sequences)
    generators = [torch.Generator().manual_seed(s.sampling.seed) for s in running]
    embeddings, mask = inject(backbone, [s.prompt for s in running], [s.rows for s in running])
    cache = empty_cache(backbone)
    logits = prefill(backbone, embeddings, mask, cache)
    while running:
        going, chosen = [], []
        for index, sequence in enumerate(running):
            if sequence.cancelled():
                continue
            token = choose(logits[index], sequence.sampling, generators[index])
            if not _tell(backbone, sequence, token, logits[index], ends):
                going.append(index)
                chosen.append(token)
        if not going:
            return
        if len(going) < len(running):
            kept = torch.tensor(going, device=mask.device)
            cache.batch_select_indices(kept)
            mask = mask[kept]
            running = [running[i] for i in going]
            generators = [generators[i] for i in going]
        mask = torch.cat([mask, mask.new_ones(len(running), 1)], dim=1)
        ids = torch.tensor(chosen, device=backbone.device)[:, None]
        logits = prefill(backbone, backbone.embed(ids), mask, cache)


def _tell(
    backbone: Backbone, sequence: Answering, token: int, logits: Tensor, ends: frozenset[int]
) -> bool:
    """Add a token to a sequence, tell what is sure, and return whether it has ended."""
    sampling = sequence.sampling
    ended = token in ends
    if not ended:
        sequence.tokens.append(token)
    text = str(backbone.tokenizer.decode(sequence.tokens, skip_special_tokens=True))
    text, stopped = cut_at_stop(text, sampling.stop)
    finished: FinishReason | None = None
    if ended or stopped:
        finished = "stop"
    elif len(sequence.tokens) >= sampling.max_tokens:
        finished = "length"
    sure = len(text) if finished else sure_length(text, sampling.stop)
    new = text[sequence.told : sure]
    sequence.told = max(sequence.told, sure)
    logprob = None
    if sampling.logprobs is not None and not ended:
        logprob = logprob_of(logits, token, sampling.logprobs)
    sequence.tell(Piece(new, logprob, finished, len(sequence.tokens)))
    return finished is not None

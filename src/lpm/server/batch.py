"""A batch of sequences of different users, decoded together; each leaves when it has ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lpm.backbone import Backbone
from lpm.methods.reading import empty_cache, prefill
from lpm.nn.injection import Prompt, inject
from lpm.server.sampling import Sampling, TokenLogprob, choose, logprob_of


@dataclass(eq=False)
class Answering:
    """One answer in the making.

    ends: tokens that end it. tell: called with every token, its score where asked for, and whether
    it is the last, from the thread that decodes. fail: called when there will be no more.
    cancelled: asked before every step.
    """

    prompt: Prompt
    rows: Tensor | None
    sampling: Sampling
    ends: frozenset[int]
    tell: Callable[[int, TokenLogprob | None, bool], None]
    fail: Callable[[BaseException], None]
    cancelled: Callable[[], bool]
    num_tokens: int = 0

    @property
    def length(self) -> int:
        """Return the tokens and rows it reads before it answers."""
        return self.prompt.num_tokens + (0 if self.rows is None else len(self.rows))

    def add(self, token: int, logits: Tensor) -> bool:
        """Add a token, tell it, and return whether the answer has ended."""
        self.num_tokens += 1
        ended = token in self.ends or self.num_tokens >= self.sampling.max_tokens
        alternatives = self.sampling.logprobs
        score = None if alternatives is None else logprob_of(logits, token, alternatives)
        self.tell(token, score, ended)
        return ended


@torch.no_grad()
def decode(backbone: Backbone, sequences: Sequence[Answering], told: Callable[[], None]) -> None:
    """Decode all sequences to their ends, telling each its tokens as they come.

    told: called after each step, when every sequence was told its token.
    """
    running = list(sequences)
    generators = [torch.Generator().manual_seed(s.sampling.seed) for s in running]
    embeddings, mask = inject(backbone, [s.prompt for s in running], [s.rows for s in running])
    cache = empty_cache(backbone)
    logits = prefill(backbone, embeddings, mask, cache)
    while running:
        going, chosen = [], []
        likeliest = logits.argmax(dim=-1).tolist()
        for index, sequence in enumerate(running):
            if sequence.cancelled():
                continue
            token = likeliest[index]
            if sequence.sampling.temperature > 0:
                token = choose(logits[index], sequence.sampling, generators[index])
            if not sequence.add(token, logits[index]):
                going.append(index)
                chosen.append(token)
        told()
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

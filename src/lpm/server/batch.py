"""A batch of sequences of different users, decoded together; each leaves when it has ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lpm.backbone import Backbone
from lpm.methods.reading import empty_cache, prefill
from lpm.nn.injection import Prompt, inject
from lpm.server.sampling import Sampling, choose, logprob_of
from lpm.server.transcript import Piece, Transcript


@dataclass(eq=False)
class Answering:
    """One answer in the making.

    tell: called with every piece, from the thread that decodes. cancelled: asked before every step.
    """

    prompt: Prompt
    rows: Tensor | None
    sampling: Sampling
    transcript: Transcript
    tell: Callable[[Piece], None]
    cancelled: Callable[[], bool] = lambda: False

    @property
    def length(self) -> int:
        """Return the tokens and rows it reads before it answers."""
        return self.prompt.num_tokens + (0 if self.rows is None else len(self.rows))

    def add(self, token: int, logits: Tensor) -> bool:
        """Add a token, tell what is sure, and return whether the answer has ended."""
        alternatives = self.sampling.logprobs
        scored = [] if alternatives is None else [logprob_of(logits, token, alternatives)]
        self.tell(self.transcript.add([token], scored))
        return self.transcript.finished is not None


@torch.no_grad()
def decode(backbone: Backbone, sequences: Sequence[Answering]) -> None:
    """Decode all sequences to their ends, telling each its pieces as they come."""
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
            if not sequence.add(token, logits[index]):
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

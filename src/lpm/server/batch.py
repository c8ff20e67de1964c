"""A batch of sequences of different users, decoded together; they come and go between steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers.cache_utils import DynamicLayer

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


class Batch:
    """Sequences that decode together; others come between two steps, and each leaves at its end.

    All are padded on the left to the longest, so that whoever comes ends where the others do.
    """

    def __init__(self, backbone: Backbone) -> None:
        self._backbone = backbone
        self._running: list[Answering] = []
        self._generators: list[torch.Generator] = []
        self._cache: Any = None
        self._mask = torch.zeros(0, 0, dtype=torch.bool, device=backbone.device)
        self._logits = torch.zeros(0, 0)
        self._grows = all(type(layer) is DynamicLayer for layer in empty_cache(backbone).layers)

    def __len__(self) -> int:
        return len(self._running)

    @property
    def width(self) -> int:
        """Return the length of the longest sequence, in tokens."""
        return self._mask.shape[1]

    @property
    def is_open(self) -> bool:
        """Say whether others may come; caches of sliding windows are filled once."""
        return self._grows or not self._running

    @torch.no_grad()
    def join(self, newcomers: Sequence[Answering]) -> None:
        """Read the prompts of newcomers; nothing has changed when that fails."""
        embeddings, mask = inject(
            self._backbone, [s.prompt for s in newcomers], [s.rows for s in newcomers]
        )
        cache = empty_cache(self._backbone)
        logits = prefill(self._backbone, embeddings, mask, cache)
        if self._running:
            width = max(self.width, mask.shape[1])
            cache = _side_by_side(self._backbone, self._cache, cache)
            mask = torch.cat(
                [functional.pad(m, (width - m.shape[1], 0)) for m in (self._mask, mask)]
            )
            logits = torch.cat([self._logits, logits])
        self._cache, self._mask, self._logits = cache, mask, logits
        self._running += newcomers
        self._generators += [torch.Generator().manual_seed(s.sampling.seed) for s in newcomers]

    @torch.no_grad()
    def advance(self, told: Callable[[], None]) -> None:
        """Choose the next token of each and tell it; who goes on has it read.

        told: called when every sequence was told its token. A sequence whose token cannot be chosen
        fails for itself alone.
        """
        going, chosen = [], []
        likeliest = self._logits.argmax(dim=-1).tolist()
        for index, sequence in enumerate(self._running):
            if sequence.cancelled():
                continue
            try:
                token = self._choose(index, likeliest[index])
                ended = sequence.add(token, self._logits[index])
            except Exception as error:
                sequence.fail(error)
                continue
            if not ended:
                going.append(index)
                chosen.append(token)
        told()
        if len(going) < len(self._running):
            self._keep(going)
        if going:
            self._mask = functional.pad(self._mask, (0, 1), value=True)
            ids = torch.tensor(chosen, device=self._backbone.device)[:, None]
            self._logits = prefill(
                self._backbone, self._backbone.embed(ids), self._mask, self._cache
            )

    def fail(self, error: BaseException) -> None:
        """End all with an error."""
        for sequence in self._running:
            sequence.fail(error)
        self._keep([])

    def _choose(self, index: int, likeliest: int) -> int:
        sampling = self._running[index].sampling
        if sampling.is_greedy:
            return likeliest
        return choose(self._logits[index], sampling, self._generators[index])

    def _keep(self, going: list[int]) -> None:
        """Let all others leave, and the columns that only they had."""
        self._running = [self._running[i] for i in going]
        self._generators = [self._generators[i] for i in going]
        if not going:
            self._cache, self._mask = None, self._mask[:0, :0]
            return
        kept = torch.tensor(going, device=self._mask.device)
        self._cache.batch_select_indices(kept)
        self._mask = self._mask[kept]
        if self._grows:
            begin = int(self._mask.any(dim=0).int().argmax())
            self._mask = self._mask[:, begin:]
            for layer in self._cache.layers:
                layer.keys, layer.values = layer.keys[:, :, begin:], layer.values[:, :, begin:]


def _side_by_side(backbone: Backbone, one: Any, other: Any) -> Any:
    """Return a KV-cache of the sequences of both, the shorter ones padded on the left."""
    joined = empty_cache(backbone)
    width = max(one.get_seq_length(), other.get_seq_length())
    for index, layers in enumerate(zip(one.layers, other.layers, strict=True)):
        keys, values = (
            torch.cat([functional.pad(t, (0, 0, width - t.shape[2], 0)) for t in tensors])
            for tensors in zip(*((layer.keys, layer.values) for layer in layers), strict=True)
        )
        joined.update(keys, values, index)
    return joined

"""What the frozen LLM reads for a request, prefilled in batches of bounded size.

Text that many prompts begin with is read once and its KV-cache shared; a learnt KV prefix stands
before everything. Long prompts pass in pieces, so that memory is bounded by the KV-cache.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lpm.backbone import Backbone
from lpm.nn.injection import Prompt, inject

# A shorter common start costs less to read again than its cache to copy.
MIN_SHARED_TOKENS = 256


@dataclass(frozen=True)
class Budget:
    """What is read at once.

    sequences, kv_bytes: of a batch and its KV-cache. piece_tokens: of all sequences in one pass.
    scored_tokens: rows of logits, which are float32 and as wide as the vocabulary.
    """

    sequences: int
    kv_bytes: int
    piece_tokens: int
    scored_tokens: int


_CPU = Budget(sequences=32, kv_bytes=1 << 30, piece_tokens=4096, scored_tokens=1024)
# A GPU takes about as long for a few sequences as for hundreds.
_GPU = Budget(sequences=256, kv_bytes=8 << 30, piece_tokens=65_536, scored_tokens=8192)


def budget(backbone: Backbone) -> Budget:
    """Return what the backbone's device reads at once."""
    return _CPU if backbone.device.type == "cpu" else _GPU


@dataclass(frozen=True)
class Reading:
    """A templated prompt and the rows that are added to it."""

    prompt: Prompt
    rows: Float[Tensor, "soft_tokens hidden"] | None = None

    @property
    def soft_tokens(self) -> int:
        """Count the rows."""
        return 0 if self.rows is None else len(self.rows)

    @property
    def length(self) -> int:
        """Count rows and text tokens."""
        return self.soft_tokens + self.prompt.num_tokens


@dataclass(frozen=True)
class KeyValues:
    """Keys and values of a prefix, for every layer.

    states: (layers, 2, heads, tokens, head_dim), keys first.
    """

    states: Float[Tensor, "layers 2 heads tokens head_dim"]

    @property
    def num_tokens(self) -> int:
        """Count the positions."""
        return self.states.shape[3]

    def cache(self, backbone: Backbone, batch: int = 1) -> Any:
        """Return a KV-cache that holds the prefix for each sequence; gradients pass through."""
        cache = empty_cache(backbone)
        states = self.states.to(backbone.device, backbone.dtype)
        for layer, (keys, values) in enumerate(states):
            cache.update(
                keys[None].expand(batch, -1, -1, -1), values[None].expand(batch, -1, -1, -1), layer
            )
        return cache


@dataclass(frozen=True)
class Opened:
    """A batch of readings about to be read.

    members: their indices. embeddings: what is still to read, left-padded. mask: of everything, the
    tokens in `cache` first.
    """

    members: tuple[int, ...]
    embeddings: Float[Tensor, "batch tokens hidden"]
    mask: Bool[Tensor, "batch all_tokens"]
    cache: Any


def empty_cache(backbone: Backbone) -> Any:
    """Return a KV-cache that holds nothing."""
    from transformers import DynamicCache

    return DynamicCache(config=backbone.text_config)


@torch.no_grad()
def open_batches(
    backbone: Backbone,
    readings: Sequence[Reading],
    prefix: KeyValues | None,
    *,
    copies: Sequence[int] | None = None,
) -> Iterator[Opened]:
    """Yield the readings in batches whose KV-cache stays within the budget where possible.

    copies: how many sequences each reading will become; one by default.
    """
    shared = _shared_tokens(readings)
    start = empty_cache(backbone) if prefix is None else prefix.cache(backbone)
    if shared:
        ids = _ids(readings[0])[:shared]
        embeddings = backbone.embed(torch.tensor([ids], device=backbone.device))
        held = start.get_seq_length()
        mask = torch.ones(1, held + shared, dtype=torch.bool, device=backbone.device)
        prefill(backbone, embeddings, mask, start)
    held = start.get_seq_length()
    rest = [Reading(_without(reading.prompt, shared), reading.rows) for reading in readings]
    windowed = bool(held) and any(getattr(start, "is_sliding", ()))
    for members in _groups(backbone, [held + p.length for p in rest], copies, windowed):
        parts = [rest[i] for i in members]
        embeddings, text_mask = inject(backbone, [p.prompt for p in parts], [p.rows for p in parts])
        cache = copy.deepcopy(start)
        cache.batch_repeat_interleave(len(parts))
        leading = text_mask.new_ones(len(parts), held)
        yield Opened(tuple(members), embeddings, torch.cat([leading, text_mask], dim=1), cache)


@torch.no_grad()
def prefill(
    backbone: Backbone,
    embeddings: Float[Tensor, "batch tokens hidden"],
    mask: Bool[Tensor, "batch all_tokens"],
    cache: Any,
) -> Float[Tensor, "batch vocabulary"]:
    """Read embeddings into the cache piece by piece; return the logits after the last token.

    mask: of everything, the tokens already in `cache` first.
    """
    batch, width = embeddings.shape[:2]
    held = mask.shape[1] - width
    size = max(1, budget(backbone).piece_tokens // batch)
    logits = embeddings.new_zeros(batch, 0)
    for begin in range(0, width, size):
        piece = embeddings[:, begin : begin + size]
        end = begin + piece.shape[1]
        wanted = torch.zeros(piece.shape[:2], dtype=torch.bool, device=piece.device)
        wanted[:, -1] = end == width
        logits = backbone.logits_at(piece, mask[:, : held + end], wanted, cache)
    return logits


def _ids(reading: Reading) -> tuple[int, ...]:
    return reading.prompt.before + reading.prompt.after


def _shared_tokens(readings: Sequence[Reading]) -> int:
    """Count the tokens that all prompts begin with, before any row; 0 when they are few."""
    if len(readings) < 2:
        return 0
    # Something of each prompt must be left to read.
    starts = [_ids(r)[:-1] if r.rows is None else r.prompt.before for r in readings]
    same = takewhile(lambda tokens: len(set(tokens)) == 1, zip(*starts, strict=False))
    count = sum(1 for _ in same)
    return count if count >= MIN_SHARED_TOKENS else 0


def _without(prompt: Prompt, count: int) -> Prompt:
    """Drop the first `count` tokens of a prompt."""
    of_before = min(count, len(prompt.before))
    return Prompt(prompt.before[of_before:], prompt.after[count - of_before :])


def _groups(
    backbone: Backbone, lengths: Sequence[int], copies: Sequence[int] | None, same_length: bool
) -> Iterator[list[int]]:
    """Yield indices of readings that fit into memory together, of similar lengths.

    same_length: sliding windows count padding as tokens, so behind a prefix nothing may be padded.
    """
    limits = budget(backbone)
    most = limits.kv_bytes // backbone.kv_bytes_per_token
    group: list[int] = []
    sequences = 0
    for index in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        more = 1 if copies is None else copies[index]
        full = (sequences + more) > limits.sequences or (sequences + more) * lengths[index] > most
        if group and (full or (same_length and lengths[index] != lengths[group[0]])):
            yield group
            group, sequences = [], 0
        group.append(index)
        sequences += more
    if group:
        yield group

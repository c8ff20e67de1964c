"""What the writer sees of a chunk: frozen embeddings and hidden states, computed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from lpm.chunking import Chunk

if TYPE_CHECKING:
    from lpm.backbone import Backbone

MAX_CONTEXT_TOKENS = 24
MAX_CHUNK_TOKENS = 64
_BATCH = 32


@dataclass(frozen=True)
class ChunkFeatures:
    """Token ids and early-exit hidden states of chunks, right-padded."""

    ids: Int[Tensor, "chunks tokens"]
    hidden: Float[Tensor, "chunks tokens hidden"]
    mask: Bool[Tensor, "chunks tokens"]


def chunk_features(backbone: Backbone, chunks: Sequence[Chunk], layer: int) -> ChunkFeatures:
    """Run the first layers over each chunk behind its context; keep the chunk's own tokens."""
    encode = backbone.tokenizer.encode
    contexts, texts = [], []
    for chunk in chunks:
        context = encode(chunk.context + "\n", add_special_tokens=False)[-MAX_CONTEXT_TOKENS:]
        contexts.append(context)
        texts.append(encode(" " + chunk.text, add_special_tokens=False)[:MAX_CHUNK_TOKENS])
    ids, mask = backbone.pad(texts, padding_side="right")
    hidden = torch.zeros(*ids.shape, backbone.hidden_size, dtype=backbone.dtype)
    for start in range(0, len(chunks), _BATCH):
        part = slice(start, min(start + _BATCH, len(chunks)))
        rows = [a + b for a, b in zip(contexts[part], texts[part], strict=True)]
        states = backbone.hidden_states(*backbone.pad(rows, padding_side="right"), layer).cpu()
        for offset, index in enumerate(range(part.start, part.stop)):
            begin, length = len(contexts[index]), len(texts[index])
            hidden[index, :length] = states[offset, begin : begin + length]
    return ChunkFeatures(ids.cpu(), hidden, mask.cpu())

"""What the writer sees of a chunk: frozen embeddings and hidden states, computed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from lpm.chunking import Chunk
from lpm.nn.pooling import normalised

if TYPE_CHECKING:
    from lpm.backbone import Backbone

MAX_CONTEXT_TOKENS = 24
MAX_CHUNK_TOKENS = 64
_BATCH = 32


@dataclass(frozen=True)
class ChunkFeatures:
    """Token ids and layer-normalised hidden states of chunks, right-padded.

    words: the number of the word that each token is a piece of, counted in its chunk.
    """

    ids: Int[Tensor, "chunks tokens"]
    states: Float[Tensor, "chunks tokens layers hidden"]
    mask: Bool[Tensor, "chunks tokens"]
    words: Int[Tensor, "chunks tokens"]


def chunk_features(
    backbone: Backbone, chunks: Sequence[Chunk], layers: Sequence[int]
) -> ChunkFeatures:
    """Run the first layers over each chunk behind its context; keep the chunk's own tokens."""
    encode = backbone.tokenizer.encode
    contexts, texts = [], []
    for chunk in chunks:
        context = encode(chunk.context + "\n", add_special_tokens=False)[-MAX_CONTEXT_TOKENS:]
        contexts.append(context)
        texts.append(encode(" " + chunk.text, add_special_tokens=False)[:MAX_CHUNK_TOKENS])
    ids, mask = backbone.pad(texts, padding_side="right")
    states = torch.zeros(*ids.shape, len(layers), backbone.hidden_size)
    # Rows of like length share a batch, so that little of it is padding.
    order = sorted(range(len(chunks)), key=lambda i: len(contexts[i]) + len(texts[i]))
    for start in range(0, len(order), _BATCH):
        part = order[start : start + _BATCH]
        rows = [contexts[i] + texts[i] for i in part]
        made = backbone.hidden_states(*backbone.pad(rows, padding_side="right"), layers)
        for place, index in enumerate(part):
            begin, length = len(contexts[index]), len(texts[index])
            own = [normalised(layer[place, begin : begin + length]) for layer in made]
            states[index, :length] = torch.stack(own, dim=1).cpu()
    words = torch.zeros(ids.shape, dtype=torch.long)
    for index, text in enumerate(texts):
        words[index, : len(text)] = torch.tensor(word_numbers(backbone.pieces(text)))
    return ChunkFeatures(ids.cpu(), states, mask.cpu(), words)


def word_numbers(pieces: Sequence[str]) -> list[int]:
    """Return for each piece of a text the number of its word.

    Blanks part words. Punctuation is a word of its own unless letters or digits follow at once:
    "5:52" is one word, and the full stop behind a name is no part of it.
    """
    numbers: list[int] = []
    for index, piece in enumerate(pieces):
        spoken = any(character.isalnum() for character in piece)
        following = pieces[index + 1] if index + 1 < len(pieces) else " "
        ends = not spoken and (not following[:1].isalnum())
        starts = index == 0 or piece[:1].isspace() or ends or pieces[index - 1][-1:].isspace()
        numbers.append((numbers[-1] if numbers else -1) + starts)
    return numbers

"""Write a history into slots in one pass, with provenance to the turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from lpm.chunking import Chunk
from lpm.learning.features import chunk_features
from lpm.modeling import LPMModel
from lpm.types import SlotSource
from lpm.written import Written

WORTH_KEEPING = 0.0
"""The salience at which a trained writer is undecided."""

_BATCH = 256


@dataclass(frozen=True)
class WrittenSlots:
    """Slots as the writer left them, the chunk behind each, and how salient each is.

    subjects: what each is a statement about, see `Candidates`.
    """

    slots: Float[Tensor, "groups slots slot_dim"]
    chunks: tuple[Chunk, ...]
    salience: tuple[float, ...]
    subjects: Float[Tensor, "slots subject_width"]

    def provenance(self) -> tuple[tuple[SlotSource, ...], ...]:
        """Return the sources of each slot: the one turn that its chunk is of."""
        return tuple((SlotSource(c.session_id, c.turn, 1.0),) for c in self.chunks)

    def as_written(self) -> Written:
        """Return the slots without their text."""
        return Written(self.slots, self.provenance(), self.salience, self.subjects)


@torch.no_grad()
def write_slots(model: LPMModel, chunks: Sequence[Chunk], num_slots: int) -> WrittenSlots:
    """Keep the `num_slots` most salient chunks, in the order they were said.

    A trained writer leaves out what it thinks is not worth keeping, though never everything. Memory
    use does not grow with the history: chunks pass in blocks and only the best stay. The
    same chunk said twice is kept once, where it was said last.
    """
    backbone = model.backbone
    best: list[tuple[float, int, Tensor, Tensor]] = []
    unique = sorted({(chunk.text, chunk.context): i for i, chunk in enumerate(chunks)}.values())
    for start in range(0, len(unique), _BATCH):
        index = unique[start : start + _BATCH]
        features = chunk_features(backbone, [chunks[i] for i in index], model.config.seen_layers)
        embeddings = backbone.embed(features.ids.to(backbone.device)).cpu()
        made = model.writer(embeddings, features.states, features.mask, features.words)
        scored = zip(made.salience.tolist(), index, made.slots, made.subjects, strict=True)
        best = sorted([*best, *scored], key=lambda item: (-item[0], item[1]))[:num_slots]
    worth = [item for item in best if not model.config.trained or item[0] > WORTH_KEEPING]
    kept = sorted(worth or best[:1], key=lambda item: item[1])
    return WrittenSlots(
        torch.stack([slot for _, _, slot, _ in kept])[None],
        tuple(chunks[i] for _, i, _, _ in kept),
        tuple(score for score, _, _, _ in kept),
        torch.stack([subject for _, _, _, subject in kept]).half(),
    )

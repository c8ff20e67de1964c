"""Slots as the writer left them, with what belongs to each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from lpm.types import SlotSource


@dataclass(frozen=True, eq=False)
class Written:
    """Slots as the writer left them.

    slots: (groups, slots, slot_dim). subjects: what each is a statement about, see
    `lpm.nn.subject`; zero wide where the writer does not tell. provenance, salience: see `Memory`.
    """

    slots: Float[Tensor, "groups slots slot_dim"]
    provenance: tuple[tuple[SlotSource, ...], ...]
    salience: tuple[float, ...]
    subjects: Float[Tensor, "slots subject_width"]

    def only(self, chosen: Sequence[int]) -> Written:
        """Return some of the slots."""
        return Written(
            self.slots[:, list(chosen)].contiguous(),
            tuple(self.provenance[i] for i in chosen),
            tuple(self.salience[i] for i in chosen),
            self.subjects[list(chosen)].contiguous(),
        )

    def and_also(self, other: Written) -> Written:
        """Return these slots and then others."""
        width = max(self.subjects.shape[1], other.subjects.shape[1])
        subjects = [
            functional.pad(part.subjects, (0, width - part.subjects.shape[1]))
            for part in (self, other)
        ]
        return Written(
            torch.cat([self.slots, other.slots], dim=1),
            self.provenance + other.provenance,
            self.salience + other.salience,
            torch.cat(subjects),
        )

"""What a memory's file holds of former values: only what it does not hold already.

The slot of a former value has the value columns of a superseded slot and other key columns, so its
place among the superseded slots and the columns behind their common start are enough.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

Slots = Float[Tensor, "groups slots slot_dim"]


def folded(former: Slots, superseded: Slots) -> tuple[list[int], Tensor]:
    """Return (places, columns): which superseded slot each starts as, and how all go on."""
    shared = torch.stack(
        [_common_start(slot[:, None], superseded) for slot in former.unbind(dim=1)]
    )
    start, places = shared.max(dim=1)
    return places.tolist(), former[:, :, int(start.min()) :]


def unfolded(places: Sequence[int], columns: Tensor, superseded: Slots) -> Slots:
    """Return the slots again; ValueError for places or columns that cannot be."""
    count, width = superseded.shape[1:]
    if not all(type(place) is int and 0 <= place < count for place in places):
        raise ValueError("former")
    return torch.cat([superseded[:, list(places), : width - columns.shape[2]], columns], dim=2)


def _common_start(slot: Tensor, others: Tensor) -> Tensor:
    """Return how many leading columns each of the others shares with a slot, in all groups."""
    return (slot == others).all(dim=0).int().cumprod(dim=1).sum(dim=1)

"""What a memory's file holds of former values: only what it does not hold already.

The slot of a former value starts as a superseded slot does, with the value, and goes on as the key
of a present one, marked as past.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lpm.errors import MemoryFileError
from lpm.written import Written

PAST_MARK = 1.0
"""What the key columns of a former value's slot have more than those of its heir."""

Slots = Float[Tensor, "groups slots slot_dim"]
Link = tuple[int, int, int]
"""Place of the superseded slot, place of the present one, column where the key starts."""


def folded(read: Written, num_former: int, superseded: Written) -> list[Link]:
    """Return what each of the last `num_former` slots is made of.

    Raises MemoryFileError for one that is not made of the others.
    """
    num_present = len(read.provenance) - num_former
    present = read.slots[:, :num_present]
    return [
        _link(read.only([index]), present, superseded)
        for index in range(num_present, len(read.provenance))
    ]


def unfolded(links: Any, present: Written, superseded: Written) -> Written:
    """Return present slots and then former ones; ValueError or TypeError for impossible links."""
    if not isinstance(links, list) or not links:
        raise ValueError("former")
    slots = [_former(link, present.slots, superseded.slots) for link in links]
    made = superseded.only([place for place, _, _ in links])
    return present.and_also(
        Written(torch.stack(slots, dim=1), made.provenance, made.salience, made.subjects)
    )


def _link(former: Written, present: Slots, superseded: Written) -> Link:
    for place in range(len(superseded.provenance)):
        start = _common_start(former.slots[:, 0], superseded.slots[:, place])
        key = former.slots[:, :, start:]
        heirs = (present[:, :, start:] + PAST_MARK == key).all(dim=2).all(dim=0)
        if heirs.any() and _told_alike(former, superseded.only([place])):
            return place, int(heirs.nonzero()[0]), start
    raise MemoryFileError(
        "A slot that is read for a former value must have the value of a superseded slot and the "
        "key of a present one, marked as past; learn the sessions again."
    )


def _told_alike(one: Written, other: Written) -> bool:
    return (
        one.provenance == other.provenance
        and one.salience == other.salience
        and torch.equal(one.subjects, other.subjects)
    )


def _former(link: Any, present: Slots, superseded: Slots) -> Tensor:
    place, heir, start = link
    bounds = (superseded.shape[1], present.shape[1], present.shape[2] + 1)
    if not all(
        type(number) is int and 0 <= number < bound
        for number, bound in zip((place, heir, start), bounds, strict=True)
    ):
        raise ValueError("former")
    return torch.cat([superseded[:, place, :start], present[:, heir, start:] + PAST_MARK], dim=1)


def _common_start(
    slot: Float[Tensor, "groups slot_dim"], other: Float[Tensor, "groups slot_dim"]
) -> int:
    """Return how many leading columns two slots share, in all groups."""
    return int((slot == other).all(dim=0).int().cumprod(dim=0).sum())

"""Contradictions resolve to the latest: of two values of one thing the later statement holds.

What is read of a memory are the slots that nothing supersedes, and of each value that gave way the
last former one: its slot takes the key of its heir, marked as past, so that it is read for
questions about the past and for no others. That depends on what was told and when alone, and slots
are kept as written beside it, so sessions may come late, twice or in any order, and go again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from lpm.former import PAST_MARK
from lpm.modeling import LPMModel
from lpm.nn.subject import likeness
from lpm.types import in_time
from lpm.written import Written

SAME_TOKEN = 0.999
"""Cosine of two codes from which on they are of one token; batches differ by rounding."""
SAME_VALUE = 0.5
"""Two runs that share more than this part of the shorter one, in one piece, say the same."""

Order = Sequence[tuple[int, int]]
"""When each slot was told: the place of its session in time, and the turn."""


def told_in_order(
    written: Written, sessions: Sequence[tuple[str, datetime | None]]
) -> list[tuple[int, int]]:
    """Return when each written slot was told.

    sessions: identifier and time of all, as they came. They count by time where all have one, else
    as they came.
    """
    told = dict(sessions)
    names = in_time(list(told), list(told.values()))
    place = {name: index for index, name in enumerate(names)}
    return [(place.get(s[0].session_id, -1), s[0].turn) for s in written.provenance]


@dataclass(frozen=True)
class Settled:
    """What is left to read, and what was written.

    read: the slots to read, those with former values last. num_former: how many these are.
    superseded: as written, all that another took the place of; None where none did.
    """

    read: Written
    num_former: int = 0
    superseded: Written | None = None


@torch.no_grad()
def settle(model: LPMModel, written: Written, order: Order) -> Settled:
    """Let the later of two values of one thing take the earlier one's place."""
    heirs = superseded(model, written, order)
    if not heirs:
        return Settled(written)
    present = [index for index in range(len(order)) if index not in heirs]
    # Where a message cannot ask for the past, nothing former is ever read.
    last = {heirs[older]: older for older in sorted(heirs, key=lambda index: (order[index], index))}
    former = [last[heir] for heir in sorted(last)] if model.config.past else []
    keys = model.projector.config.key_start
    slots = written.slots.clone()
    for heir, older in last.items():
        slots[..., older, keys:] = written.slots[..., heir, keys:] + PAST_MARK
    read = replace(written, slots=slots).only([*present, *former])
    return Settled(read, len(former), written.only(sorted(heirs)))


@torch.no_grad()
def superseded(model: LPMModel, written: Written, order: Order) -> dict[int, int]:
    """Return which slot took the place of which: older to newest, by index."""
    above, subjects = model.config.supersede_above, written.subjects
    if above is None or subjects.shape[1] == 0:
        return {}
    alike = likeness(subjects, subjects) >= above
    heirs: dict[int, int] = {}
    for newer in sorted(range(len(order)), key=lambda index: (order[index], index), reverse=True):
        for older in alike[newer].nonzero()[:, 0].tolist():
            if older in heirs or order[older] >= order[newer]:
                continue
            said, other = (_present_value(model, written.slots[0, i]) for i in (newer, older))
            if not _same_value(said, other):
                # What was superseded itself hands on to its own heir.
                heirs[older] = heirs.get(newer, newer)
    return heirs


def _present_value(model: LPMModel, slot: Float[Tensor, " slot_dim"]) -> list[Tensor]:
    """Return the codes of the tokens that say what holds now: those before the first marker."""
    sizes = model.writer.config
    markers = list(model.writer.codes(model.writer.markers)) if sizes.num_roles > 1 else []
    codes: list[Tensor] = []
    for code in slot[: sizes.num_tokens * sizes.code_dim].unflatten(0, (sizes.num_tokens, -1)):
        if not code.any() or any(_same(code, marker) for marker in markers):
            break
        codes.append(code)
    return codes


def _same_value(newer: Sequence[Tensor], older: Sequence[Tensor]) -> bool:
    """Say whether two runs say the same: most of the shorter one stands in the other, in a piece.

    Single tokens prove nothing: numbers share digits.
    """
    return _longest_shared(newer, older) > SAME_VALUE * min(len(newer), len(older))


def _longest_shared(some: Sequence[Tensor], others: Sequence[Tensor]) -> int:
    longest, ending = 0, [0] * (len(others) + 1)
    for code in some:
        ending = [0] + [
            ending[place] + 1 if _same(code, other) else 0 for place, other in enumerate(others)
        ]
        longest = max(longest, *ending)
    return longest


def _same(code: Tensor, other: Tensor) -> bool:
    return float(functional.cosine_similarity(code, other, dim=0)) > SAME_TOKEN

"""What changed between two versions of a memory: slots that came, went and moved."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import torch

from lpm.errors import InputError
from lpm.memory import Memory
from lpm.types import SlotSource


@dataclass(frozen=True)
class SlotChange:
    """One slot of either version.

    before, after: its place in the old and in the new version; None where it is not there. moved:
    1 - cosine of what it holds in both, 0 for a slot that stayed as it was.
    """

    before: int | None
    after: int | None
    moved: float
    sources: tuple[SlotSource, ...]


@dataclass(frozen=True)
class MemoryChanges:
    """What happened between two versions; drift: mean `moved` of the slots that both have."""

    user: str
    old_version: int
    new_version: int
    sessions_added: tuple[str, ...]
    sessions_removed: tuple[str, ...]
    came: tuple[SlotChange, ...]
    went: tuple[SlotChange, ...]
    stayed: tuple[SlotChange, ...]
    drift: float


def changes(old: Memory, new: Memory) -> MemoryChanges:
    """Compare two versions of one user's memory; a slot is known by the turns that taught it.

    Raises InputError for memories of two users or of slots of two widths.
    """
    if old.user != new.user or old.slots.shape[2] != new.slots.shape[2]:
        raise InputError(
            "Only versions of one user's memory with the same slots can be compared; give two "
            "numbers of `lpm history`."
        )
    before, after = _places(old), _places(new)
    stayed = tuple(
        SlotChange(before[key], index, _moved(old, before[key], new, index), new.provenance[index])
        for key, index in after.items()
        if key in before
    )
    came = tuple(
        SlotChange(None, index, 1.0, new.provenance[index])
        for key, index in after.items()
        if key not in before
    )
    went = tuple(
        SlotChange(index, None, 1.0, old.provenance[index])
        for key, index in before.items()
        if key not in after
    )
    known_old = {record.content_hash: record.session_id for record in old.sessions}
    known_new = {record.content_hash: record.session_id for record in new.sessions}
    return MemoryChanges(
        user=old.user,
        old_version=old.version,
        new_version=new.version,
        sessions_added=tuple(n for h, n in known_new.items() if h not in known_old),
        sessions_removed=tuple(n for h, n in known_old.items() if h not in known_new),
        came=came,
        went=went,
        stayed=stayed,
        drift=sum(slot.moved for slot in stayed) / len(stayed) if stayed else 0.0,
    )


def _places(memory: Memory) -> dict[tuple[object, int], int]:
    """Return the index of each slot by the turns that taught it, and how often these did before."""
    seen: Counter[object] = Counter()
    places: dict[tuple[object, int], int] = {}
    for index, sources in enumerate(memory.provenance):
        taught = tuple((source.session_id, source.turn) for source in sources)
        places[taught, seen[taught]] = index
        seen[taught] += 1
    return places


def _moved(old: Memory, before: int, new: Memory, after: int) -> float:
    a, b = old.slots[:, before].flatten(), new.slots[:, after].flatten()
    if torch.equal(a, b):
        return 0.0
    return 1.0 - float(torch.nn.functional.cosine_similarity(a, b, dim=0))

"""What a history teaches: slots from its text, beside slots of sessions whose text is not kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lpm.chunking import Chunk, chunk_history
from lpm.learning.examples import AnswerScorer
from lpm.learning.fit import FitConfig, Progress, fit_slots
from lpm.learning.self_study import SelfStudyConfig, next_turn_examples, study_history
from lpm.memory import Memory, SessionRecord
from lpm.modeling import LPMModel
from lpm.types import History, Session, SlotSource
from lpm.writing import write_slots

# Slots of sessions without text can only be carried along; this share of them at least makes room.
CARRIED_SHARE = 0.75
_NO_LOSSES: tuple[float, ...] = ()


@dataclass(frozen=True)
class Learnt:
    """Slots, who taught each, and the losses of the steps that refined them."""

    slots: Tensor
    provenance: tuple[tuple[SlotSource, ...], ...]
    losses: tuple[float, ...] = ()


def learn(
    model: LPMModel,
    history: History | None,
    carried: Learnt | None,
    *,
    of: Memory | None = None,
    steps: int,
    seed: int,
    progress: Progress | None = None,
) -> Learnt | None:
    """Write a history into slots, in the room that carried slots leave; refine those written.

    carried: slots of sessions whose text is gone. When there are too many, the oldest go first. of:
    the version before; only the turns behind its slots and sessions new to it are then read, which
    gives the same as reading everything: a turn that was passed over once stays behind those that
    were chosen. Returns None when there is nothing to remember.
    """
    chunks = _to_read(chunk_history(history), of) if history else []
    kept = _room(carried, model.config.num_slots, len(chunks))
    if not chunks:
        return kept
    room = model.config.num_slots - (0 if kept is None else len(kept.provenance))
    written = write_slots(model, chunks, room)
    slots, losses = written.slots, _NO_LOSSES
    if steps and history is not None:
        slots, losses = _refine(model, history, written.chunks, slots, steps, seed, progress)
    fresh = Learnt(slots.contiguous(), written.provenance(), losses)
    return fresh if kept is None else _joined(kept, fresh)


def _to_read(chunks: list[Chunk], of: Memory | None) -> list[Chunk]:
    if of is None:
        return chunks
    known = {record.session_id for record in of.sessions}
    chosen = {(s.session_id, s.turn) for sources in of.provenance for s in sources}
    return [c for c in chunks if c.session_id not in known or (c.session_id, c.turn) in chosen]


def _refine(
    model: LPMModel,
    history: History,
    chunks: tuple[Chunk, ...],
    slots: Tensor,
    steps: int,
    seed: int,
    progress: Progress | None,
) -> tuple[Tensor, tuple[float, ...]]:
    study = study_history(model, chunks, SelfStudyConfig(seed=seed))
    examples = study or next_turn_examples(model, history)
    if not examples:
        return slots, ()
    config, scorer = FitConfig(steps=steps, seed=seed), AnswerScorer(model.backbone)
    fitted = fit_slots(model.projector, scorer, [slots], [examples], config, progress=progress)
    return fitted.slots[0], fitted.losses


def _room(carried: Learnt | None, num_slots: int, num_chunks: int) -> Learnt | None:
    if carried is None or not carried.provenance:
        return None
    most = max(num_slots - num_chunks, int(num_slots * CARRIED_SHARE))
    return Learnt(carried.slots[:, -most:].contiguous(), carried.provenance[-most:])


def _joined(first: Learnt, second: Learnt) -> Learnt:
    slots = torch.cat([first.slots, second.slots], dim=1)
    return Learnt(slots, first.provenance + second.provenance, second.losses)


def without_text(memory: Memory, history: History | None) -> Learnt:
    """Return the slots of a memory that no session of the history taught, in their order."""
    told = {session.session_id for session in history.sessions} if history else set()
    return slots_where(memory, lambda sources: not any(s.session_id in told for s in sources))


def slots_where(memory: Memory, keep: Callable[[tuple[SlotSource, ...]], bool]) -> Learnt:
    """Return the slots of a memory whose sources pass a test."""
    chosen = [index for index, sources in enumerate(memory.provenance) if keep(sources)]
    return Learnt(memory.slots[:, chosen].contiguous(), tuple(memory.provenance[i] for i in chosen))


def distinct(sessions: Sequence[Session]) -> list[Session]:
    """Return the sessions without those that say the same again."""
    return list({session.content_hash(): session for session in sessions}.values())


def merged(old: Sequence[Session], new: Sequence[Session], names: set[str]) -> History:
    """Join old and new sessions by time where all have one; rename clashing identifiers.

    names: further identifiers that are taken.
    """
    taken = names | {session.session_id for session in old}
    joined = list(old)
    for session in new:
        name, number = session.session_id, 2
        while name in taken:
            name, number = f"{session.session_id}#{number}", number + 1
        taken.add(name)
        joined.append(Session(name, session.turns, session.time))
    if all(session.time for session in joined):
        joined.sort(key=lambda session: session.time.timestamp() if session.time else 0.0)
    return History(tuple(joined))


def records(old: Memory | None, history: History) -> tuple[SessionRecord, ...]:
    """Return a record of every session learnt from: those without text first."""
    told = [SessionRecord(s.session_id, s.content_hash(), s.time) for s in history.sessions]
    hashes = {record.content_hash for record in told}
    before = () if old is None else old.sessions
    return (*(record for record in before if record.content_hash not in hashes), *told)

"""What a history teaches: slots from its text, beside slots of sessions whose text is not kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from torch import Tensor

from lpm.chunking import Chunk, chunk_history
from lpm.learning.examples import AnswerScorer
from lpm.learning.fit import FitConfig, FitResult, Progress, fit_slots
from lpm.learning.self_study import SelfStudyConfig, next_turn_examples, study_history
from lpm.memory import Memory, SessionRecord
from lpm.modeling import LPMModel
from lpm.superseding import Settled, settle, told_in_order
from lpm.types import History, Session, SlotSource, in_time
from lpm.writing import WrittenSlots, write_slots
from lpm.written import Written


@dataclass(frozen=True)
class Learnt:
    """What a memory holds after learning.

    losses: of refining. interrupted: Ctrl-C stopped that, and these are the best slots so far.
    """

    settled: Settled
    losses: tuple[float, ...] = ()
    interrupted: bool = False

    @property
    def read(self) -> Written:
        """Return the slots to read."""
        return self.settled.read

    def fields(self) -> dict[str, Any]:
        """Return the fields of a `Memory` that hold it."""
        subjects = self.read.subjects
        return {
            "slots": self.read.slots,
            "provenance": self.read.provenance,
            "salience": self.read.salience,
            "subjects": subjects if subjects.shape[1] else None,
            "num_former": self.settled.num_former,
            "superseded": self.settled.superseded,
        }


def learn(
    model: LPMModel,
    history: History | None,
    carried: Written | None,
    *,
    of: Memory | None = None,
    sessions: Sequence[SessionRecord] = (),
    steps: int,
    seed: int,
    num_slots: int | None = None,
    learning_rate: float = FitConfig.learning_rate,
    progress: Progress | None = None,
) -> Learnt | None:
    """Write a history into slots; the most salient of these and of those carried along stay.

    carried: slots of sessions whose text is gone, as written. of: the version before; only the
    turns behind its slots and sessions new to it are then read, which gives the same as reading
    everything: a turn that was passed over once stays behind those that were chosen. sessions: of
    what is carried, where `of` does not tell. steps: of refining what was written, at
    learning_rate. num_slots: at most, the model's by default. Of two values of one thing, the later
    one then takes the earlier one's place. Returns None when there is nothing to remember.
    """
    chunks = _to_read(chunk_history(history), of) if history else []
    told = session_times(of.sessions if of else sessions, history)
    if not chunks:
        return settled(model, carried, told) if carried and carried.provenance else None
    most = model.config.num_slots if num_slots is None else num_slots
    written = write_slots(model, chunks, most)
    kept, fresh = _best(carried, written, most)
    chosen = tuple(written.chunks[index] for index in fresh)
    new = written.as_written().only(fresh)
    fitted = None
    if steps and history is not None and fresh:
        config = FitConfig(steps=steps, learning_rate=learning_rate, seed=seed)
        fitted = _refine(model, history, chosen, new.slots, config, progress)
    if fitted is not None:
        new = replace(new, slots=fitted.slots[0].contiguous())
    whole = new if carried is None or not kept else carried.only(kept).and_also(new)
    learnt = settled(model, whole, told)
    if fitted is None:
        return learnt
    return replace(learnt, losses=fitted.losses, interrupted=fitted.interrupted)


SessionTimes = Sequence[tuple[str, datetime | None]]
"""Identifier and time of sessions, as they came."""


def session_times(known: Sequence[SessionRecord], history: History | None) -> SessionTimes:
    """Return the identifier and time of all sessions that taught something."""
    told = history.sessions if history else ()
    return [*((r.session_id, r.time) for r in known), *((s.session_id, s.time) for s in told)]


def settled(model: LPMModel, written: Written, sessions: SessionTimes) -> Learnt:
    """Return written slots with contradictions resolved to the latest."""
    return Learnt(settle(model, written, told_in_order(written, sessions)))


def _best(
    carried: Written | None, written: WrittenSlots, num_slots: int
) -> tuple[list[int], list[int]]:
    """Return which carried and which written slots stay; where equal, those carried."""
    scored = [(-score, 0, i) for i, score in enumerate(carried.salience if carried else ())]
    scored += [(-score, 1, i) for i, score in enumerate(written.salience)]
    best = sorted(scored)[:num_slots]
    kept, fresh = ([i for _, kind, i in best if kind == which] for which in (0, 1))
    return sorted(kept), sorted(fresh)


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
    config: FitConfig,
    progress: Progress | None,
) -> FitResult | None:
    study = study_history(model, chunks, SelfStudyConfig(seed=config.seed))
    examples = study or next_turn_examples(model, history)
    if not examples:
        return None
    scorer = AnswerScorer(model.backbone)
    return fit_slots(model.projector, scorer, [slots], [examples], config, progress=progress)


def slots_of(memory: Memory) -> Written:
    """Return the slots of a memory as they were written, before any gave way to another."""
    read = memory.read
    if memory.superseded is None:
        return read
    present = range(len(read.provenance) - memory.num_former)
    return read.only(present).and_also(memory.superseded)


def without_text(memory: Memory, history: History | None) -> Written:
    """Return the written slots of a memory that no session of the history taught, in order."""
    told = {session.session_id for session in history.sessions} if history else set()
    return slots_where(memory, lambda sources: not any(s.session_id in told for s in sources))


def slots_where(memory: Memory, keep: Callable[[tuple[SlotSource, ...]], bool]) -> Written:
    """Return the written slots of a memory whose sources pass a test."""
    written = slots_of(memory)
    return written.only([i for i, sources in enumerate(written.provenance) if keep(sources)])


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
    return History(in_time(joined, [session.time for session in joined]))


def records(old: Memory | None, told: Sequence[Session]) -> tuple[SessionRecord, ...]:
    """Return a record of every session learnt from: by time where all have one, else as they came.

    Those that came earlier keep their order, so that what is later stays later.
    """
    before = () if old is None else old.sessions
    now = {s.content_hash(): SessionRecord(s.session_id, s.content_hash(), s.time) for s in told}
    kept = {record.content_hash: record for record in before}
    joined = [now.get(known, record) for known, record in kept.items()]
    joined += [record for known, record in now.items() if known not in kept]
    return in_time(joined, [record.time for record in joined])

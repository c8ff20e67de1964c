"""A memory's next version, stored and reported: with more sessions, or without some."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from lpm.checked_store import CheckedStore
from lpm.errors import HistoryError, InputError
from lpm.forgetting import (
    ErasureReceipt,
    erase,
    find_session,
    find_topic,
    now,
    probe,
    records_left,
    removed_chunks,
    without,
)
from lpm.histories import parse_messages
from lpm.learning.fit import Progress
from lpm.memory import Memory, SessionRecord
from lpm.modeling import LPMModel
from lpm.remembering import Learnt, distinct, learn, merged, records, without_text
from lpm.store import MemoryStore
from lpm.store.rows import check_keeping, check_text
from lpm.types import History, KeepHistory, Message, RememberReport


def told(history: History | Sequence[Message]) -> History:
    """Return what is to be remembered.

    HistoryError without user turns, InputError for text that no store can hold.
    """
    given = history if isinstance(history, History) else parse_messages(list(history))
    for session, _, turn in given.turns():
        check_text(session.session_id, "The history")
        check_text(turn.content, "The history")
    if not any(turn.role == "user" for _, _, turn in given.turns()):
        raise HistoryError("The history holds no user turns, so there is nothing to remember.")
    return given


def remember(
    model: LPMModel,
    memories: CheckedStore,
    user: str,
    given: History,
    *,
    steps: int,
    seed: int,
    keep_history: KeepHistory,
    expires_at: datetime | None,
    dry_run: bool,
    progress: Progress | None,
    begin: float,
) -> RememberReport:
    """Add the sessions that are new to a user's memory; HistoryError when they hold no words.

    begin: `time.perf_counter()` when the call came, from which the report counts.
    """
    check_keeping(keep_history, expires_at)
    old = memories.find(user)
    known = {record.content_hash for record in old.sessions} if old else set()
    new = [s for s in distinct(given.sessions) if s.content_hash() not in known]
    if not new and old is not None:
        return _report(old, old, 0, len(given.sessions), (), begin, dry_run)
    kept = memories.store.get_history(user) if old else None
    names = {record.session_id for record in old.sessions} if old else set()
    whole = merged(kept.sessions if kept else (), new, names)
    carried = without_text(old, kept) if old else None
    learnt = learn(model, whole, carried, of=old, steps=steps, seed=seed, progress=progress)
    if learnt is None:
        raise HistoryError("The user's turns hold no words, so there is nothing to learn.")
    memory = _next(memories, user, old, learnt, records(old, whole.sessions))
    if not dry_run:
        # As merged: a clashing identifier was renamed there.
        fresh = {session.content_hash() for session in new}
        sessions = [s for s in whole.sessions if s.content_hash() in fresh]
        memories.store.put(memory, sessions, keep_history=keep_history, expires_at=expires_at)
    skipped = len(given.sessions) - len(new)
    return _report(old, memory, len(new), skipped, learnt.losses, begin, dry_run)


def forget_part(
    model: LPMModel,
    memories: CheckedStore,
    user: str,
    *,
    session: str | None,
    about: str | None,
    steps: int,
    seed: int,
    dry_run: bool,
) -> ErasureReceipt:
    """Remove a session, or what was said about a topic; give exactly one of the two.

    Raises InputError when nothing matches, or while a job of the user holds text that would be
    remembered later or is kept for a failure; KeyboardInterrupt, with nothing removed, when Ctrl-C
    stopped the learning anew.
    """
    memory, history = memories.get(user), memories.store.get_history(user)
    if not dry_run:
        _check_jobs(memories.store, user)
    if session is not None:
        stored = memories.store.sessions(user, every=True)
        removal = find_session(memory, history, stored, session)
    else:
        removal = find_topic(memory, history, str(about))
    older = memories.store.version_log(user)
    learnt, rebuilt = without(model, memory, removal, steps=steps, seed=seed)
    if learnt is not None and learnt.interrupted:
        raise KeyboardInterrupt
    found = probe(model, removed_chunks(removal), memory, learnt, seed)
    left = None
    if learnt is not None:
        left = _next(memories, user, memory, learnt, records_left(memory, removal))
    removed = len(older) if dry_run else erase(memories.store, memory, left, removal)
    return ErasureReceipt(
        user=user,
        scope="about" if session is None else "session",
        asked=about if session is None else session,
        sessions_removed=tuple(record.session_id for record in removal.sessions),
        turns_removed=tuple(sorted(removal.turns)),
        slots_before=memory.slots.shape[1],
        slots_after=0 if left is None else left.slots.shape[1],
        rebuilt=rebuilt,
        versions_removed=removed,
        bytes_removed=sum(item.size_bytes for item in older),
        version=None if left is None else left.version,
        probe=found,
        made_at=now(),
        dry_run=dry_run,
    )


def _check_jobs(store: MemoryStore, user: str) -> None:
    held = [job.job_id for job in store.queue.jobs(user=user) if job.has_text]
    if held:
        raise InputError(
            f"{len(held)} jobs of user '{user}' hold text, such as '{held[0]}'; wait for them or "
            "cancel them (`DELETE /v1/jobs/…`) before a part is forgotten, or forget the user."
        )


def _next(
    memories: CheckedStore,
    user: str,
    old: Memory | None,
    learnt: Learnt,
    sessions: tuple[SessionRecord, ...],
) -> Memory:
    if old is not None:
        return old.updated(sessions=sessions, **learnt.fields())
    return Memory.create(
        user,
        sessions=sessions,
        backbone=memories.backbone,
        projector=memories.projector,
        **learnt.fields(),
    )


def _report(
    old: Memory | None,
    memory: Memory,
    added: int,
    skipped: int,
    losses: tuple[float, ...],
    begin: float,
    dry_run: bool,
) -> RememberReport:
    # Counted, since one turn may have taught several slots.
    before = Counter(() if old is None else old.provenance)
    after = Counter(memory.provenance)
    return RememberReport(
        user=memory.user,
        version=memory.version,
        num_slots=memory.slots.shape[1],
        sessions_added=added,
        sessions_skipped=skipped,
        steps=len(losses),
        losses=losses,
        size_bytes=memory.size_bytes,
        seconds=time.perf_counter() - begin,
        slots_added=(after - before).total(),
        slots_removed=(before - after).total(),
        dry_run=dry_run,
    )

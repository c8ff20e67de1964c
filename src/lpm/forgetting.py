"""Forget a session or a topic: what goes, what is left, and a receipt."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from lpm.chunking import Chunk, chunk_history
from lpm.errors import InputError, StoreError
from lpm.memory import Memory, SessionRecord
from lpm.modeling import LPMModel
from lpm.probing import probe_questions, recalled, words
from lpm.remembering import (
    Learnt,
    learn,
    session_times,
    settled,
    slots_where,
    without_text,
)
from lpm.store import MemoryStore, StoredSession
from lpm.store.failures import unknown_user
from lpm.types import History, Session, SlotSource, Turn

Scope = Literal["user", "session", "about"]


@dataclass(frozen=True)
class Probe:
    """Questions the backbone made of the removed text, and the share answered.

    before, after: from the memory. without_memory: by the plain backbone, what guessing gives.
    """

    questions: int
    before: float
    after: float
    without_memory: float


@dataclass(frozen=True)
class ErasureReceipt:
    """What was erased.

    asked: the session or topic that was named. rebuilt: the memory was learnt anew from the text
    that is left; else the slots that the removed text taught were taken out. probe: None where no
    text was kept to ask about. dry_run: nothing was changed. version: the one after; None when
    nothing is left of the user. bytes_removed: of the versions removed. jobs_removed: those that
    had text waiting or a mark of what they did. made_at: ISO 8601, UTC.
    """

    user: str
    scope: Scope
    asked: str | None
    sessions_removed: tuple[str, ...]
    turns_removed: tuple[tuple[str, int], ...]
    rebuilt: bool
    versions_removed: int
    bytes_removed: int
    version: int | None
    probe: Probe | None
    made_at: str
    slots_before: int | None = None
    slots_after: int = 0
    dry_run: bool = False
    jobs_removed: int = 0


@dataclass(frozen=True)
class Removal:
    """What is to go: whole sessions by content hash, single turns by session and number.

    history: the stored text; left: what stays of it. edited: stored sessions, by the hash they had,
    that stay without some turns. counted: whether the memory has learnt from what goes; after a
    rollback there may be stored sessions that it has not.
    """

    sessions: tuple[SessionRecord, ...]
    turns: frozenset[tuple[str, int]]
    history: History | None
    left: History | None
    edited: tuple[tuple[str, Session], ...]
    counted: bool = True

    def taught(self, sources: tuple[SlotSource, ...]) -> bool:
        """Say whether something that goes taught a slot."""
        names = {record.session_id for record in self.sessions if self.counted}
        return any(s.session_id in names or (s.session_id, s.turn) in self.turns for s in sources)


def forget_user(store: MemoryStore, user: str, *, dry_run: bool = False) -> ErasureReceipt:
    """Remove every version, session, job and byte of a user; UnknownUserError without any.

    Nothing is decoded, so that what is damaged or sealed by a lost key can be forgotten too.
    dry_run: the receipt tells what would go.
    """
    sessions: tuple[str, ...] = ()
    size = 0
    with suppress(StoreError):
        log = store.version_log(user)
        sessions = tuple(dict.fromkeys(name for item in log for name in item.session_ids))
        size = sum(item.size_bytes for item in log)
    versions, jobs = store.versions(user), store.queue.jobs(user=user)
    removed = len(versions)
    if not dry_run:
        report = store.delete(user)
        removed, size = report.versions_removed, report.bytes_removed
    elif not versions and not jobs:
        raise unknown_user(user)
    return ErasureReceipt(
        user=user,
        scope="user",
        asked=None,
        sessions_removed=sessions,
        turns_removed=(),
        rebuilt=False,
        versions_removed=removed,
        bytes_removed=size,
        version=versions[-1] if dry_run and versions else None,
        probe=None,
        made_at=now(),
        dry_run=dry_run,
        jobs_removed=len(jobs),
    )


def find_session(
    memory: Memory, history: History | None, stored: Sequence[StoredSession], session: str
) -> Removal:
    """Return what goes with a session, named by identifier or content hash; InputError if none.

    stored: all sessions of the store, also those that no longer count after a rollback.
    """
    found = tuple(r for r in memory.sessions if session in (r.session_id, r.content_hash))
    if not found:
        uncounted = tuple(
            SessionRecord(s.session_id, s.content_hash, s.time)
            for s in stored
            if session in (s.session_id, s.content_hash)
        )
        if uncounted:
            return Removal(uncounted, frozenset(), None, None, (), counted=False)
        known = ", ".join(record.session_id for record in memory.sessions[:8]) or "none"
        raise InputError(
            f"No session {session!r} is in the memory of user '{memory.user}'; it has {known}"
            f"{', …' if len(memory.sessions) > 8 else ''}."
        )
    hashes = {record.content_hash for record in found}
    kept = [s for s in _sessions(history) if s.content_hash() not in hashes]
    return Removal(found, frozenset(), history, _history(kept), ())


def find_topic(memory: Memory, history: History | None, about: str) -> Removal:
    """Return the user's turns that say a word of the topic, and the replies right after them.

    Slots learnt from text that is not kept cannot be searched and stay. Raises InputError when the
    topic has no word, or no turn says one.
    """
    topic = words(about)
    if not topic:
        raise InputError(f"The topic {about!r} names nothing; give a word that the turns hold.")
    gone = {
        (session.session_id, index)
        for session, index, turn in (history.turns() if history else ())
        if turn.role == "user" and _says(turn.content, topic)
    }
    if not gone:
        raise InputError(
            f"No stored turn of user '{memory.user}' speaks of {about!r}; try another word, or "
            "forget a session that `lpm show` names."
        )
    sessions, edited, kept = [], [], []
    turns: set[tuple[str, int]] = set()
    known = {record.content_hash for record in memory.sessions}
    for session in _sessions(history):
        name = session.session_id
        drop = _with_replies(session, {n for session_id, n in gone if session_id == name})
        if not drop:
            kept.append(session)
            continue
        left = tuple(turn for index, turn in enumerate(session.turns) if index not in drop)
        shorter = Session(name, left, session.time)
        # What is left of it may say just what another session says: one of them is enough.
        if any(turn.role == "user" for turn in left) and shorter.content_hash() not in known:
            known.add(shorter.content_hash())
            turns |= {(name, index) for index in drop}
            edited.append((session.content_hash(), shorter))
            kept.append(shorter)
        else:
            sessions.append(SessionRecord(name, session.content_hash(), session.time))
    return Removal(tuple(sessions), frozenset(turns), history, _history(kept), tuple(edited))


def without(
    model: LPMModel, memory: Memory, removal: Removal, *, steps: int, seed: int
) -> tuple[Learnt | None, bool]:
    """Return what is left of a memory, and whether it was learnt anew.

    Where all text that stays is kept, the text is learnt anew, beside slots of sessions whose text
    was never kept; else the slots that the removed text taught are taken out.
    """
    rest = slots_where(memory, lambda sources: not removal.taught(sources))
    if removal.history is None:
        told = session_times(memory.sessions, None)
        return (settled(model, rest, told) if rest.provenance else None), False
    carried = without_text(memory, removal.history)
    carried = carried.only([i for i, s in enumerate(carried.provenance) if not removal.taught(s)])
    known = memory.sessions
    learnt = learn(model, removal.left, carried, sessions=known, steps=steps, seed=seed)
    return learnt, True


def records_left(memory: Memory, removal: Removal) -> tuple[SessionRecord, ...]:
    """Return the records of the sessions that stay, with the hashes of those that were edited."""
    gone = {record.content_hash for record in removal.sessions}
    edited = dict(removal.edited)
    return tuple(
        SessionRecord(r.session_id, edited[r.content_hash].content_hash(), r.time)
        if r.content_hash in edited
        else r
        for r in memory.sessions
        if r.content_hash not in gone
    )


def erase(store: MemoryStore, memory: Memory, left: Memory | None, removal: Removal) -> int:
    """Store what is left and remove what goes, every older version too; return their number.

    All of it or nothing. Raises OvertakenError where another writer was faster than `memory`.
    """
    if left is None:
        return store.delete(memory.user, version=memory.version).versions_removed
    removed = {record.content_hash for record in removal.sessions}
    return store.erase_part(left, removed=removed, edited=dict(removal.edited))


def removed_chunks(removal: Removal) -> list[Chunk]:
    """Return the chunks of the text that goes."""
    gone = {record.content_hash for record in removal.sessions}
    sessions = [
        Session(s.session_id, tuple(_only(s, removal)), s.time)
        if s.content_hash() not in gone
        else s
        for s in _sessions(removal.history)
    ]
    return chunk_history(History(tuple(session for session in sessions if session.turns)))


def probe(
    model: LPMModel, chunks: Sequence[Chunk], before: Memory, after: Learnt | None, seed: int
) -> Probe | None:
    """Ask about the removed text before and after; None when no question could be made of it."""
    pairs = probe_questions(model, chunks, seed)
    if not pairs:
        return None
    guessed = recalled(model, None, pairs)
    return Probe(
        len(pairs),
        recalled(model, before.slots, pairs),
        guessed if after is None else recalled(model, after.read.slots, pairs),
        guessed,
    )


def now() -> str:
    """Return the time as receipts write it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _only(session: Session, removal: Removal) -> list[Turn]:
    chosen = [n for name, n in removal.turns if name == session.session_id]
    return [session.turns[n] for n in sorted(chosen)]


def _with_replies(session: Session, gone: set[int]) -> set[int]:
    """Return turns with all replies up to the next turn of the user."""
    dropped, dropping = set(gone), False
    for index, turn in enumerate(session.turns):
        dropping = index in gone if turn.role == "user" else dropping
        if dropping:
            dropped.add(index)
    return dropped


def _says(text: str, topic: frozenset[str]) -> bool:
    said = words(text)
    return any(_same(word, other) for word in topic for other in said)


def _same(word: str, other: str) -> bool:
    """Say whether two words are the same, or share their stem: all but a short ending."""
    shorter, longer = sorted((word, other), key=len)
    ending = len(longer) - len(shorter)
    return word == other or (longer.startswith(shorter) and ending <= 2 and len(shorter) >= 3)


def _sessions(history: History | None) -> tuple[Session, ...]:
    return history.sessions if history else ()


def _history(sessions: Sequence[Session]) -> History | None:
    return History(tuple(sessions)) if sessions else None

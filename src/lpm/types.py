"""A user's history: turns in sessions, oldest first. No torch here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypedDict, TypeVar

Item = TypeVar("Item")

Role = Literal["user", "assistant", "system"]
ROLES: tuple[Role, ...] = ("user", "assistant", "system")

KeepHistory = Literal["full", "hashes", "none"]
KEEP_HISTORY: tuple[KeepHistory, ...] = ("full", "hashes", "none")


UserOrder = Literal["user", "updated"]
USER_ORDERS: tuple[UserOrder, ...] = ("user", "updated")


class Message(TypedDict):
    """One chat message, in the shape that chat templates take."""

    role: Role
    content: str


@dataclass(frozen=True)
class Turn:
    """One utterance of a session."""

    role: Role
    content: str


def instant(time: datetime) -> float:
    """Return the seconds since 1970; a time without a zone is in UTC, wherever the machine is."""
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def in_time(items: Sequence[Item], times: Sequence[datetime | None]) -> tuple[Item, ...]:
    """Sort items by their times where all have one; else they stay as they are."""
    instants = [instant(time) for time in times if time is not None]
    if len(instants) < len(items):
        return tuple(items)
    return tuple(items[index] for index in sorted(range(len(items)), key=instants.__getitem__))


@dataclass(frozen=True)
class Session:
    """One conversation of a user with an assistant (or a friend) at one time."""

    session_id: str
    turns: tuple[Turn, ...]
    time: datetime | None = None

    def content_hash(self) -> str:
        """Return a hex digest of the session's time and turns; the identifier takes no part."""
        digest = hashlib.sha256()
        digest.update((self.time.isoformat() if self.time else "").encode())
        for turn in self.turns:
            digest.update(b"\0" + turn.role.encode() + b"\0" + turn.content.encode())
        return digest.hexdigest()


@dataclass(frozen=True)
class History:
    """All sessions of one user, in the order they took place."""

    sessions: tuple[Session, ...]

    def turns(self) -> Iterator[tuple[Session, int, Turn]]:
        """Yield (session, index of the turn in it, turn), oldest first."""
        for session in self.sessions:
            for index, turn in enumerate(session.turns):
                yield session, index, turn

    @property
    def num_turns(self) -> int:
        """Count the turns of all sessions."""
        return sum(len(session.turns) for session in self.sessions)


@dataclass(frozen=True)
class QuestionAnswer:
    """A question a user may ask and the answer their memory should give."""

    question: str
    answer: str


@dataclass(frozen=True)
class SlotSource:
    """Where a slot learnt what it holds: one turn of one session and its share (0 to 1)."""

    session_id: str
    turn: int
    share: float


@dataclass(frozen=True)
class RememberReport:
    """What one call of `remember` did, or would do in a dry run.

    slots_added, slots_removed: by the turns that taught them, against the version before.
    """

    user: str
    version: int
    num_slots: int
    sessions_added: int
    sessions_skipped: int
    steps: int
    losses: tuple[float, ...]
    size_bytes: int
    seconds: float
    slots_added: int = 0
    slots_removed: int = 0
    dry_run: bool = False


@dataclass(frozen=True)
class Answer:
    """An answer and what it cost.

    `prompt_tokens` counts the text tokens the backbone read, `soft_tokens` the rows added from the
    memory; `kv_bytes` is the KV-cache of both, `full_context_kv_bytes` what the whole history in
    the context would take.
    """

    text: str
    mode: Literal["memory", "no-memory", "full-context"]
    soft_tokens: int
    prompt_tokens: int
    kv_bytes: int
    full_context_kv_bytes: int
    seconds: float


@dataclass(frozen=True)
class SlotUse:
    """How much one slot took part in reading a message.

    effect: log-likelihood a token that a given answer loses without the slot; None without one.
    """

    slot: int
    weight: float
    per_head: tuple[float, ...]
    sources: tuple[SlotSource, ...]
    effect: float | None = None


@dataclass(frozen=True)
class Explanation:
    """Which slots a message reads, most used first; weights are means over heads.

    untold: the share of the attention on what was never told; with the weights it makes 1.
    """

    user: str
    message: str
    slots: tuple[SlotUse, ...]
    untold: float = 0.0


@dataclass(frozen=True)
class SlotView:
    """One slot as a person can inspect it: its norm, nearest words and sources.

    salience: the writer's score of what it was made of; above 0 it was worth keeping. told: what
    the LLM says with this slot alone, where that was asked for.
    """

    slot: int
    norm: float
    nearest_words: tuple[str, ...]
    sources: tuple[SlotSource, ...]
    salience: float = 0.0
    told: str | None = None


@dataclass(frozen=True)
class UserSummary:
    """One stored user, without the slots."""

    user: str
    version: int
    num_slots: int
    num_sessions: int
    size_bytes: int
    created_at: str
    updated_at: str


@dataclass(frozen=True)
class MemoryView:
    """What `show` prints: the summary, the fingerprints and every slot."""

    summary: UserSummary
    backbone: str
    projector: str
    slots: tuple[SlotView, ...]


@dataclass(frozen=True)
class ForgetReport:
    """What `forget` removed."""

    user: str
    versions_removed: int
    bytes_removed: int

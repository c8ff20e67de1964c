"""A user's history: turns in sessions, oldest first. No torch here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypedDict

Role = Literal["user", "assistant", "system"]
ROLES: tuple[Role, ...] = ("user", "assistant", "system")


class Message(TypedDict):
    """One chat message, in the shape that chat templates take."""

    role: Role
    content: str


@dataclass(frozen=True)
class Turn:
    """One utterance of a session."""

    role: Role
    content: str


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

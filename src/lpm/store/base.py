"""The contract of a memory store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lpm.memory import Memory
from lpm.types import ForgetReport, History, Session, UserSummary


class MemoryStore(Protocol):
    """Keeps every version of every user's memory, and the sessions it was learnt from.

    - `put` stores a new version and the sessions that came with it, both or neither. Its version
      is the latest stored one plus 1 (1 for a new user); any other raises StoreError, so that two
      writers of one user never overwrite each other.
    - `get` returns the newest or a given version; UnknownUserError when there is none.
    - `get_history` returns all sessions stored for a user, ordered by time where all have one, else
      as they came; None without any.
    - `delete` removes every version, session and byte of a user; UnknownUserError when there is
      none.
    - What `put` has returned from survives a crash of the process or the machine.
    - One store may be used from several threads, and one home by several processes.
    """

    def put(self, memory: Memory, sessions: Sequence[Session] = ()) -> None: ...

    def get(self, user: str, version: int | None = None) -> Memory: ...

    def get_history(self, user: str) -> History | None: ...

    def users(self) -> tuple[UserSummary, ...]: ...

    def versions(self, user: str) -> tuple[int, ...]: ...

    def delete(self, user: str) -> ForgetReport: ...

    def close(self) -> None: ...

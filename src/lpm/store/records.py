"""What a store tells about versions and sessions, without slots or text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lpm.types import UserOrder, UserSummary


@dataclass(frozen=True)
class VersionStamp:
    """Names one stored version for ever: a version of the same number that is stored after a
    deletion has another token."""

    version: int
    token: str


@dataclass(frozen=True)
class VersionSummary:
    """One stored version and why it was made.

    session_ids: the sessions that came with it and are still stored. restored_from: the version
    that a rollback copied, None for a version that was put. created_at: ISO 8601, UTC.
    """

    version: int
    created_at: str
    session_ids: tuple[str, ...]
    restored_from: int | None
    num_slots: int
    size_bytes: int


@dataclass(frozen=True)
class StoredSession:
    """One stored session; has_text is False when only its hash was kept."""

    session_id: str
    content_hash: str
    time: datetime | None
    expires_at: datetime | None
    has_text: bool


@dataclass(frozen=True)
class ExpiredSession:
    """A session past its time to live, waiting for `delete_session`."""

    user: str
    session_id: str
    content_hash: str
    expires_at: datetime


def page_mark(last: UserSummary, order: UserOrder) -> str:
    """Return what names the last user of a page, for the next one's `after`."""
    return f"{last.updated_at} {last.user}" if order == "updated" else last.user

"""Where memories are kept: one contract; SQLite and PostgreSQL behind it."""

from __future__ import annotations

from lpm.store.base import MemoryStore
from lpm.store.jobs import Draft, Job, JobGoneError, JobQueue, JobState, KeptJob, Ticket
from lpm.store.opening import open_store
from lpm.store.records import (
    ExpiredSession,
    StoredSession,
    VersionStamp,
    VersionSummary,
    page_mark,
)

__all__ = [
    "Draft",
    "ExpiredSession",
    "Job",
    "JobGoneError",
    "JobQueue",
    "JobState",
    "KeptJob",
    "MemoryStore",
    "StoredSession",
    "Ticket",
    "VersionStamp",
    "VersionSummary",
    "open_store",
    "page_mark",
]

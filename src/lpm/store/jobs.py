"""The contract of the queue: work that is acknowledged now and done later, beside the memories."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, get_args

from lpm.errors import StoreError

JobState = Literal["queued", "running", "done", "failed", "cancelled"]
JOB_STATES: tuple[JobState, ...] = get_args(JobState)


class JobGoneError(StoreError):
    """A job was cancelled, its user was erased, or another worker took it over."""


@dataclass(frozen=True)
class Job:
    """What may be told of a job: never its text.

    step, steps, loss: how far a fit has come. error: one sentence on the last failure. version: of
    the memory that the job wrote. Times are ISO 8601, UTC. has_text: whether its payload is kept.
    """

    job_id: str
    user: str
    kind: str
    state: JobState
    step: int
    steps: int
    loss: float | None
    error: str | None
    version: int | None
    created_at: str
    updated_at: str
    has_text: bool


@dataclass(frozen=True)
class Draft:
    """Work to be queued. payload: gone once the work is done. note: stays beside the finished job.

    due_at: not before then. replaces: the waiting job in whose place it comes.
    """

    payload: bytes
    note: bytes | None = None
    due_at: datetime | None = None
    replaces: str | None = None


@dataclass(frozen=True)
class KeptJob:
    """One job of a user, opened."""

    job_id: str
    state: JobState
    payload: bytes | None
    note: bytes | None


@dataclass(frozen=True)
class Ticket:
    """One worker's right to one job; worthless once the job is gone.

    failures: how often it was tried before. erase: whether the disk must forget the payload when
    the job ends, for text that is not to be kept.
    """

    job_id: str
    tenant: str
    user: str
    kind: str
    holder: str
    failures: int
    erase: bool = False


class JobQueue(Protocol):
    """Keeps jobs in the database of the memories, sealed like them.

    Asking
    - `enqueue` stores a job of one user; what it has returned from survives a crash. `draft` is
      called with the user's jobs of that kind, oldest first, in the transaction that stores what it
      returns, so that a job can take the place of one that still waits; again where that one was
      claimed or ended meanwhile. At most `most` jobs of a tenant wait; more raise QueueFullError.
    - `job` returns one job of the tenant; UnknownJobError without it. `jobs` lists them, the newest
      first, those that come after `after`.
    - `cancel` ends a job that is not done, and removes its payload from the disk.
    - Deleting a user of the store deletes their jobs.

    Working
    - `claim` hands the next due job of any tenant to a worker for `lease_s` seconds: tenants take
      turns (`after`: the tenant served last), each in the order of asking, one job of a user at a
      time. A job whose worker has died is handed out again, later after every time; one that
      outlived `MAX_CRASHES` workers fails, with its payload kept for who wants to look into it.
    - `payload` opens a job's payload, `beat` renews the lease and notes progress; both raise
      JobGoneError for a ticket that is worth nothing.
    - A job ends by the `put` of `MemoryStore.for_job`, together with the version it wrote, or by
      `finish`, which changes nothing when that was done already; `retry` puts it back.
    - `prune` removes what is left of jobs that ended before a time; returns how many.
    """

    def enqueue(
        self,
        user: str,
        kind: str,
        draft: Callable[[Sequence[KeptJob]], Draft],
        *,
        most: int | None = None,
    ) -> Job: ...

    def job(self, job_id: str) -> Job: ...

    def jobs(
        self, *, user: str | None = None, after: str = "", limit: int | None = None
    ) -> tuple[Job, ...]: ...

    def cancel(self, job_id: str) -> Job: ...

    def claim(self, *, lease_s: float, after: str = "") -> Ticket | None: ...

    def payload(self, ticket: Ticket) -> bytes: ...

    def beat(
        self, ticket: Ticket, *, lease_s: float, step: int, steps: int, loss: float | None
    ) -> None: ...

    def finish(self, ticket: Ticket, state: JobState, error: str | None = None) -> None: ...

    def retry(self, ticket: Ticket, due_at: datetime, error: str) -> None: ...

    def prune(self, before: datetime) -> int: ...

    def num_waiting(self) -> int: ...

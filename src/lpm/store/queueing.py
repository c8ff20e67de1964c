"""The queue over SQLAlchemy Core: all that SQLite and PostgreSQL share."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, select

from lpm.errors import QueueFullError, StoreError, UnknownJobError
from lpm.memory import validate_user
from lpm.store.job_rows import (
    ENDED,
    TOLD,
    count_waiting,
    end_job,
    held,
    insert_job,
    kept_jobs,
    keys_without_use,
    next_due,
    now_text,
    open_payload,
    to_job,
    unchanged,
)
from lpm.store.jobs import Draft, Job, JobGoneError, JobState, KeptJob, Ticket
from lpm.store.key_rows import key_of
from lpm.store.rows import utc_text
from lpm.store.schema import JOBS, KEYS
from lpm.store.transactions import Transactions, faster

CRASH_WAITS_S = (0.0, 10.0, 40.0, 160.0, 640.0)
"""What a job waits after each crash of the server while it ran: it need not be to blame for it, and
crashes that come in a row are to find others running."""
MAX_CRASHES = len(CRASH_WAITS_S)
MAX_DRAFTS = 3
"""A job's state changes seldom; a draft that replaces the wrong one again and again is at fault."""
_J = JOBS.c


class Queueing(Transactions, ABC):
    """What `JobQueue` promises, on one engine."""

    # Asking

    def enqueue(
        self,
        user: str,
        kind: str,
        draft: Callable[[Sequence[KeptJob]], Draft],
        *,
        most: int | None = None,
    ) -> Job:
        """Store a job; it survives a crash once this has returned."""
        validate_user(user)
        self._seal_plain(user)
        with self._writing("written", user) as rows:
            keyed = self._with_key(rows)
            for _ in range(MAX_DRAFTS):
                made = draft(kept_jobs(keyed, kind))
                if most is not None and made.replaces is None:
                    self._check_room(keyed.db, most)
                job_id = insert_job(keyed, kind, made)
                if job_id is not None:
                    return self._told(keyed.db, job_id)
            raise faster(user)

    def job(self, job_id: str) -> Job:
        """Return one job of the tenant."""
        with self._connection("read", writing=False) as db:
            return self._told(db, job_id)

    def jobs(
        self, *, user: str | None = None, after: str = "", limit: int | None = None
    ) -> tuple[Job, ...]:
        """List jobs of the tenant, the newest first."""
        query = select(*TOLD).where(_J.tenant == self.tenant).order_by(_J.job_id.desc())
        if user is not None:
            query = query.where(_J.user_id == user)
        if after:
            query = query.where(_J.job_id < after)
        with self._connection("read", writing=False) as db:
            return tuple(to_job(row) for row in db.execute(query.limit(limit)))

    def cancel(self, job_id: str) -> Job:
        """End a job that is not done, and remove its payload from the disk."""
        with self._connection("changed", writing=True) as db:
            self._told(db, job_id)
            ended = JOBS.update().where(_J.job_id == job_id, _J.state.not_in(("done", "cancelled")))
            gone = {"state": "cancelled", "payload": None, "note": None, "holder": None}
            changed = db.execute(ended.values(**gone, updated_at=now_text())).rowcount
            if changed:
                self._promise_erasure(db)
            told = self._told(db, job_id)
        if changed:
            self._clean_later()
        return told

    def num_waiting(self) -> int:
        """Count the jobs of the tenant that are not at their end."""
        with self._connection("read", writing=False) as db:
            return count_waiting(db, self.tenant)

    # Working

    def claim(self, *, lease_s: float, after: str = "") -> Ticket | None:
        """Hand the next due job of any tenant to a worker."""
        with self._connection("read", writing=False) as db:
            # Most questions find nothing, and need not hold up writers.
            if next_due(db, after) is None:
                return None
        with self._connection("changed", writing=True) as db:
            self._lock_queue(db)
            while (row := next_due(db, after)) is not None:
                values = _after_crash(row.crashes + 1) if row.state == "running" else {}
                put_off = "state" in values
                holder = secrets.token_hex(16)
                if not put_off:
                    values |= {"state": "running", "holder": holder, "due_at": _in(lease_s)}
                # Where it was cancelled, ended or replaced meanwhile, the next is looked for.
                if self._set(db, unchanged(row), **values) and not put_off:
                    place = (row.job_id, row.tenant, row.user_id, row.kind)
                    return Ticket(*place, holder, row.failures)
        return None

    def payload(self, ticket: Ticket) -> bytes:
        """Return the payload of a claimed job."""
        with self.for_tenant(ticket.tenant)._reading(ticket.user) as rows:
            data = open_payload(rows, ticket)
        if data is None:
            raise _gone(ticket)
        return data

    def beat(
        self, ticket: Ticket, *, lease_s: float, step: int, steps: int, loss: float | None
    ) -> None:
        """Renew the lease of a claimed job and note its progress."""
        with self._connection("changed", writing=True) as db:
            progress = {"step": step, "steps": steps, "loss": loss}
            if not self._set(db, held(ticket), due_at=_in(lease_s), **progress):
                raise _gone(ticket)

    def finish(self, ticket: Ticket, state: JobState, error: str | None = None) -> None:
        """End a claimed job; one that has ended already stays as it is."""
        with self._connection("changed", writing=True) as db:
            ended = end_job(db, ticket, state, error=error)
            if ended and (ticket.erase or state != "done"):
                self._promise_erasure(db)
        if ended and (ticket.erase or state != "done"):
            self._clean_later()

    def retry(self, ticket: Ticket, due_at: datetime, error: str) -> None:
        """Put a claimed job back, to be tried again at a time."""
        with self._connection("changed", writing=True) as db:
            back = {"state": "queued", "holder": None, "due_at": utc_text(due_at, "due_at")}
            self._set(db, held(ticket), **back, failures=ticket.failures + 1, error=error)

    def prune(self, before: datetime) -> int:
        """Remove what is left of jobs that ended before a time, and keys that open nothing."""
        with self._connection("changed", writing=True) as db:
            old = and_(_J.state.in_(ENDED), _J.payload.is_(None))
            ended = JOBS.delete().where(old, _J.updated_at < utc_text(before, "before"))
            removed = db.execute(ended).rowcount
            unused = keys_without_use(db)
        for tenant, user in unused:
            with self.for_tenant(tenant)._writing("changed", user, opened=False) as rows:
                # Looked at again: only now is the user locked.
                if (tenant, user) in keys_without_use(rows.db):
                    rows.db.execute(KEYS.delete().where(key_of(tenant, user)))
        return removed

    # What the store adds

    @abstractmethod
    def _seal_plain(self, user: str) -> None:
        """Seal a user from before the store was encrypted."""

    def _check_room(self, db: Connection, most: int) -> None:
        waiting = count_waiting(db, self.tenant)
        if waiting >= most:
            raise QueueFullError(
                f"{waiting} jobs of this tenant are waiting already; try again later."
            )

    def _clean_later(self) -> None:
        """Erase what went, or leave it to the next opening when a reader is in the way."""
        with suppress(StoreError):
            self._clean(None)

    def _told(self, db: Connection, job_id: str) -> Job:
        query = select(*TOLD).where(_J.job_id == job_id, _J.tenant == self.tenant)
        row = db.execute(query).one_or_none()
        if row is None:
            raise UnknownJobError(f"There is no job '{job_id}'.")
        return to_job(row)

    def _set(self, db: Connection, which: ColumnElement[bool], **values: Any) -> bool:
        changed = db.execute(JOBS.update().where(which).values(**values, updated_at=now_text()))
        return changed.rowcount == 1


def _after_crash(crashes: int) -> dict[str, Any]:
    """Return what a crash changes of a job: it waits, is given up, or goes on at once."""
    values: dict[str, Any] = {"crashes": crashes}
    if crashes > MAX_CRASHES:
        told = f"The server ended {crashes} times while it worked on this job."
        values |= {"state": "failed", "holder": None, "error": told}
    elif wait_s := CRASH_WAITS_S[crashes - 1]:
        values |= {"state": "queued", "holder": None, "due_at": _in(wait_s)}
    return values


def _gone(ticket: Ticket) -> JobGoneError:
    return JobGoneError(f"Job '{ticket.job_id}' was cancelled or given to another worker.")


def _in(seconds: float) -> str:
    return utc_text(datetime.now(UTC) + timedelta(seconds=seconds), "due_at")

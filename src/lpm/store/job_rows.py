"""Jobs as rows, seen from within one transaction."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, not_, or_, select

from lpm.store.jobs import Draft, Job, KeptJob, Ticket
from lpm.store.rows import utc_text
from lpm.store.schema import JOBS, KEYS, MEMORIES
from lpm.store.user_rows import UserRows

_J = JOBS.c
TOLD = [
    _J.job_id,
    _J.user_id.label("user"),
    _J.kind,
    _J.state,
    _J.step,
    _J.steps,
    _J.loss,
    _J.error,
]
TOLD += [_J.version, _J.created_at, _J.updated_at, _J.payload.is_not(None).label("has_text")]
ENDED = ("done", "failed", "cancelled")


def now_text() -> str:
    """Return the time as columns hold it."""
    return utc_text(datetime.now(UTC), "now")


def insert_job(rows: UserRows, kind: str, draft: Draft) -> str | None:
    """Store a waiting job, or put it in the place of one; return its identifier.

    None, and nothing stored, when the job that it was to replace does not wait any more.
    """
    job_id = draft.replaces or f"{time.time_ns() // 1000:016x}{secrets.token_hex(8)}"
    now = now_text()
    values: dict[str, Any] = {
        **_sealed(rows, KeptJob(job_id, "queued", draft.payload, draft.note)),
        "due_at": now if draft.due_at is None else utc_text(draft.due_at, "due_at"),
        "updated_at": now,
    }
    if draft.replaces is not None:
        # Whoever claims or ends a job holds no lock of the user, and may have been faster.
        waits = and_(_of(rows), _J.job_id == job_id, _J.state == "queued")
        replaced = rows.db.execute(JOBS.update().where(waits).values(**values)).rowcount
        return job_id if replaced else None
    counters = dict.fromkeys(("failures", "crashes", "step", "steps"), 0)
    place = {"tenant": rows.tenant, "user_id": rows.user, "job_id": job_id}
    rows.db.execute(
        JOBS.insert().values(
            **place, **values, **counters, kind=kind, state="queued", created_at=now
        )
    )
    return job_id


def kept_jobs(rows: UserRows, kind: str | None = None) -> list[KeptJob]:
    """Return a user's jobs that hold a payload or a note, opened, the oldest first."""
    query = select(_J.job_id, _J.state, _J.payload, _J.note).where(
        _of(rows), or_(_J.payload.is_not(None), _J.note.is_not(None))
    )
    if kind is not None:
        query = query.where(_J.kind == kind)
    return [
        KeptJob(
            row.job_id,
            row.state,
            None if row.payload is None else rows.cipher.open(row.payload, _place(row.job_id)),
            None if row.note is None else rows.cipher.open(row.note, f"note of {row.job_id}"),
        )
        for row in rows.db.execute(query.order_by(_J.job_id)).all()
    ]


def holds_jobs(rows: UserRows) -> bool:
    """Say whether any job of the user holds a payload or a note."""
    kept = or_(_J.payload.is_not(None), _J.note.is_not(None))
    return rows.db.execute(select(_J.job_id).where(_of(rows), kept).limit(1)).first() is not None


def reseal_job(rows: UserRows, job: KeptJob) -> None:
    """Write what a job holds anew, sealed by this cipher; what went meanwhile stays away."""
    for name, data in _sealed(rows, job).items():
        still = and_(_J.job_id == job.job_id, _J[name].is_not(None))
        rows.db.execute(JOBS.update().where(still).values({name: data}))


def drop_jobs(rows: UserRows) -> int:
    """Delete all jobs of a user; return how many there were."""
    return rows.db.execute(JOBS.delete().where(_of(rows))).rowcount


def open_payload(rows: UserRows, ticket: Ticket) -> bytes | None:
    """Return the payload of a job that its ticket still holds."""
    row = rows.db.execute(select(_J.payload).where(held(ticket))).one_or_none()
    if row is None or row.payload is None:
        return None
    return rows.cipher.open(row.payload, _place(ticket.job_id))


def end_job(db: Connection, ticket: Ticket, state: str, **values: Any) -> bool:
    """End a job and drop its payload; return False when the ticket is worth nothing."""
    values |= {"state": state, "payload": None, "holder": None, "updated_at": now_text()}
    return db.execute(JOBS.update().where(held(ticket)).values(**values)).rowcount == 1


def held(ticket: Ticket) -> ColumnElement[bool]:
    """Return the condition that a ticket still holds its job."""
    return and_(_J.job_id == ticket.job_id, _J.holder == ticket.holder, _J.state == "running")


def next_due(db: Connection, after: str) -> Row[Any] | None:
    """Return the next job to be handed out; see `JobQueue.claim`."""
    now, other = now_text(), JOBS.alias()
    same_user = and_(other.c.tenant == _J.tenant, other.c.user_id == _J.user_id)
    busy = (
        select(other.c.job_id)
        .where(same_user, other.c.state == "running", other.c.due_at > now)
        .exists()
    )
    due = and_(_J.state.in_(("queued", "running")), _J.due_at <= now, not_(busy))
    query = select(JOBS).where(due).order_by(_J.tenant <= after, _J.tenant, _J.job_id).limit(1)
    return db.execute(query).one_or_none()


def unchanged(row: Row[Any]) -> ColumnElement[bool]:
    """Return the condition that nobody has touched a job since `next_due` returned it."""
    return and_(_J.job_id == row.job_id, _J.state == row.state, _J.due_at == row.due_at)


def to_job(row: Row[Any]) -> Job:
    """Return a job from the columns of `TOLD`."""
    return Job(**row._mapping)


def keys_without_use(db: Connection) -> list[tuple[str, str]]:
    """Return tenant and user of data keys that open nothing any more."""
    memory = select(MEMORIES.c.version).where(
        MEMORIES.c.tenant == KEYS.c.tenant, MEMORIES.c.user_id == KEYS.c.user_id
    )
    job = select(_J.job_id).where(_J.tenant == KEYS.c.tenant, _J.user_id == KEYS.c.user_id)
    query = select(KEYS.c.tenant, KEYS.c.user_id).where(not_(memory.exists()), not_(job.exists()))
    return [(row.tenant, row.user_id) for row in db.execute(query)]


def count_waiting(db: Connection, tenant: str) -> int:
    """Count the jobs of a tenant that are not at their end."""
    waiting = and_(_J.tenant == tenant, _J.state.in_(("queued", "running")))
    return db.execute(select(func.count()).where(waiting)).scalar_one()


def _sealed(rows: UserRows, job: KeptJob) -> dict[str, bytes | None]:
    seal, name = rows.cipher.seal, job.job_id
    return {
        "payload": None if job.payload is None else seal(job.payload, _place(name)),
        "note": None if job.note is None else seal(job.note, f"note of {name}"),
    }


def _of(rows: UserRows) -> ColumnElement[bool]:
    return and_(_J.tenant == rows.tenant, _J.user_id == rows.user)


def _place(job_id: str) -> str:
    return f"job {job_id}"

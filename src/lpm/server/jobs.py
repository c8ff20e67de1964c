"""/v1/jobs: what is remembered later, how far it is, and how to stop it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request

from lpm.errors import InputError, UnknownJobError
from lpm.model import LatentPersonalMemory
from lpm.server.access import Caller
from lpm.server.calls import Calls
from lpm.server.schemas import JobPage, RememberRequest, UserInPath, UserName
from lpm.server.service import Service
from lpm.store import Draft, Job, JobQueue
from lpm.store.rows import utc_text

JobName = Annotated[str, Query(max_length=100)]
FIT = "fit"


def router(service: Service, calls: Calls) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/v1", tags=["jobs"])

    @routes.post("/memories/{user}/jobs", status_code=202)
    async def enqueue(user: UserInPath, asked: RememberRequest, request: Request) -> Job:
        """Queue sessions to be remembered; what is acknowledged survives a crash."""
        return await calls.on_store(
            await calls.caller(request, user),
            lambda memories: queue_fit(service, memories.store.queue, user, asked),
        )

    @routes.get("/jobs")
    async def list_jobs(
        request: Request,
        user: UserName | None = None,
        after: JobName = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> JobPage:
        """List jobs, the newest first; `after` is the last one of the page before."""
        caller = await calls.caller(request, user)
        # A key of one user alone lists that user's.
        whose = caller.user if user is None else user
        found = await calls.on_store(
            caller,
            lambda memories: memories.store.queue.jobs(user=whose, after=after, limit=limit + 1),
        )
        return JobPage(data=list(found[:limit]), has_more=len(found) > limit)

    @routes.get("/jobs/{job_id}")
    async def show(job_id: str, request: Request) -> Job:
        """Say how far a job is."""
        caller = await calls.caller(request)
        return await calls.on_store(
            caller, lambda memories: _own(caller, memories.store.queue, job_id)
        )

    @routes.delete("/jobs/{job_id}")
    async def cancel(job_id: str, request: Request) -> Job:
        """Stop a job and remove its text; one that is done stays done."""
        caller = await calls.caller(request)

        def cancelled(memories: LatentPersonalMemory) -> Job:
            queue = memories.store.queue
            return queue.cancel(_own(caller, queue, job_id).job_id)

        return await calls.on_store(caller, cancelled)

    return routes


def queue_fit(service: Service, queue: JobQueue, user: str, asked: RememberRequest) -> Job:
    """Queue sessions to be remembered; raises InputError for what would fail later."""
    if asked.dry_run:
        raise InputError("A job has no `dry_run`; try it where the answer is awaited.")
    asked.check_storable()
    options = asked.options()
    if options["expires_at"] is not None:
        utc_text(options["expires_at"], "expires_at")
    payload = asked.model_dump_json().encode()
    job = queue.enqueue(user, FIT, lambda kept: Draft(payload), most=service.settings.max_jobs)
    service.worker.wake()
    return job


def refuse_while_text_is_queued(queue: JobQueue, user: str) -> None:
    """Raise 409 while a job holds text of a user, which would outlive what is forgotten.

    What waits would be remembered afterwards; what was set aside would stay where it is.
    """
    holding = [job for job in queue.jobs(user=user) if job.has_text]
    waiting = sum(job.state in ("queued", "running") for job in holding)
    if waiting:
        raise HTTPException(
            409,
            f"{waiting} jobs of user '{user}' still wait to be remembered; wait for them, cancel "
            "them, or forget the user as a whole.",
        )
    if holding:
        calls = ", ".join(f"`DELETE /v1/jobs/{job.job_id}`" for job in holding)
        raise HTTPException(
            409,
            f"{len(holding)} jobs of user '{user}' failed and still hold text; remove it with "
            f"{calls}, or forget the user as a whole.",
        )


def _own(caller: Caller, queue: JobQueue, job_id: str) -> Job:
    """Return a job that the caller may see; any other is as unknown as one that is not there."""
    job = queue.job(job_id)
    if caller.user not in (None, job.user):
        raise UnknownJobError(f"There is no job '{job_id}'.")
    return job

"""/v1/jobs: what is remembered later, how far it is, and how to stop it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request

from lpm.errors import InputError, UnknownJobError
from lpm.server.access import Caller
from lpm.server.schemas import JobPage, RememberRequest, UserInPath, UserName
from lpm.server.service import Service
from lpm.store import Draft, Job, JobQueue

JobName = Annotated[str, Query(max_length=100)]
FIT = "fit"


def router(service: Service) -> APIRouter:
    """Return the routes. They are no coroutines, so each runs in a thread of its own."""
    routes = APIRouter(prefix="/v1", tags=["jobs"])

    def reached(request: Request) -> tuple[Caller, JobQueue]:
        caller = service.access.caller(request, "memories")
        return caller, service.store.for_tenant(caller.tenant).queue

    def own(request: Request, job_id: str) -> tuple[JobQueue, Job]:
        caller, queue = reached(request)
        job = queue.job(job_id)
        if caller.user not in (None, job.user):
            raise UnknownJobError(f"There is no job '{job_id}'.")
        return queue, job

    @routes.post("/memories/{user}/jobs", status_code=202)
    def enqueue(user: UserInPath, asked: RememberRequest, request: Request) -> Job:
        """Queue sessions to be remembered; what is acknowledged survives a crash."""
        caller, queue = reached(request)
        caller.speaks_for(user)
        return queue_fit(service, queue, user, asked)

    @routes.get("/jobs")
    def list_jobs(
        request: Request,
        user: UserName | None = None,
        after: JobName = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> JobPage:
        """List jobs, the newest first; `after` is the last one of the page before."""
        caller, queue = reached(request)
        if caller.user is not None:
            user = caller.user if user is None else caller.speaks_for(user)
        found = queue.jobs(user=user, after=after, limit=limit + 1)
        return JobPage(data=list(found[:limit]), has_more=len(found) > limit)

    @routes.get("/jobs/{job_id}")
    def show(job_id: str, request: Request) -> Job:
        """Say how far a job is."""
        return own(request, job_id)[1]

    @routes.delete("/jobs/{job_id}")
    def cancel(job_id: str, request: Request) -> Job:
        """Stop a job and remove its text; one that is done stays done."""
        queue, _ = own(request, job_id)
        return queue.cancel(job_id)

    return routes


def queue_fit(service: Service, queue: JobQueue, user: str, asked: RememberRequest) -> Job:
    """Queue sessions to be remembered; raises InputError for what would fail later."""
    if asked.dry_run:
        raise InputError("A job has no `dry_run`; try it where the answer is awaited.")
    asked.check_storable()
    payload = asked.model_dump_json().encode()
    job = queue.enqueue(user, FIT, lambda kept: Draft(payload), most=service.settings.max_jobs)
    service.worker.wake()
    return job


def refuse_while_queued(queue: JobQueue, user: str) -> None:
    """Raise 409 while text of a user waits, which would be remembered after it was forgotten."""
    waiting = sum(job.state in ("queued", "running") for job in queue.jobs(user=user))
    if waiting:
        raise HTTPException(
            409,
            f"{waiting} jobs of user '{user}' still wait to be remembered; wait for them, cancel "
            "them, or forget the user as a whole.",
        )

"""What a client can ask of a server: each request once, with how its reply is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import httpx

from lpm.errors import InputError, LPMError, UnknownUserError
from lpm.types import KeepHistory, UserOrder

Json = dict[str, Any]
PAGE = 100
T = TypeVar("T")


class ServerError(LPMError, RuntimeError):
    """The server refused or failed; `status` is its HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request; read: what its reply is made into."""

    method: str
    path: str
    read: Callable[[httpx.Response], T]
    params: Mapping[str, Any] | None = None
    json: Json | None = None
    content: bytes | None = None

    def request(self, client: httpx.Client | httpx.AsyncClient) -> httpx.Request:
        """Return the request as a client sends it; parameters that are None are left out."""
        given = {key: value for key, value in (self.params or {}).items() if value is not None}
        return client.build_request(
            self.method, self.path, params=given, json=self.json, content=self.content
        )

    def reply(self, response: httpx.Response) -> T:
        """Return what was asked for.

        Raises UnknownUserError, InputError or ServerError with the server's sentence.
        """
        if response.is_success:
            return self.read(response)
        try:
            message = str(response.json()["error"]["message"])
        except (ValueError, KeyError, TypeError):
            message = f"The server answered {response.status_code} {response.reason_phrase}."
        if response.status_code == 404:
            raise UnknownUserError(message)
        if response.status_code == 400:
            raise InputError(message)
        raise ServerError(message, response.status_code)


@dataclass(frozen=True)
class Pages:
    """A list that comes page by page.

    page: the request for what comes after a mark, "" for the first. after: the mark where the next
    page begins, given this page's mark and what it held; None behind the last.
    """

    page: Callable[[str], Call[Json]]
    after: Callable[[str, Json], str | None]


def remember(
    user: str,
    sessions: Sequence[Json],
    *,
    refine_steps: int | None = None,
    keep_history: KeepHistory = "full",
    expires_at: str | None = None,
    dry_run: bool = False,
) -> Call[Json]:
    """Add sessions of `session_id`, `time` and `messages` to a user's memory."""
    body = _sessions(sessions, refine_steps, keep_history, expires_at, dry_run)
    return Call("POST", _of(user, "/sessions"), _document, json=body)


def queue(
    user: str,
    sessions: Sequence[Json],
    *,
    refine_steps: int | None = None,
    keep_history: KeepHistory = "full",
    expires_at: str | None = None,
) -> Call[Json]:
    """Queue sessions to be remembered in the background; return the job."""
    body = _sessions(sessions, refine_steps, keep_history, expires_at, dry_run=False)
    return Call("POST", _of(user, "/jobs"), _document, json=body)


def remember_file(
    user: str,
    data: bytes,
    *,
    name: str = "history",
    speaker: str | None = None,
    select: str | None = None,
    refine_steps: int | None = None,
    keep_history: KeepHistory = "full",
    expires_at: str | None = None,
    dry_run: bool = False,
) -> Call[Json]:
    """Add a history file, given as its bytes, to a user's memory; errors call it by its name."""
    options = _options(refine_steps, keep_history, expires_at) | {"dry_run": dry_run}
    params = {"name": name, "speaker": speaker, "select": select} | options
    return Call("POST", _of(user, "/file-sessions"), _document, params, content=data)


def queue_file(
    user: str,
    data: bytes,
    *,
    name: str = "history",
    speaker: str | None = None,
    select: str | None = None,
    refine_steps: int | None = None,
    keep_history: KeepHistory = "full",
    expires_at: str | None = None,
) -> Call[Json]:
    """Queue a history file to be remembered in the background; return the job."""
    options = _options(refine_steps, keep_history, expires_at)
    params = {"name": name, "speaker": speaker, "select": select} | options
    return Call("POST", _of(user, "/file-jobs"), _document, params, content=data)


def sessions(user: str) -> Pages:
    """Yield the sessions that a memory has learnt from, with their turns where these were kept."""

    def page(offset: str) -> Call[Json]:
        params = {"offset": offset or 0, "limit": PAGE}
        return Call("GET", _of(user, "/sessions"), _document, params)

    def after(offset: str, found: Json) -> str | None:
        return str(int(offset or 0) + len(found["data"])) if found["has_more"] else None

    return Pages(page, after)


def job(job_id: str) -> Call[Json]:
    """Return how far a job is."""
    return Call("GET", _job(job_id), _document)


def jobs(user: str | None = None) -> Pages:
    """Yield jobs, the newest first, page by page."""

    def page(after: str) -> Call[Json]:
        params = {"user": user, "after": after, "limit": PAGE}
        return Call("GET", "/v1/jobs", _document, params)

    def next_after(_: str, found: Json) -> str | None:
        return str(found["data"][-1]["job_id"]) if found["has_more"] else None

    return Pages(page, next_after)


def cancel(job_id: str) -> Call[Json]:
    """Stop a job and remove its text."""
    return Call("DELETE", _job(job_id), _document)


def users(
    prefix: str = "", *, updated_since: str | None = None, order: UserOrder = "user"
) -> Pages:
    """Yield users by name or the latest first, page by page; a time is ISO 8601."""

    def page(after: str) -> Call[Json]:
        params = {"prefix": prefix, "updated_since": updated_since, "order": order, "after": after}
        return Call("GET", "/v1/memories", _document, params | {"limit": PAGE})

    return Pages(page, lambda _, found: found["next"])


def show(user: str, *, tell: bool = False) -> Call[Json]:
    """Return every slot of a user; tell: with what the model says with each slot alone."""
    return Call("GET", _of(user), _document, {"tell": tell})


def explain(user: str, message: str, answer: str | None = None) -> Call[Json]:
    """Say which slots a message reads, and what each is worth to an answer."""
    body = {"message": message, "answer": answer}
    return Call("POST", _of(user, "/explain"), _document, json=body)


def versions(user: str) -> Call[list[Json]]:
    """List the versions of a memory."""
    return Call("GET", _of(user, "/versions"), _data)


def diff(user: str, old: int, new: int | None = None) -> Call[Json]:
    """Say what came, went and moved between two versions, the newest by default."""
    return Call("GET", _of(user, "/diff"), _document, {"old": old, "new": new})


def rollback(user: str, version: int) -> Call[Json]:
    """Make an old version the newest again."""
    return Call("POST", _of(user, "/rollback"), _document, json={"version": version})


def export(user: str) -> Call[bytes]:
    """Return a user's memory file."""
    return Call("GET", _of(user, "/file"), lambda response: response.content)


def import_(user: str, data: bytes) -> Call[Json]:
    """Store a memory file."""
    return Call("PUT", _of(user, "/file"), _document, content=data)


def forget(
    user: str,
    *,
    session: str | None = None,
    about: str | None = None,
    dry_run: bool = False,
) -> Call[Json]:
    """Remove a user, a session or a topic; return the receipt."""
    params = {"session": session, "about": about, "dry_run": dry_run}
    return Call("DELETE", _of(user), _document, params)


def ended(job: Json) -> bool:
    """Say whether a job is over; raises ServerError for one that failed."""
    if job["state"] == "failed":
        raise ServerError(str(job["error"]), 200)
    return job["state"] in ("done", "cancelled")


def _of(user: str, rest: str = "") -> str:
    return f"/v1/memories/{quote(user, safe='')}{rest}"


def _job(job_id: str) -> str:
    return f"/v1/jobs/{quote(job_id, safe='')}"


def _sessions(
    sessions: Sequence[Json],
    refine_steps: int | None,
    keep_history: KeepHistory,
    expires_at: str | None,
    dry_run: bool,
) -> Json:
    options = _options(refine_steps, keep_history, expires_at)
    return {"sessions": list(sessions), "dry_run": dry_run} | options


def _options(refine_steps: int | None, keep_history: KeepHistory, expires_at: str | None) -> Json:
    return {
        "refine_steps": refine_steps,
        "keep_history": keep_history,
        "expires_at": expires_at,
    }


def _document(response: httpx.Response) -> Json:
    found: Json = response.json()
    return found


def _data(response: httpx.Response) -> list[Json]:
    found: list[Json] = response.json()["data"]
    return found

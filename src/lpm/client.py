"""A client of `lpm serve` for memories, without PyTorch; chats go through OpenAI's own client.

with Client("http://127.0.0.1:8000", key) as memories:
    memories.remember("ana", [{"session_id": "s1", "messages": [...]}])
    memories.forget("ana", about="my knee")
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from lpm.errors import InputError, LPMError, MissingExtraError, UnknownUserError
from lpm.types import KeepHistory, UserOrder

try:
    import httpx
except ImportError:
    raise MissingExtraError(
        "The client needs httpx; run `pip install 'latent-personal-memory[client]'`."
    ) from None

Json = dict[str, Any]
TIMEOUT_S = 120.0
PAGE = 100
POLL_S = 0.5


class ServerError(LPMError, RuntimeError):
    """The server refused or failed; `status` is its HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class _Call:
    method: str
    path: str
    params: Mapping[str, Any] | None = None
    json: Json | None = None
    content: bytes | None = None

    def request(self, client: httpx.Client | httpx.AsyncClient) -> httpx.Request:
        given = {key: value for key, value in (self.params or {}).items() if value is not None}
        return client.build_request(
            self.method, self.path, params=given, json=self.json, content=self.content
        )


def _of(user: str, rest: str = "") -> str:
    return f"/v1/memories/{quote(user, safe='')}{rest}"


def _remember(user: str, sessions: Sequence[Json], options: Json) -> _Call:
    return _Call("POST", _of(user, "/sessions"), json={"sessions": list(sessions), **options})


def _forget(user: str, session: str | None, about: str | None, dry_run: bool) -> _Call:
    params = {"session": session, "about": about, "dry_run": str(dry_run).lower()}
    return _Call("DELETE", _of(user), params)


def _list(prefix: str, updated_since: str | None, order: UserOrder, after: str) -> _Call:
    params = {"prefix": prefix, "updated_since": updated_since, "order": order, "after": after}
    return _Call("GET", "/v1/memories", params | {"limit": PAGE})


def _job(method: str, job_id: str) -> _Call:
    return _Call(method, f"/v1/jobs/{quote(job_id, safe='')}")


def _jobs(user: str | None, after: str) -> _Call:
    return _Call("GET", "/v1/jobs", {"user": user, "after": after, "limit": PAGE})


def _queue(
    user: str,
    sessions: Sequence[Json],
    refine_steps: int | None,
    keep_history: KeepHistory,
    expires_at: str | None,
) -> _Call:
    options = _options(refine_steps, keep_history, expires_at, False)
    return _Call("POST", _of(user, "/jobs"), json={"sessions": list(sessions), **options})


def _diff(user: str, old: int, new: int | None) -> _Call:
    return _Call("GET", _of(user, "/diff"), {"old": old, "new": new})


def _ended(job: Json) -> bool:
    """Say whether a job is over; raises ServerError for one that failed."""
    if job["state"] == "failed":
        raise ServerError(str(job["error"]), 200)
    return job["state"] in ("done", "cancelled")


def _explain(user: str, message: str, answer: str | None) -> _Call:
    return _Call("POST", _of(user, "/explain"), json={"message": message, "answer": answer})


def _options(
    refine_steps: int | None, keep_history: KeepHistory, expires_at: str | None, dry_run: bool
) -> Json:
    return {
        "refine_steps": refine_steps,
        "keep_history": keep_history,
        "expires_at": expires_at,
        "dry_run": dry_run,
    }


def _checked(response: httpx.Response) -> httpx.Response:
    """Return an answer; raises UnknownUserError, InputError or ServerError with its sentence."""
    if response.is_success:
        return response
    try:
        message = str(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        message = f"The server answered {response.status_code} {response.reason_phrase}."
    if response.status_code == 404:
        raise UnknownUserError(message)
    if response.status_code == 400:
        raise InputError(message)
    raise ServerError(message, response.status_code)


def _http(url: str, key: str, timeout_s: float) -> Json:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return {"base_url": url, "headers": headers, "timeout": timeout_s}


class Client:
    """Memories of one tenant over HTTP. Safe between threads; results are what the API returns."""

    def __init__(self, url: str, key: str = "", *, timeout_s: float = TIMEOUT_S) -> None:
        self._client = httpx.Client(**_http(url, key, timeout_s))

    def remember(
        self,
        user: str,
        sessions: Sequence[Json],
        *,
        refine_steps: int | None = None,
        keep_history: KeepHistory = "full",
        expires_at: str | None = None,
        dry_run: bool = False,
    ) -> Json:
        """Add sessions of `session_id`, `time` and `messages` to a user's memory."""
        options = _options(refine_steps, keep_history, expires_at, dry_run)
        return self._json(_remember(user, sessions, options))

    def queue(
        self,
        user: str,
        sessions: Sequence[Json],
        *,
        refine_steps: int | None = None,
        keep_history: KeepHistory = "full",
        expires_at: str | None = None,
    ) -> Json:
        """Queue sessions to be remembered in the background; return the job."""
        return self._json(_queue(user, sessions, refine_steps, keep_history, expires_at))

    def job(self, job_id: str) -> Json:
        """Return how far a job is."""
        return self._json(_job("GET", job_id))

    def jobs(self, user: str | None = None) -> Iterator[Json]:
        """Yield jobs, the newest first, page by page."""
        after, more = "", True
        while more:
            page = self._json(_jobs(user, after))
            yield from page["data"]
            more, after = page["has_more"], page["data"][-1]["job_id"] if page["data"] else ""

    def cancel(self, job_id: str) -> Json:
        """Stop a job and remove its text."""
        return self._json(_job("DELETE", job_id))

    def wait(self, job_id: str, *, poll_s: float = POLL_S) -> Json:
        """Return a job when it is over; raises ServerError with its sentence when it failed."""
        while not _ended(job := self.job(job_id)):
            time.sleep(poll_s)
        return job

    def users(
        self, prefix: str = "", *, updated_since: str | None = None, order: UserOrder = "user"
    ) -> Iterator[Json]:
        """Yield users by name or the latest first, page by page; a time is ISO 8601."""
        after: str | None = ""
        while after is not None:
            page = self._json(_list(prefix, updated_since, order, after))
            yield from page["data"]
            after = page["next"]

    def show(self, user: str) -> Json:
        """Return every slot of a user."""
        return self._json(_Call("GET", _of(user)))

    def explain(self, user: str, message: str, answer: str | None = None) -> Json:
        """Say which slots a message reads, and what each is worth to an answer."""
        return self._json(_explain(user, message, answer))

    def versions(self, user: str) -> list[Json]:
        """List the versions of a memory."""
        found: list[Json] = self._json(_Call("GET", _of(user, "/versions")))["data"]
        return found

    def diff(self, user: str, old: int, new: int | None = None) -> Json:
        """Say what came, went and moved between two versions, the newest by default."""
        return self._json(_diff(user, old, new))

    def rollback(self, user: str, version: int) -> Json:
        """Make an old version the newest again."""
        return self._json(_Call("POST", _of(user, "/rollback"), json={"version": version}))

    def export(self, user: str) -> bytes:
        """Return a user's memory file."""
        return self._send(_Call("GET", _of(user, "/file"))).content

    def import_(self, user: str, data: bytes) -> Json:
        """Store a memory file."""
        return self._json(_Call("PUT", _of(user, "/file"), content=data))

    def forget(
        self,
        user: str,
        *,
        session: str | None = None,
        about: str | None = None,
        dry_run: bool = False,
    ) -> Json:
        """Remove a user, a session or a topic; return the receipt."""
        return self._json(_forget(user, session, about, dry_run))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _send(self, call: _Call) -> httpx.Response:
        return _checked(self._client.send(call.request(self._client)))

    def _json(self, call: _Call) -> Json:
        found: Json = self._send(call).json()
        return found


class AsyncClient:
    """The same for asyncio."""

    def __init__(self, url: str, key: str = "", *, timeout_s: float = TIMEOUT_S) -> None:
        self._client = httpx.AsyncClient(**_http(url, key, timeout_s))

    async def remember(
        self,
        user: str,
        sessions: Sequence[Json],
        *,
        refine_steps: int | None = None,
        keep_history: KeepHistory = "full",
        expires_at: str | None = None,
        dry_run: bool = False,
    ) -> Json:
        """Add sessions of `session_id`, `time` and `messages` to a user's memory."""
        options = _options(refine_steps, keep_history, expires_at, dry_run)
        return await self._json(_remember(user, sessions, options))

    async def queue(
        self,
        user: str,
        sessions: Sequence[Json],
        *,
        refine_steps: int | None = None,
        keep_history: KeepHistory = "full",
        expires_at: str | None = None,
    ) -> Json:
        """Queue sessions to be remembered in the background; return the job."""
        return await self._json(_queue(user, sessions, refine_steps, keep_history, expires_at))

    async def job(self, job_id: str) -> Json:
        """Return how far a job is."""
        return await self._json(_job("GET", job_id))

    async def jobs(self, user: str | None = None) -> AsyncIterator[Json]:
        """Yield jobs, the newest first, page by page."""
        after, more = "", True
        while more:
            page = await self._json(_jobs(user, after))
            for item in page["data"]:
                yield item
            more, after = page["has_more"], page["data"][-1]["job_id"] if page["data"] else ""

    async def cancel(self, job_id: str) -> Json:
        """Stop a job and remove its text."""
        return await self._json(_job("DELETE", job_id))

    async def wait(self, job_id: str, *, poll_s: float = POLL_S) -> Json:
        """Return a job when it is over; raises ServerError with its sentence when it failed."""
        while not _ended(job := await self.job(job_id)):
            await asyncio.sleep(poll_s)
        return job

    async def users(
        self, prefix: str = "", *, updated_since: str | None = None, order: UserOrder = "user"
    ) -> AsyncIterator[Json]:
        """Yield users by name or the latest first, page by page; a time is ISO 8601."""
        after: str | None = ""
        while after is not None:
            page = await self._json(_list(prefix, updated_since, order, after))
            for item in page["data"]:
                yield item
            after = page["next"]

    async def show(self, user: str) -> Json:
        """Return every slot of a user."""
        return await self._json(_Call("GET", _of(user)))

    async def explain(self, user: str, message: str, answer: str | None = None) -> Json:
        """Say which slots a message reads, and what each is worth to an answer."""
        return await self._json(_explain(user, message, answer))

    async def versions(self, user: str) -> list[Json]:
        """List the versions of a memory."""
        found: list[Json] = (await self._json(_Call("GET", _of(user, "/versions"))))["data"]
        return found

    async def diff(self, user: str, old: int, new: int | None = None) -> Json:
        """Say what came, went and moved between two versions, the newest by default."""
        return await self._json(_diff(user, old, new))

    async def rollback(self, user: str, version: int) -> Json:
        """Make an old version the newest again."""
        return await self._json(_Call("POST", _of(user, "/rollback"), json={"version": version}))

    async def export(self, user: str) -> bytes:
        """Return a user's memory file."""
        return (await self._send(_Call("GET", _of(user, "/file")))).content

    async def import_(self, user: str, data: bytes) -> Json:
        """Store a memory file."""
        return await self._json(_Call("PUT", _of(user, "/file"), content=data))

    async def forget(
        self,
        user: str,
        *,
        session: str | None = None,
        about: str | None = None,
        dry_run: bool = False,
    ) -> Json:
        """Remove a user, a session or a topic; return the receipt."""
        return await self._json(_forget(user, session, about, dry_run))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _send(self, call: _Call) -> httpx.Response:
        return _checked(await self._client.send(call.request(self._client)))

    async def _json(self, call: _Call) -> Json:
        found: Json = (await self._send(call)).json()
        return found

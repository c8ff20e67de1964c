"""Two clients that send the same requests: one waits in its thread, one in the event loop."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, get_args

import httpx

from lpm.client import requests
from lpm.client.requests import Call, Json, Pages, ended

TIMEOUT_S = 120.0
POLL_S = 0.5
P = ParamSpec("P")
T = TypeVar("T")
Method = TypeVar("Method", bound=Callable[..., Any])


def _sent(describe: Callable[P, Call[T]]) -> Callable[Concatenate[Client, P], T]:
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._send(describe(*args, **kwargs))

    return _like(describe, method)


def _paged(describe: Callable[P, Pages]) -> Callable[Concatenate[Client, P], Iterator[Json]]:
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[Json]:
        pages = describe(*args, **kwargs)
        after: str | None = ""
        while after is not None:
            found = self._send(pages.page(after))
            yield from found["data"]
            after = pages.after(after, found)

    return _like(describe, method, Iterator[Json])


def _awaited(
    describe: Callable[P, Call[T]],
) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]:
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._send(describe(*args, **kwargs))

    return _like(describe, method)


def _paged_awaited(
    describe: Callable[P, Pages],
) -> Callable[Concatenate[AsyncClient, P], AsyncIterator[Json]]:
    async def method(
        self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs
    ) -> AsyncIterator[Json]:
        pages = describe(*args, **kwargs)
        after: str | None = ""
        while after is not None:
            found = await self._send(pages.page(after))
            for item in found["data"]:
                yield item
            after = pages.after(after, found)

    return _like(describe, method, AsyncIterator[Json])


def _like(describe: Callable[..., object], method: Method, returns: Any = None) -> Method:
    """Give a method the name, docstring and signature of the request that it sends.

    returns: what it returns; by default what the request is read into.
    """
    signature = inspect.signature(describe, eval_str=True)
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    method.__name__, method.__doc__ = describe.__name__, describe.__doc__
    method.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[own, *signature.parameters.values()],
        return_annotation=returns or get_args(signature.return_annotation)[0],
    )
    return method


def _http(url: str, key: str, timeout_s: float) -> Json:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return {"base_url": url, "headers": headers, "timeout": timeout_s}


class Client:
    """Memories of one tenant over HTTP. Safe between threads; results are what the API returns."""

    def __init__(self, url: str, key: str = "", *, timeout_s: float = TIMEOUT_S) -> None:
        self._client = httpx.Client(**_http(url, key, timeout_s))

    remember = _sent(requests.remember)
    remember_file = _sent(requests.remember_file)
    queue = _sent(requests.queue)
    queue_file = _sent(requests.queue_file)
    sessions = _paged(requests.sessions)
    job = _sent(requests.job)
    jobs = _paged(requests.jobs)
    cancel = _sent(requests.cancel)
    users = _paged(requests.users)
    show = _sent(requests.show)
    explain = _sent(requests.explain)
    versions = _sent(requests.versions)
    diff = _sent(requests.diff)
    rollback = _sent(requests.rollback)
    export = _sent(requests.export)
    import_ = _sent(requests.import_)
    forget = _sent(requests.forget)

    def wait(self, job_id: str, *, poll_s: float = POLL_S) -> Json:
        """Return a job when it is over; raises ServerError with its sentence when it failed."""
        while not ended(job := self.job(job_id)):
            time.sleep(poll_s)
        return job

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def _send(self, call: Call[T]) -> T:
        return call.reply(self._client.send(call.request(self._client)))


class AsyncClient:
    """The same for asyncio."""

    def __init__(self, url: str, key: str = "", *, timeout_s: float = TIMEOUT_S) -> None:
        self._client = httpx.AsyncClient(**_http(url, key, timeout_s))

    remember = _awaited(requests.remember)
    remember_file = _awaited(requests.remember_file)
    queue = _awaited(requests.queue)
    queue_file = _awaited(requests.queue_file)
    sessions = _paged_awaited(requests.sessions)
    job = _awaited(requests.job)
    jobs = _paged_awaited(requests.jobs)
    cancel = _awaited(requests.cancel)
    users = _paged_awaited(requests.users)
    show = _awaited(requests.show)
    explain = _awaited(requests.explain)
    versions = _awaited(requests.versions)
    diff = _awaited(requests.diff)
    rollback = _awaited(requests.rollback)
    export = _awaited(requests.export)
    import_ = _awaited(requests.import_)
    forget = _awaited(requests.forget)

    async def wait(self, job_id: str, *, poll_s: float = POLL_S) -> Json:
        """Return a job when it is over; raises ServerError with its sentence when it failed."""
        while not ended(job := await self.job(job_id)):
            await asyncio.sleep(poll_s)
        return job

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.close()

    async def _send(self, call: Call[T]) -> T:
        return call.reply(await self._client.send(call.request(self._client)))

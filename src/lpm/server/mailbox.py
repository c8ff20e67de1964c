"""Tokens on their way from the thread that decodes to the coroutine that answers."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from contextlib import suppress

from lpm.server.sampling import TokenLogprob

Told = tuple[int, int, TokenLogprob | None]
"""Choice, token, score."""


class Mailbox:
    """What one request was told and has not taken; made by the coroutine that takes."""

    def __init__(self, choices: int) -> None:
        self.loop = asyncio.get_running_loop()
        self._tokens: deque[Told] = deque()
        self._unfinished = choices
        self._failure: BaseException | None = None
        self._awaited = False
        self._some, self._all = asyncio.Event(), asyncio.Event()

    def put(self, choice: int, token: int, score: TokenLogprob | None, last: bool) -> bool:
        """Add a token, from another thread; return whether the coroutine is to be woken."""
        self._tokens.append((choice, token, score))
        self._unfinished -= last
        return self._awaited or not self._unfinished

    def fail(self, failure: BaseException) -> None:
        """End with a failure, from another thread; the coroutine is to be woken."""
        self._failure = failure

    def wake(self) -> None:
        """Let the coroutine go on; in its event loop."""
        self._some.set()
        if not self._unfinished or self._failure is not None:
            self._all.set()

    async def some(self) -> list[Told]:
        """Return what there is, when there is something; raises what made it fail."""
        # Said before looking, so that what comes in between wakes.
        self._awaited = True
        while not self._tokens and self._failure is None:
            self._some.clear()
            if self._tokens or self._failure is not None:
                break
            await self._some.wait()
        self._awaited = False
        if self._failure is not None:
            raise self._failure
        return [self._tokens.popleft() for _ in range(len(self._tokens))]

    async def all(self) -> None:
        """Return when the last token is there, or a failure."""
        await self._all.wait()

    async def pause(self, seconds: float) -> None:
        """Let tokens come together for a while, or to the last."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._all.wait()


def wake(mailboxes: Iterable[Mailbox]) -> None:
    """Wake many coroutines by one call into each event loop; from another thread."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Mailbox]] = {}
    for one in mailboxes:
        by_loop.setdefault(one.loop, []).append(one)
    for loop, these in by_loop.items():
        # Who asked has gone with the loop.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_wake_all, these)


def _wake_all(mailboxes: list[Mailbox]) -> None:
    for one in mailboxes:
        one.wake()

"""Rate limits and quotas: how much a key and a tenant may ask for."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute, WindowStats
from limits.errors import ConfigurationError, StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import (
    MovingWindowRateLimiter,
    RateLimiter,
    SlidingWindowCounterRateLimiter,
)

from lpm.errors import ConfigError, LPMError, StoreError


@dataclass(frozen=True)
class Budget:
    """What may be asked for; None: as much as one likes."""

    requests_per_minute: int | None = None
    tokens_per_day: int | None = None


class QuotaError(LPMError, RuntimeError):
    """A limit is reached; `retry_after_s` says when to come again."""

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True)
class _Limit:
    """One limit of one key or tenant."""

    kind: str
    item: RateLimitItem
    owner: tuple[str, str]


Payer = tuple[tuple[tuple[str, str], Budget], ...]


class Quotas:
    """Counts in moving windows: requests exactly, tokens by two weighted windows of a day.

    A moving window of tokens would keep one entry a token. at_hand: counting waits for nothing.
    """

    def __init__(self, uri: str = "memory://") -> None:
        """uri: of the counters' storage, as `limits` takes it; memory is one process's own."""
        try:
            storage = storage_from_string(uri, wrap_exceptions=True)
            self.at_hand = isinstance(storage, MemoryStorage)
            self._limiters: dict[str, RateLimiter] = {
                "requests": MovingWindowRateLimiter(storage),
                "tokens": SlidingWindowCounterRateLimiter(storage),
            }
        except (ConfigurationError, NotImplementedError) as error:
            # `from None`: an address may hold a password.
            raise ConfigError(
                f"LPM_QUOTA_STORAGE cannot be used ({type(error).__name__}); give memory:// or "
                "redis://HOST:PORT with the extra: pip install 'latent-personal-memory[redis]'."
            ) from None

    def check(self) -> None:
        """Raise StoreError unless the counters can be reached."""
        with _told():
            good = self._limiters["requests"].storage.check()
        if not good:
            raise StoreError("The counters at LPM_QUOTA_STORAGE cannot be reached; start them.")

    def admit(self, payer: Payer) -> None:
        """Count one request; raises QuotaError, and counts nothing, when a limit is reached."""
        limits = [*_limits(payer)]
        for limit in limits:
            with _told():
                left = self._limiters[limit.kind].test(limit.item, *limit.owner)
            if not left:
                raise self._refusal(limit)
        for limit in limits:
            if limit.kind == "requests" and not self._count(limit, 1):
                raise self._refusal(limit)

    def spend(self, payer: Payer, tokens: int, *, at_most_left: bool = False) -> None:
        """Count tokens; raises QuotaError, and counts nothing, when they are more than is left.

        tokens: below 0 for what was counted and not used. at_most_left: count what is left
        instead, for tokens that were made already.
        """
        counted: list[_Limit] = []
        for limit in _limits(payer):
            if limit.kind != "tokens" or not tokens:
                continue
            if self._count(limit, tokens):
                counted.append(limit)
            elif at_most_left:
                self._count(limit, self._stats(limit).remaining)
            else:
                for other in counted:
                    self._count(other, -tokens)
                raise self._refusal(limit)

    def headers(self, payer: Payer) -> dict[str, str]:
        """Return what is left as OpenAI's headers say it, of the tightest limit of each kind."""
        found: dict[str, str] = {}
        left: dict[str, int] = {}
        for limit in _limits(payer):
            stats = self._stats(limit)
            if stats.remaining >= left.get(limit.kind, math.inf):
                continue
            left[limit.kind] = stats.remaining
            found[f"x-ratelimit-limit-{limit.kind}"] = str(limit.item.amount)
            found[f"x-ratelimit-remaining-{limit.kind}"] = str(stats.remaining)
            found[f"x-ratelimit-reset-{limit.kind}"] = f"{_seconds_until(stats.reset_time)}s"
        return found

    def _count(self, limit: _Limit, cost: int) -> bool:
        """Count something against a limit; False, and nothing counted, when less is left."""
        with _told():
            return self._limiters[limit.kind].hit(limit.item, *limit.owner, cost=cost)

    def _stats(self, limit: _Limit) -> WindowStats:
        with _told():
            return self._limiters[limit.kind].get_window_stats(limit.item, *limit.owner)

    def _refusal(self, limit: _Limit) -> QuotaError:
        stats = self._stats(limit)
        span = "a minute" if limit.kind == "requests" else "a day"
        wait = max(1, _seconds_until(stats.reset_time))
        return QuotaError(
            f"This {limit.owner[0]} may use {limit.item.amount} {limit.kind} {span}, and that is "
            f"used up; try again in {wait} s.",
            wait,
        )


def _limits(payer: Payer) -> Iterator[_Limit]:
    for owner, budget in payer:
        if budget.requests_per_minute is not None:
            yield _Limit("requests", RateLimitItemPerMinute(budget.requests_per_minute), owner)
        if budget.tokens_per_day is not None:
            yield _Limit("tokens", RateLimitItemPerDay(budget.tokens_per_day), owner)


def _seconds_until(moment: float) -> int:
    return max(0, math.ceil(moment - time.time()))


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except StorageError:
        # `from None`: an address may hold a password.
        raise StoreError("The counters of limits cannot be reached; try again later.") from None

"""Who calls: the key of a request, its tenant, and the user it may speak for."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from fastapi import HTTPException, Request
from fastapi.concurrency import run_in_threadpool

from lpm.errors import StoreError
from lpm.server.keys import MAX_VERIFYING, SCOPES, ApiKey, KeyRefusedError, KeyStore, Scope
from lpm.server.quotas import Budget, Payer, Quotas
from lpm.server.threads import Lanes
from lpm.store.failures import unknown_user

log = logging.getLogger("lpm.server")
MOST_UNKNOWN = 128
"""Keys that may wait to be checked; one that was good before waits for nothing."""


@dataclass(frozen=True)
class Caller:
    """Whoever a request is from. user: the only one it may speak for, None for all of the tenant's.

    name: of the caller in logs, the key's identifier. payer: whose limits the request counts for.
    """

    tenant: str
    name: str
    scopes: frozenset[str]
    user: str | None = None
    payer: Payer = ()

    def allows(self, scope: Scope) -> bool:
        """Say whether the caller may do something; `admin` may do all."""
        return scope in self.scopes or "admin" in self.scopes

    def speaks_for(self, user: str) -> str:
        """Return the user; raises UnknownUserError, word for word, where the key is not theirs."""
        if self.user is not None and user != self.user:
            raise unknown_user(user)
        return user


class Access:
    """Checks keys and limits; without a key store everybody is the default tenant.

    budget: of each tenant, beside those of its keys.
    """

    def __init__(
        self, keys: KeyStore | None, quotas: Quotas | None = None, budget: Budget | None = None
    ) -> None:
        self._keys = keys
        self.quotas = quotas or Quotas()
        self._budget = budget or Budget()
        self._checking = Lanes(each=MAX_VERIFYING, together=MAX_VERIFYING, most=MOST_UNKNOWN)

    async def identify(self, request: Request) -> None:
        """Find the key of a request, for `caller`, before anything of it is looked at.

        In threads of its own, so that wrong keys hold up nobody else. Raises KeyRefusedError, and
        BusyError when too many keys wait to be checked.
        """
        keys = self._keys
        if keys is None:
            return
        text = _bearer(request)
        if text is None:
            raise KeyRefusedError("Give an API key in the header `Authorization: Bearer …`.")
        if keys.knows(text):
            request.state.key = keys.check(text)
        else:
            request.state.key = await self._checking.run("", lambda: keys.check(text))

    async def caller_of(self, request: Request, scope: Scope) -> Caller:
        """Return `caller`, in a thread where counting takes its time."""
        if self.quotas.at_hand:
            return self.caller(request, scope)
        return await run_in_threadpool(self.caller, request, scope)

    async def spend(self, payer: Payer, tokens: int) -> None:
        """Count tokens that are about to be read; raises QuotaError when they are too many."""
        if self.quotas.at_hand:
            self.quotas.spend(payer, tokens)
        else:
            await run_in_threadpool(self.quotas.spend, payer, tokens)

    def charge_later(self, payer: Payer, tokens: int) -> None:
        """Count tokens of an answer without waiting for it; see `charge`."""
        if self.quotas.at_hand:
            self.charge(payer, tokens)
        else:
            asyncio.get_running_loop().run_in_executor(None, self.charge, payer, tokens)

    def charge(self, payer: Payer, tokens: int) -> None:
        """Count tokens of an answer that was given; what cannot be counted is logged."""
        try:
            self.quotas.spend(payer, tokens, at_most_left=True)
        except StoreError as error:
            log.error("tokens were not counted: %s", type(error).__name__)

    def caller(self, request: Request, scope: Scope) -> Caller:
        """Return who calls, and count the request; `identify` has found the key.

        Raises 403 where the key lacks the scope, or QuotaError.
        """
        caller = self._anybody() if self._keys is None else self._owner(request.state.key)
        if not caller.allows(scope):
            raise HTTPException(403, f"This key is not good for `{scope}`.")
        try:
            self.quotas.admit(caller.payer)
        finally:
            request.state.limits = self.quotas.headers(caller.payer)
        return caller

    def _anybody(self) -> Caller:
        return Caller("", "open", frozenset(SCOPES), payer=((("tenant", ""), self._budget),))

    def _owner(self, key: ApiKey) -> Caller:
        payer = ((("key", key.key_id), key.budget), (("tenant", key.tenant), self._budget))
        return Caller(key.tenant, key.key_id, frozenset(key.scopes), key.user, payer)


def _bearer(request: Request) -> str | None:
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    return text.strip() if kind.lower() == "bearer" and text.strip() else None

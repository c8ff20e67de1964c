"""Who calls: the key of a request, its tenant, and the user it may speak for."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import HTTPException, Request

from lpm.server.keys import KeyRefusedError, KeyStore, Scope
from lpm.store.failures import unknown_user


@dataclass(frozen=True)
class Caller:
    """Whoever a request is from. user: the only one it may speak for, None for all of the tenant's.

    name: of the caller in logs, the key's identifier.
    """

    tenant: str
    name: str
    scopes: frozenset[str]
    user: str | None = None

    def allows(self, scope: Scope) -> bool:
        """Say whether the caller may do something; `admin` may do all."""
        return scope in self.scopes or "admin" in self.scopes

    def speaks_for(self, user: str) -> str:
        """Return the user; raises UnknownUserError, word for word, where the key is not theirs."""
        if self.user is not None and user != self.user:
            raise unknown_user(user)
        return user


class Access:
    """Checks keys; without a key store everybody is the default tenant."""

    def __init__(self, keys: KeyStore | None) -> None:
        self._keys = keys

    def caller(self, request: Request, scope: Scope) -> Caller:
        """Return who calls; raises KeyRefusedError, or 403 where the key lacks the scope."""
        if self._keys is None:
            return Caller("", "open", frozenset({"chat", "memories", "admin"}))
        kind, _, text = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not text.strip():
            raise KeyRefusedError("Give an API key in the header `Authorization: Bearer …`.")
        key = self._keys.check(text.strip())
        if not key.allows(scope):
            raise HTTPException(403, f"This key is not good for `{scope}`.")
        return Caller(key.tenant, key.key_id, frozenset(key.scopes), key.user)

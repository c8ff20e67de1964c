"""API keys: who may call, for which tenant, and what for. Only hashes are stored."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from filelock import FileLock

from lpm.errors import ConfigError, InputError, LPMError
from lpm.memory import validate_user, write_atomic

Scope = Literal["chat", "memories", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
_PREFIX = "lpm"


class KeyRefusedError(LPMError, PermissionError):
    """The key is missing, wrong, revoked, or not for this."""


@dataclass(frozen=True)
class ApiKey:
    """One key without its secret.

    tenant: whose users it reaches. user: the one user it reaches, None for all of the tenant's.
    hashed: Argon2id of the secret.
    """

    key_id: str
    tenant: str
    scopes: tuple[Scope, ...]
    hashed: str
    created_at: str
    user: str | None = None
    revoked: bool = False

    def allows(self, scope: Scope) -> bool:
        """Say whether the key is good for something; `admin` is good for all."""
        return scope in self.scopes or "admin" in self.scopes


class KeyStore:
    """Keys in one JSON file, readable by its owner alone. Changes by others are seen at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._hasher = PasswordHasher()
        self._known: dict[str, tuple[str, str]] = {}
        self._lock = threading.Lock()
        # An unknown key must take as long as a wrong one.
        self._decoy = self._hasher.hash(secrets.token_urlsafe(32))

    def create(
        self, tenant: str, scopes: tuple[str, ...] = ("chat", "memories"), user: str | None = None
    ) -> tuple[ApiKey, str]:
        """Make a key; return it with its text, which is told only here."""
        if tenant:
            validate_user(tenant)
        if user is not None:
            validate_user(user)
        wrong = [scope for scope in scopes if scope not in SCOPES]
        if wrong or not scopes:
            raise InputError(f"Scopes are {', '.join(SCOPES)}; give one or more of these.")
        key_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
        chosen = tuple(scope for scope in SCOPES if scope in scopes)
        made = datetime.now(UTC).isoformat(timespec="seconds")
        key = ApiKey(key_id, tenant, chosen, self._hasher.hash(secret), made, user)
        with self._changing() as keys:
            keys[key_id] = key
        return key, f"{_PREFIX}_{key_id}_{secret}"

    def revoke(self, key_id: str) -> ApiKey:
        """Make a key worthless at once; raises InputError for an unknown one."""
        with self._changing() as keys:
            if key_id not in keys:
                raise InputError(f"There is no key {key_id!r}; `lpm keys list` shows all.")
            keys[key_id] = replace(keys[key_id], revoked=True)
            return keys[key_id]

    def list(self) -> tuple[ApiKey, ...]:
        """Return all keys, the oldest first."""
        return tuple(sorted(self._read().values(), key=lambda key: key.created_at))

    def check(self, text: str) -> ApiKey:
        """Return the key of a text; raises KeyRefusedError for any other."""
        prefix, _, rest = text.partition("_")
        key_id, _, secret = rest.partition("_")
        key = self._read().get(key_id) if prefix == _PREFIX else None
        hashed = self._decoy if key is None else key.hashed
        good = self._verified(key_id, secret, hashed) and key is not None
        if key is None or not good or key.revoked:
            raise KeyRefusedError("The API key is wrong or revoked; ask who runs this server.")
        return key

    def _verified(self, key_id: str, secret: str, hashed: str) -> bool:
        """Verify by Argon2 once; after that by a hash kept in this process."""
        digest = hashlib.sha256(secret.encode()).hexdigest()
        with self._lock:
            known = self._known.get(key_id)
        if known is not None and known[0] == hashed and hmac.compare_digest(known[1], digest):
            return True
        try:
            self._hasher.verify(hashed, secret)
        except (VerificationError, InvalidHashError):
            return False
        with self._lock:
            self._known[key_id] = (hashed, digest)
        return True

    def _read(self) -> dict[str, ApiKey]:
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            keys = [ApiKey(**{**item, "scopes": tuple(item["scopes"])}) for item in found]
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ConfigError(
                f"The keys at '{self.path}' cannot be read ({type(error).__name__}); restore the "
                "file, or move it away and make new keys."
            ) from None
        return {key.key_id: key for key in keys}

    def _changing(self) -> _Change:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return _Change(self)


class _Change:
    """Read the keys, let them be changed, and write them, while no other process does."""

    def __init__(self, store: KeyStore) -> None:
        self._store = store
        self._lock = FileLock(f"{store.path}.lock")

    def __enter__(self) -> dict[str, ApiKey]:
        self._lock.acquire(timeout=10)
        self._keys = self._store._read()
        return self._keys

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        try:
            if kind is None:
                text = json.dumps([asdict(key) for key in self._keys.values()], indent=1)
                write_atomic(self._store.path, (text + "\n").encode())
        finally:
            self._lock.release()

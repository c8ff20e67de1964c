"""API keys: who may call, for which tenant, and what for. Only hashes are stored."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, get_args

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from filelock import FileLock

from lpm.errors import ConfigError, InputError, LPMError
from lpm.files import write_atomic
from lpm.memory import validate_user
from lpm.server.quotas import Budget
from lpm.server.tokens import TokenError, key_id_of, looks_like_token, sign, user_of

Scope = Literal["chat", "memories", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
_PREFIX = "lpm"
MAX_VERIFYING = 2


class KeyRefusedError(LPMError, PermissionError):
    """The key is missing, wrong, revoked, or not for this."""


@dataclass(frozen=True)
class ApiKey:
    """One key without its secret.

    tenant: whose users it reaches. user: the one user it reaches, None for all of the tenant's.
    hashed: Argon2id of the secret. signing: the secret itself of a key that signs user tokens,
    since checking a signature takes it; such a key is none to call with. previous: what one of
    these was before the key was rotated, good until previous_until.
    """

    key_id: str
    tenant: str
    scopes: tuple[Scope, ...]
    hashed: str
    created_at: str
    user: str | None = None
    revoked: bool = False
    signing: str | None = field(default=None, repr=False)
    previous: str | None = None
    previous_until: str | None = None
    requests_per_minute: int | None = None
    tokens_per_day: int | None = None

    @property
    def budget(self) -> Budget:
        """Return what the key may ask for."""
        return Budget(self.requests_per_minute, self.tokens_per_day)

    def good(self) -> tuple[str, ...]:
        """Return what secrets are checked against now; nothing for a revoked key."""
        if self.revoked:
            return ()
        current = self.signing or self.hashed
        if self.previous is None or self.previous_until is None:
            return (current,)
        over = datetime.now(UTC) >= datetime.fromisoformat(self.previous_until)
        return (current,) if over else (current, self.previous)

    def allows(self, scope: Scope) -> bool:
        """Say whether the key is good for something; `admin` is good for all."""
        return scope in self.scopes or "admin" in self.scopes


class KeyStore:
    """Keys in one JSON file, readable by its owner alone. Changes by others are seen at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._hasher = PasswordHasher()
        self._known: dict[str, str] = {}
        self._stamp: tuple[int, int, int] | None = None
        self._keys: dict[str, ApiKey] = {}
        self._lock = threading.Lock()
        self._verifying = threading.BoundedSemaphore(MAX_VERIFYING)
        # An unknown key must take as long as a wrong one.
        self._decoy = self._hasher.hash(secrets.token_urlsafe(32))

    def create(
        self,
        tenant: str,
        scopes: tuple[str, ...] = ("chat", "memories"),
        user: str | None = None,
        *,
        signing: bool = False,
        budget: Budget | None = None,
    ) -> tuple[ApiKey, str]:
        """Make a key; return it with its text, which is told only here.

        signing: the text is the secret that user tokens are signed with. budget: for all requests
        with the key, or with tokens that it signed.
        """
        if tenant:
            validate_user(tenant)
        if user is not None:
            validate_user(user)
        wrong = [scope for scope in scopes if scope not in SCOPES]
        if wrong or not scopes:
            raise InputError(f"Scopes are {', '.join(SCOPES)}; give one or more of these.")
        if signing and (user is not None or "admin" in scopes):
            raise InputError("A signing key is for no single user and not for `admin`.")
        key_id = secrets.token_hex(8)
        hashed, secret, text = self._secret(key_id, signing)
        chosen = tuple(scope for scope in SCOPES if scope in scopes)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        key = ApiKey(key_id, tenant, chosen, hashed, now, user, signing=secret)
        if budget is not None:
            key = replace(key, **asdict(budget))
        with self._changing() as keys:
            keys[key_id] = key
        return key, text

    def rotate(self, key_id: str, grace_s: int) -> tuple[ApiKey, str]:
        """Give a key a new secret; the old one stays good for a while. Returns as `create`."""
        until = datetime.now(UTC) + timedelta(seconds=grace_s)
        with self._changing() as keys:
            old = _found(keys, key_id)
            if old.revoked:
                raise InputError(f"Key {key_id!r} is revoked; make a new one.")
            hashed, secret, text = self._secret(key_id, old.signing is not None)
            keys[key_id] = replace(
                old,
                hashed=hashed,
                signing=secret,
                previous=old.signing or old.hashed,
                previous_until=until.isoformat(),
            )
            return keys[key_id], text

    def sign(self, user: str, ttl_s: int, *, key_id: str | None = None, tenant: str = "") -> str:
        """Return a token of a user, signed with a key, or with the tenant's only signing key."""
        if key_id is not None:
            keys = [_found(self._read(), key_id)]
        else:
            keys = [key for key in self.list() if key.tenant == tenant]
        good = [(key.key_id, key.signing) for key in keys if key.signing and not key.revoked]
        if len(good) != 1:
            raise InputError(
                f"There are {len(good)} signing keys to choose from; name one, or make one with "
                "`lpm keys create --signing`."
            )
        return sign(*good[0], user, ttl_s)

    def revoke(self, key_id: str) -> ApiKey:
        """Make a key worthless at once; raises InputError for an unknown one."""
        with self._changing() as keys:
            keys[key_id] = replace(_found(keys, key_id), revoked=True)
            return keys[key_id]

    def list(self) -> tuple[ApiKey, ...]:
        """Return all keys, the oldest first."""
        return tuple(sorted(self._read().values(), key=lambda key: key.created_at))

    def check(self, text: str) -> ApiKey:
        """Return the key of a text; raises KeyRefusedError for any other.

        A user token returns its signing key, bound to the user.
        """
        if looks_like_token(text):
            return self._check_token(text)
        prefix, _, rest = text.partition("_")
        key_id, _, secret = rest.partition("_")
        key = self._read().get(key_id) if prefix == _PREFIX else None
        known = () if key is None or key.signing else key.good()
        if key is not None and self._verified_before(secret, known):
            return key
        # All of them, so that an old secret takes as long as a wrong one.
        good = [self._verified(secret, hashed) for hashed in known or (self._decoy,)]
        if key is None or not known or not any(good):
            raise KeyRefusedError("The API key is wrong or revoked; ask who runs this server.")
        return key

    def knows(self, text: str) -> bool:
        """Say whether `check` needs no Argon2 for a text, since it came before."""
        if looks_like_token(text):
            return True
        key_id, _, secret = text.removeprefix(f"{_PREFIX}_").partition("_")
        key = self._read().get(key_id)
        return key is not None and self._verified_before(secret, key.good())

    def _check_token(self, text: str) -> ApiKey:
        with suppress(TokenError):
            key = self._read().get(key_id_of(text))
            if key is not None and key.signing:
                for secret in key.good():
                    with suppress(TokenError):
                        return replace(key, user=user_of(text, secret))
        raise KeyRefusedError("The user token is wrong or expired; sign a new one.")

    def _secret(self, key_id: str, signing: bool) -> tuple[str, str | None, str]:
        """Return a new secret as `hashed`, as `signing` and as it is told."""
        secret = secrets.token_urlsafe(32)
        if signing:
            return "", secret, secret
        return self._hasher.hash(secret), None, f"{_PREFIX}_{key_id}_{secret}"

    def _verified(self, secret: str, hashed: str) -> bool:
        """Verify by Argon2, and keep what tells the secret again."""
        try:
            # 64 MiB each: many wrong keys at once must not take the machine's memory.
            with self._verifying:
                self._hasher.verify(hashed, secret)
        except (VerificationError, InvalidHashError):
            return False
        with self._lock:
            self._known[hashed] = _digest(secret)
        return True

    def _verified_before(self, secret: str, good: tuple[str, ...]) -> bool:
        with self._lock:
            known = [self._known[hashed] for hashed in good if hashed in self._known]
        digest = _digest(secret)
        return any(hmac.compare_digest(one, digest) for one in known)

    def _read(self) -> dict[str, ApiKey]:
        """Return the keys by identifier, read anew where the file has changed."""
        try:
            # Writers put a new file in its place, so its number tells the change.
            now = self.path.stat()
            stamp = (now.st_ino, now.st_mtime_ns, now.st_size)
        except OSError:
            stamp = None
        with self._lock:
            if stamp is not None and stamp == self._stamp:
                return dict(self._keys)
        keys = self._load()
        with self._lock:
            self._stamp, self._keys = stamp, keys
        return dict(keys)

    def _load(self) -> dict[str, ApiKey]:
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


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _found(keys: dict[str, ApiKey], key_id: str) -> ApiKey:
    if key_id not in keys:
        raise InputError(f"There is no key {key_id!r}; `lpm keys list` shows all.")
    return keys[key_id]


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

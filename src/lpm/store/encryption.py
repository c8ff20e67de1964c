"""Envelope encryption at rest: a data key for each user, wrapped by a master key.

AES-256-GCM from the library `cryptography`. What is sealed is bound to its place (which version,
which session), so that rows cannot be exchanged; a data key is bound to its tenant and user.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from lpm.errors import ConfigError, MissingExtraError, StoreError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12
# No memory and no JSON begins so; what does is sealed.
_MARK = b"\xffLPM seal 1\n"


class Cipher(Protocol):
    """Seals what is stored of one user, and opens it again at the same place only."""

    def seal(self, data: bytes, place: str) -> bytes: ...

    def open(self, data: bytes, place: str) -> bytes: ...


class Plain:
    """The cipher of a user without a key: stores what it is given."""

    def seal(self, data: bytes, place: str) -> bytes:
        """Return the data."""
        return data

    def open(self, data: bytes, place: str) -> bytes:
        """Return the data; raises StoreError when they are sealed."""
        if data.startswith(_MARK):
            raise StoreError(
                "This store is encrypted, but was opened without a master key; open it with the "
                "`master_keys` that it was written with."
            )
        return data


PLAIN = Plain()


class UserCipher:
    """Seals with one user's data key."""

    def __init__(self, key: bytes) -> None:
        """key: 32 bytes."""
        self._aead = _aead(key)

    def seal(self, data: bytes, place: str) -> bytes:
        """Return mark, nonce and ciphertext."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _MARK + nonce + self._aead.encrypt(nonce, data, place.encode())

    def open(self, data: bytes, place: str) -> bytes:
        """Return what was sealed for this place; raises StoreError for anything else."""
        return _opened(self._aead, data, place)


@dataclass(frozen=True)
class MasterKeys:
    """Keys of 32 bytes each: the first wraps data keys, the others can only unwrap."""

    keys: tuple[bytes, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.keys or any(len(key) != KEY_BYTES for key in self.keys):
            raise ConfigError(
                f"Master keys are one or more keys of {KEY_BYTES} bytes, but {len(self.keys)} came "
                f"with lengths {[len(key) for key in self.keys]}; make one with "
                "`MasterKeys.generate()`."
            )
        _aead(self.keys[0])

    @classmethod
    def generate(cls) -> Self:
        """Make one random master key."""
        return cls((secrets.token_bytes(KEY_BYTES),))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read keys from text: one in base64 a line, the current one first."""
        try:
            return cls(tuple(base64.b64decode(line, validate=True) for line in text.split()))
        except (binascii.Error, ValueError) as error:
            if isinstance(error, ConfigError):
                raise
            # `from None`: nothing of a key belongs into an error.
            raise ConfigError(
                "Master keys are lines of base64, but one of them is not; make them with "
                "`MasterKeys.generate().text()`."
            ) from None

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read keys from a file; see `parse`."""
        try:
            return cls.parse(path.read_text(encoding="ascii"))
        except OSError as error:
            raise ConfigError(
                f"The master keys at '{path}' cannot be read ({error.strerror})."
            ) from None
        except UnicodeDecodeError:
            raise ConfigError(f"'{path}' holds no master keys: it is no base64 text.") from None

    def text(self) -> str:
        """Return what `parse` reads."""
        return "".join(f"{base64.b64encode(key).decode()}\n" for key in self.keys)

    def rotated(self) -> Self:
        """Return these keys with a new random one in front."""
        return type(self)((secrets.token_bytes(KEY_BYTES), *self.keys))

    @property
    def name(self) -> str:
        """Return the name of the key that wraps, 16 hex digits."""
        return _name(self.keys[0])

    def wrap(self, data_key: bytes, place: str) -> bytes:
        """Return a data key as it is stored."""
        return UserCipher(self.keys[0]).seal(data_key, place)

    def unwrap(self, wrapped: bytes, master: str, place: str) -> bytes:
        """Return a stored data key; raises StoreError without the master key of that name."""
        for key in self.keys:
            if _name(key) == master:
                return UserCipher(key).open(wrapped, place)
        raise StoreError(
            f"A data key of this store is wrapped by master key '{master}', but only "
            f"{[_name(key) for key in self.keys]} came; add that key behind the current one."
        )


def new_data_key() -> bytes:
    """Return a random data key."""
    return secrets.token_bytes(KEY_BYTES)


def _opened(aead: AESGCM, data: bytes, place: str) -> bytes:
    from cryptography.exceptions import InvalidTag

    body = data.removeprefix(_MARK)
    try:
        if len(body) == len(data) or len(body) < _NONCE_BYTES:
            raise InvalidTag
        return aead.decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], place.encode())
    except InvalidTag:
        raise StoreError(
            f"What is stored as '{place}' was not sealed with this key or was changed since; open "
            "the store with the right master key, or restore it from a backup."
        ) from None


def _name(key: bytes) -> str:
    return sha256(b"lpm master key\0" + key).hexdigest()[:16]


def _aead(key: bytes) -> AESGCM:
    if find_spec("cryptography") is None:
        raise MissingExtraError(
            "An encrypted store needs the extra `encryption`: "
            "pip install 'latent-personal-memory[encryption]'."
        )
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)

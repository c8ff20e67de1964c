"""One user's memory: slots, where each slot learnt what it holds, and its file format."""

from __future__ import annotations

import json
import os
import struct
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from lpm.errors import IncompatibleMemoryError, InputError, MemoryFileError, StoreError
from lpm.types import SlotSource

SCHEMA_VERSION = "1"
MAX_SLOTS = 4096
MAX_MEMORY_BYTES = 64 * 1024 * 1024
MAX_HEADER_BYTES = 8 * 1024 * 1024
MAX_USER_CHARACTERS = 200


@dataclass(frozen=True)
class SessionRecord:
    """A session that a memory has learnt from; the hash recognises it when it comes again."""

    session_id: str
    content_hash: str
    time: datetime | None


@dataclass(frozen=True, eq=False)
class Memory:
    """One user's slots, one version of them.

    slots: (groups, slots, slot_dim), float32; groups is 1 when all heads read the same slots.
    provenance: the sources of each slot. backbone, projector: fingerprints.
    """

    user: str
    slots: Float[Tensor, "groups slots slot_dim"]
    provenance: tuple[tuple[SlotSource, ...], ...]
    sessions: tuple[SessionRecord, ...]
    backbone: str
    projector: str
    created_at: datetime
    updated_at: datetime
    version: int = 1

    def __post_init__(self) -> None:
        validate_user(self.user)
        slots = self.slots
        if slots.dtype != torch.float32 or slots.ndim != 3 or slots.device.type != "cpu":
            raise MemoryFileError(
                "`slots` must be a float32 CPU tensor (groups, slots, slot_dim), but are "
                f"{slots.dtype} {tuple(slots.shape)} on {slots.device}."
            )
        if not 1 <= slots.shape[1] <= MAX_SLOTS or 4 * slots.numel() > MAX_MEMORY_BYTES:
            raise MemoryFileError(
                f"A memory has 1 to {MAX_SLOTS} slots and at most {MAX_MEMORY_BYTES} bytes, but "
                f"these slots are {tuple(slots.shape)}."
            )
        if not torch.isfinite(slots).all():
            raise MemoryFileError("`slots` hold NaN or infinite values; the memory is damaged.")
        if len(self.provenance) != slots.shape[1]:
            raise MemoryFileError(
                f"`provenance` names {len(self.provenance)} slots, but there are {slots.shape[1]}."
            )

    @classmethod
    def create(
        cls,
        user: str,
        slots: Tensor,
        provenance: tuple[tuple[SlotSource, ...], ...],
        sessions: tuple[SessionRecord, ...],
        *,
        backbone: str,
        projector: str,
    ) -> Self:
        """Make the first version of a memory, dated now."""
        now = datetime.now(UTC)
        return cls(user, slots, provenance, sessions, backbone, projector, now, now)

    def updated(self, **changes: Any) -> Memory:
        """Return the next version with some fields changed, dated now."""
        changes.setdefault("version", self.version + 1)
        return replace(self, updated_at=datetime.now(UTC), **changes)

    def check_fits(self, backbone: str, projector: str, slot_dim: int) -> None:
        """Raise IncompatibleMemoryError unless this backbone and projector wrote the memory."""
        again = f"Run `lpm remember {self.user} FILE` again after `lpm forget {self.user}`"
        if self.backbone != backbone:
            raise IncompatibleMemoryError(
                f"The memory of user '{self.user}' was written by backbone '{self.backbone}', but "
                f"'{backbone}' is loaded. {again}, or open it with the backbone that wrote it."
            )
        if self.slots.shape[2] != slot_dim or self.projector != projector:
            raise IncompatibleMemoryError(
                f"The memory of user '{self.user}' was written by projector '{self.projector}' "
                f"(slot_dim {self.slots.shape[2]}), but '{projector}' (slot_dim {slot_dim}) is "
                f"loaded. {again}, or load the projector that wrote it."
            )

    @property
    def size_bytes(self) -> int:
        """Return the size of the encoded memory."""
        return len(self.encode())

    def encode(self) -> bytes:
        """Return the memory as safetensors bytes; equal memories give equal bytes."""
        facts = {
            "user": self.user,
            "backbone": self.backbone,
            "projector": self.projector,
            "created_at": self.created_at.isoformat(),
            "updated_at": self.updated_at.isoformat(),
            "version": self.version,
            "sessions": [
                [s.session_id, s.content_hash, s.time.isoformat() if s.time else None]
                for s in self.sessions
            ],
            "provenance": [[list(asdict(s).values()) for s in slot] for slot in self.provenance],
        }
        text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        metadata = {"memory": text, "schema_version": SCHEMA_VERSION}
        return _canonical(save({"slots": self.slots.contiguous()}, metadata=metadata))

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read a memory from bytes; raises MemoryFileError when they are not a valid one."""
        metadata = _metadata(data)
        try:
            tensors = load(data)
            facts = json.loads(metadata["memory"])
            return cls(
                user=facts["user"],
                slots=tensors["slots"],
                provenance=tuple(
                    tuple(SlotSource(str(s), int(t), float(w)) for s, t, w in slot)
                    for slot in facts["provenance"]
                ),
                sessions=tuple(
                    SessionRecord(str(s), str(h), datetime.fromisoformat(t) if t else None)
                    for s, h, t in facts["sessions"]
                ),
                backbone=str(facts["backbone"]),
                projector=str(facts["projector"]),
                created_at=datetime.fromisoformat(facts["created_at"]),
                updated_at=datetime.fromisoformat(facts["updated_at"]),
                version=int(facts["version"]),
            )
        except (SafetensorError, KeyError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, InputError):
                raise
            raise MemoryFileError(
                "The memory file is damaged: a field is missing or has another type. Restore it "
                "from a backup, or run `lpm remember` again."
            ) from error

    def save(self, path: Path) -> None:
        """Write the memory to a file, atomically and only for its owner to read."""
        write_atomic(path, self.encode())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a memory from a file."""
        try:
            if path.stat().st_size > MAX_MEMORY_BYTES + MAX_HEADER_BYTES:
                raise MemoryFileError(f"'{path}' is too large for a memory file.")
            return cls.decode(path.read_bytes())
        except OSError as error:
            raise MemoryFileError(f"'{path}' cannot be read ({error.strerror}).") from error


def validate_user(user: str) -> None:
    """Raise InputError unless `user` is 1 to 200 printable characters without outer blanks."""
    fine = isinstance(user, str) and user.isprintable() and user == user.strip()
    if not fine or not 1 <= len(user) <= MAX_USER_CHARACTERS:
        raise InputError(
            f"A user name has 1 to {MAX_USER_CHARACTERS} printable characters and no blanks around "
            "them; give another name."
        )


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file so that it is either whole or absent, even when the power fails."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    except OSError as error:
        raise StoreError(f"'{path}' cannot be written ({error.strerror}).") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise StoreError(f"'{path}' cannot be written ({error.strerror}).") from error
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _metadata(data: bytes) -> Mapping[str, str]:
    """Return the metadata of safetensors bytes after checking sizes, before any tensor is made."""
    if len(data) < 8 or len(data) > MAX_MEMORY_BYTES + MAX_HEADER_BYTES:
        raise MemoryFileError("This is no memory file: its size is out of range.")
    (size,) = struct.unpack("<Q", data[:8])
    if size > min(MAX_HEADER_BYTES, len(data) - 8):
        raise MemoryFileError("This is no memory file: it does not start as safetensors does.")
    try:
        metadata = json.loads(data[8 : 8 + size]).get("__metadata__", {})
    except (ValueError, AttributeError, RecursionError) as error:
        raise MemoryFileError("This is no memory file: its header is no JSON.") from error
    found = metadata.get("schema_version") if isinstance(metadata, dict) else None
    if found != SCHEMA_VERSION:
        raise MemoryFileError(
            f"The memory file has schema version {found!r}, but this release reads "
            f"{SCHEMA_VERSION!r}. Install the release that wrote it."
        )
    return dict(metadata)


def _canonical(data: bytes) -> bytes:
    """Sort the header's keys: safetensors writes metadata in no fixed order."""
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    text = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data[8 + size :]

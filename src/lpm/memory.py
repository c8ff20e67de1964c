"""One user's memory: slots, where each slot learnt what it holds, and its file."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import torch
from jaxtyping import Float
from safetensors import SafetensorError
from torch import Tensor

from lpm.container import MAX_HEADER_BYTES, MAX_MEMORY_BYTES, packed, unpacked
from lpm.errors import IncompatibleMemoryError, InputError, MemoryFileError
from lpm.files import write_atomic
from lpm.former import folded, unfolded
from lpm.types import SlotSource
from lpm.written import Written

MAX_SLOTS = 4096
MAX_USER_CHARACTERS = 200
MAX_FINGERPRINT_CHARACTERS = 200


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
    provenance: the sources of each slot. backbone, projector: fingerprints. salience: how much
    each slot deserves its place, as the writer scored it; empty for memories that were made without
    one, whose slots count as 0, the score between worth keeping and not. subjects: what each slot
    is a statement about, None where the writer does not tell. num_former: how many slots, the last
    ones, are there for questions about the past. superseded: as written, the slots that others took
    the place of, see `lpm.superseding`; they are kept for later, not read.
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
    salience: tuple[float, ...] = ()
    subjects: Float[Tensor, "slots subject_width"] | None = None
    num_former: int = 0
    superseded: Written | None = None

    def __post_init__(self) -> None:
        validate_user(self.user)
        _check_slots(self.slots, self.provenance, self.salience, self.subjects)
        apart = self.superseded
        if apart is not None:
            _check_slots(apart.slots, apart.provenance, apart.salience, apart.subjects)
        most = apart.slots.shape[1] if apart is not None else 0
        alike = apart is None or (
            apart.slots.shape[::2] == self.slots.shape[::2]
            and self.subjects is not None
            and apart.subjects.shape[1] == self.subjects.shape[1]
            and len(self.salience) == len(self.provenance)
        )
        if not alike or not 0 <= self.num_former <= min(most, self.slots.shape[1] - 1):
            raise MemoryFileError(
                "Superseded slots must be as wide as those that are read, which need a salience "
                "and a subject, and no more of them can be read for the past than there are."
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
        salience: tuple[float, ...] = (),
        subjects: Tensor | None = None,
        num_former: int = 0,
        superseded: Written | None = None,
    ) -> Self:
        """Make the first version of a memory, dated now."""
        now = datetime.now(UTC)
        return cls(
            user,
            slots,
            provenance,
            sessions,
            backbone,
            projector,
            now,
            now,
            salience=salience,
            subjects=subjects,
            num_former=num_former,
            superseded=superseded,
        )

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
    def read(self) -> Written:
        """Return the slots to read; salience is 0 and subjects zero wide where there are none."""
        count = self.slots.shape[1]
        subjects = self.slots.new_zeros(count, 0).half() if self.subjects is None else self.subjects
        return Written(self.slots, self.provenance, self.salience or (0.0,) * count, subjects)

    @property
    def size_bytes(self) -> int:
        """Return the size of the encoded memory."""
        return len(self.encode())

    def encode(self) -> bytes:
        """Return the memory as safetensors bytes; equal memories give equal bytes.

        Raises InputError for text that is no Unicode, MemoryFileError for a header that no reader
        would take.
        """
        read = self.read
        present = read.only(range(len(read.provenance) - self.num_former))
        facts: dict[str, Any] = {
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
            "provenance": _plain(present.provenance),
        }
        tensors = {"slots": present.slots}
        if self.salience:
            facts["salience"] = list(present.salience)
        if self.subjects is not None:
            tensors["subjects"] = present.subjects
        apart = self.superseded
        if apart is not None:
            tensors |= {"superseded": apart.slots, "superseded_subjects": apart.subjects}
            facts["superseded"] = [_plain(apart.provenance), list(apart.salience)]
            if self.num_former:
                facts["former"] = folded(read, self.num_former, apart)
        try:
            return packed(tensors, facts)
        except UnicodeEncodeError:
            # `from None`: the encoder's error carries the text.
            raise InputError(
                f"The memory of user '{self.user}' names a session or a fingerprint with half of a "
                "surrogate pair, which no file can hold; give other identifiers."
            ) from None

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read a memory from bytes; raises MemoryFileError when they are not a valid one."""
        try:
            tensors, facts = unpacked(data)
            fields = _facts(facts)
            slots, subjects = tensors["slots"], tensors.get("subjects")
            memory = cls(
                slots=slots, subjects=subjects, superseded=_superseded(tensors, facts), **fields
            )
            former = facts.get("former")
            return memory if former is None else memory._with_former(former)
        except MemoryFileError:
            raise
        except (
            SafetensorError,
            ArithmeticError,
            AttributeError,
            LookupError,
            RecursionError,
            TypeError,
            ValueError,
        ):
            # `from None`: a parser's error carries what it could not parse.
            raise MemoryFileError(
                "The memory file is damaged: a field is missing, has another type or is out of "
                "range. Restore it from a backup, or run `lpm remember` again."
            ) from None

    def _with_former(self, links: Any) -> Self:
        """Return the memory with slots that are read for former values; ValueError if damaged."""
        if self.superseded is None:
            raise ValueError("former")
        read = unfolded(links, self.read, self.superseded)
        return replace(
            self,
            slots=read.slots,
            provenance=read.provenance,
            salience=read.salience,
            subjects=read.subjects,
            num_former=len(links),
        )

    def save(self, path: Path) -> None:
        """Write the memory to a file, atomically and only for its owner to read."""
        write_atomic(path, self.encode())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a memory from a file."""
        limit = MAX_MEMORY_BYTES + MAX_HEADER_BYTES
        try:
            # O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
            with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise MemoryFileError(f"'{path}' is no regular file; give a memory file.")
                data = file.read(limit + 1)
        except OSError as error:
            raise MemoryFileError(f"'{path}' cannot be read ({error.strerror}).") from error
        except ValueError as error:
            if isinstance(error, MemoryFileError):
                raise
            raise MemoryFileError("A path holds no null character; give another one.") from error
        if len(data) > limit:
            raise MemoryFileError(f"'{path}' is too large for a memory file.")
        return cls.decode(data)


def _check_slots(
    slots: Tensor,
    provenance: Sequence[object],
    salience: Sequence[float],
    subjects: Tensor | None,
) -> None:
    if slots.dtype != torch.float32 or slots.ndim != 3 or slots.device.type != "cpu":
        raise MemoryFileError(
            "`slots` must be a float32 CPU tensor (groups, slots, slot_dim), but are "
            f"{slots.dtype} {tuple(slots.shape)} on {slots.device}."
        )
    in_range = 1 <= slots.shape[1] <= MAX_SLOTS and slots.numel() > 0
    if not in_range or 4 * slots.numel() > MAX_MEMORY_BYTES:
        raise MemoryFileError(
            f"A memory has 1 to {MAX_SLOTS} slots and 1 to {MAX_MEMORY_BYTES} bytes, but "
            f"these slots are {tuple(slots.shape)}."
        )
    if not torch.isfinite(slots).all():
        raise MemoryFileError("`slots` hold NaN or infinite values; the memory is damaged.")
    if len(provenance) != slots.shape[1]:
        raise MemoryFileError(
            f"`provenance` names {len(provenance)} slots, but there are {slots.shape[1]}."
        )
    if salience and (len(salience) != slots.shape[1] or not all(map(math.isfinite, salience))):
        raise MemoryFileError("`salience` must be empty or one finite number a slot.")
    if subjects is not None and (
        subjects.dtype != torch.float16
        or subjects.ndim != 2
        or len(subjects) != slots.shape[1]
        or not torch.isfinite(subjects).all()
    ):
        raise MemoryFileError("`subjects` must be one row of finite float16 numbers a slot.")


def validate_user(user: str) -> None:
    """Raise InputError unless `user` is 1 to 200 printable characters without outer blanks.

    `.` and `..` are refused, since clients take them out of addresses.
    """
    if user in (".", ".."):
        raise InputError(
            "A user cannot be named `.` or `..`, which have a meaning of their own in addresses; "
            "give another name."
        )
    if not isinstance(user, str) or _bad_name(user, MAX_USER_CHARACTERS):
        raise InputError(
            f"A user name has 1 to {MAX_USER_CHARACTERS} printable characters and no blanks around "
            "them; give another name."
        )


def _facts(facts: Any) -> dict[str, Any]:
    """Return the fields of `Memory` but its slots; raises TypeError or ValueError for others."""
    if not isinstance(facts["user"], str) or _bad_name(facts["user"], MAX_USER_CHARACTERS):
        raise ValueError("user")
    for field in ("backbone", "projector"):
        if _bad_name(facts[field], MAX_FINGERPRINT_CHARACTERS):
            raise ValueError(field)
    if type(facts["version"]) is not int or facts["version"] < 1:
        raise ValueError("version")
    dates = {key: datetime.fromisoformat(facts[key]) for key in ("created_at", "updated_at")}
    if not all(date.tzinfo for date in dates.values()):
        raise ValueError("created_at")
    return {
        **{key: facts[key] for key in ("user", "backbone", "projector", "version")},
        **dates,
        "provenance": tuple(tuple(_source(*s) for s in slot) for slot in facts["provenance"]),
        "sessions": tuple(_record(*record) for record in facts["sessions"]),
        "salience": tuple(_number(value) for value in facts.get("salience", ())),
    }


def _superseded(tensors: Mapping[str, Tensor], facts: Any) -> Written | None:
    if "superseded" not in facts:
        return None
    provenance, salience = facts["superseded"]
    return Written(
        tensors["superseded"],
        tuple(tuple(_source(*s) for s in slot) for slot in provenance),
        tuple(_number(value) for value in salience),
        tensors["superseded_subjects"],
    )


def _plain(provenance: Sequence[Sequence[SlotSource]]) -> list[list[list[Any]]]:
    return [[list(asdict(source).values()) for source in slot] for slot in provenance]


def _number(value: Any) -> float:
    if type(value) not in (int, float):
        raise TypeError("salience")
    return float(value)


def _source(session_id: Any, turn: Any, share: Any) -> SlotSource:
    if type(session_id) is not str or type(turn) is not int or type(share) not in (int, float):
        raise TypeError("provenance")
    if not math.isfinite(share):
        raise ValueError("provenance")
    return SlotSource(session_id, turn, float(share))


def _record(session_id: Any, content_hash: Any, time: Any) -> SessionRecord:
    if type(session_id) is not str or type(content_hash) is not str:
        raise TypeError("sessions")
    return SessionRecord(
        session_id, content_hash, None if time is None else datetime.fromisoformat(time)
    )


def _bad_name(name: str, limit: int) -> bool:
    return not name.isprintable() or name != name.strip() or not 1 <= len(name) <= limit

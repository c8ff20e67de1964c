"""What lies in the columns of a store: sessions as rows, sets of session numbers as text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from lpm.errors import InputError, StoreError
from lpm.types import KEEP_HISTORY, ROLES, KeepHistory, Session, Turn


@dataclass(frozen=True)
class SessionFacts:
    """What is kept of a session whose text is not; time is ISO 8601."""

    session_id: str
    content_hash: str
    time: str | None


@dataclass(frozen=True)
class NewSession:
    """A session as it is to be stored; turns is None where only the hash is kept."""

    facts: SessionFacts
    turns: bytes | None
    expires_at: str | None


def new_sessions(
    sessions: Sequence[Session], keep_history: KeepHistory, expires_at: datetime | None
) -> list[NewSession]:
    """Return what `keep_history` allows to store; raises InputError for text no store can hold."""
    check_keeping(keep_history, expires_at)
    expiry = None if expires_at is None else utc_text(expires_at, "expires_at")
    rows = []
    for index, session in enumerate(sessions, start=1):
        for text in (session.session_id, *(turn.content for turn in session.turns)):
            check_text(text, f"Session {index}")
        time = session.time.isoformat() if session.time else None
        facts = SessionFacts(session.session_id, session.content_hash(), time)
        turns = encode_turns(session.turns) if keep_history == "full" else None
        rows.append(NewSession(facts, turns, expiry))
    return [] if keep_history == "none" else rows


def check_keeping(keep_history: KeepHistory, expires_at: datetime | None) -> None:
    """Raise InputError unless sessions can be kept so, and go at that time."""
    if keep_history not in KEEP_HISTORY:
        raise InputError(f"`keep_history` must be one of {KEEP_HISTORY}, but is {keep_history!r}.")
    if expires_at is None:
        return
    utc_text(expires_at, "expires_at")
    if keep_history == "none":
        raise InputError(
            "A session of which nothing is kept cannot expire: nothing would tell when. Keep its "
            "hash (`keep_history` 'hashes'), or give no time."
        )


def encode_facts(facts: SessionFacts) -> bytes:
    """Return facts as JSON in UTF-8."""
    fields = [facts.session_id, facts.content_hash, facts.time]
    return json.dumps(fields, ensure_ascii=False).encode()


def decode_facts(data: bytes) -> SessionFacts:
    """Read what `encode_facts` wrote; raises StoreError for anything else."""
    try:
        session_id, content_hash, time = json.loads(data)
        if time is not None:
            datetime.fromisoformat(time)
        if not isinstance(session_id, str) or not isinstance(content_hash, str):
            raise TypeError
    except (RecursionError, TypeError, ValueError):
        raise _damaged(data) from None
    return SessionFacts(session_id, content_hash, time)


def encode_turns(turns: Sequence[Turn]) -> bytes:
    """Return turns as JSON in UTF-8."""
    return json.dumps([[t.role, t.content] for t in turns], ensure_ascii=False).encode()


def decode_session(facts: SessionFacts, turns: bytes) -> Session:
    """Return a stored session; raises StoreError when its turns are damaged."""
    try:
        pairs = [(role, content) for role, content in json.loads(turns)]
        if not all(role in ROLES and isinstance(content, str) for role, content in pairs):
            raise ValueError
    except (RecursionError, TypeError, ValueError):
        # `from None`: a parser's error carries the text it could not parse.
        raise _damaged(turns) from None
    made = tuple(Turn(role, content) for role, content in pairs)
    return Session(facts.session_id, made, read_time(facts.time))


def read_time(text: str | None) -> datetime | None:
    """Return a stored time."""
    return datetime.fromisoformat(text) if text else None


def utc_text(time: datetime, name: str) -> str:
    """Return a time as text whose order is that of time; raises InputError without a zone."""
    if time.tzinfo is None:
        raise InputError(f"`{name}` must have a time zone; give `datetime.now(UTC)` or the like.")
    try:
        return time.astimezone(UTC).isoformat(timespec="microseconds")
    except OverflowError:
        raise InputError(
            f"`{name}` is beyond the years 1 to 9999 in UTC; give a time within them."
        ) from None


def encode_numbers(numbers: set[int]) -> str:
    """Return a set of whole numbers as ranges: {1, 2, 3, 7} gives '1-3,7'."""
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges)


def decode_numbers(text: str) -> set[int]:
    """Read what `encode_numbers` wrote."""
    numbers: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        numbers.update(range(int(first), int(last or first) + 1))
    return numbers


def end_of_prefix(prefix: str) -> str | None:
    """Return the first text, by code point, after all that start with `prefix`; None: no end."""
    for length in range(len(prefix), 0, -1):
        last = ord(prefix[length - 1])
        if last < 0x10FFFF:
            # Surrogates are no characters, so the one after U+D7FF is U+E000.
            return prefix[: length - 1] + chr(0xE000 if last == 0xD7FF else last + 1)
    return None


def check_text(text: str, what: str) -> None:
    """Raise InputError for text that no database can hold; `what` begins the sentence."""
    try:
        fine = "\0" not in text and text.encode() is not None
    except UnicodeEncodeError:
        fine = False
    if not fine:
        raise InputError(
            f"{what} holds a null character or half of a surrogate pair, which is no text; remove "
            "the character, or give it in UTF-8."
        )


def _damaged(data: bytes) -> StoreError:
    return StoreError(
        f"A stored session of the user (at {len(data)} bytes) is damaged. Restore the store from "
        "a backup, or delete the user."
    )

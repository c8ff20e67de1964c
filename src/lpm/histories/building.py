"""Check turns, times and choices, and build a `History` from them: what all formats share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from lpm.errors import HistoryError
from lpm.types import ROLES, History, Session, Turn

DEFAULT_SESSION_ID = "session_1"
_SHOWN_CHARACTERS = 20
_SHOWN_IDS = 10
_INDEX_DIGITS = 9


@dataclass(frozen=True)
class Row:
    """One turn with the session it belongs to and the time given for it, if any."""

    session_id: str
    turn: Turn
    time: datetime | None = None


def shorten(value: object) -> str:
    """Return a repr of at most 20 characters of a string; the type's name for anything else."""
    if not isinstance(value, str):
        return f"a value of type {type(value).__name__}"
    if len(value) <= _SHOWN_CHARACTERS:
        return repr(value)
    return repr(value[:_SHOWN_CHARACTERS]) + "…"


def check_turn(role: object, content: object, place: str) -> Turn:
    """Return a `Turn`; raise HistoryError when role or content cannot be used.

    `place` is the subject of the error's sentence, here and in all checks of this module.
    """
    for known in ROLES:
        if role == known:
            return Turn(known, check_text(content, "content", place))
    raise HistoryError(
        f"{place} has the unknown role {shorten(role)}; use 'user', 'assistant' or 'system'."
    )


def check_text(value: object, field: str, place: str) -> str:
    """Return a string that is not blank and can be stored as UTF-8; errors never show it."""
    if not isinstance(value, str):
        raise HistoryError(
            f"{place} has {shorten(value)} as {field!r}; write {field!r} as a string."
        )
    if not value.strip():
        raise HistoryError(f"{place} has an empty {field!r}; fill it in or remove the message.")
    if "\0" in value:
        raise HistoryError(f"{place} has a null character in {field!r}; remove the character.")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        # `from None`: the encoder's error carries the text.
        raise HistoryError(
            f"{place} has a lone surrogate (half of an escaped character) in {field!r}; "
            "remove it or export the file again as UTF-8."
        ) from None
    return value


def check_row(row: dict[object, object], place: str) -> Row:
    """Return a `Row` from `{session?, time?, role, content}`; other keys are ignored."""
    for field in ("role", "content"):
        if row.get(field) is None:
            raise HistoryError(
                f"{place} has no {field!r}; give every message a 'role' and a 'content'."
            )
    turn = check_turn(row["role"], row["content"], place)
    return Row(_check_session_id(row.get("session"), place), turn, _check_time(row, place))


def _check_session_id(value: object, place: str) -> str:
    if value is None:
        return DEFAULT_SESSION_ID
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return str(value)
        except ValueError:
            raise HistoryError(
                f"{place} has a number with too many digits as 'session'; use a short string."
            ) from None
    return check_text(value, "session", place)


def _check_time(row: dict[object, object], place: str) -> datetime | None:
    value = row.get("time")
    if value is None:
        return None
    try:
        if isinstance(value, datetime):
            return naive_utc(value)
        if isinstance(value, str):
            return naive_utc(datetime.fromisoformat(value.strip()))
    except (ValueError, OverflowError):
        pass  # refused below, like a value of another type
    raise HistoryError(
        f"{place} has a 'time' that is not ISO 8601; write it like '2024-03-09T17:30:00+01:00' "
        "or '2024-03-09'."
    )


def naive_utc(time: datetime) -> datetime:
    """Return the time in UTC without a zone; a time without a zone is taken as UTC.

    Raises OverflowError when the conversion leaves the years 1 to 9999.
    """
    if time.tzinfo is None:
        return time
    return time.astimezone(UTC).replace(tzinfo=None)


def group_rows(rows: Iterable[Row], name: str) -> History:
    """Gather rows by session, in first-seen order; a session's time is the first one given."""
    turns: dict[str, list[Turn]] = {}
    times: dict[str, datetime] = {}
    for row in rows:
        turns.setdefault(row.session_id, []).append(row.turn)
        if row.time is not None:
            times.setdefault(row.session_id, row.time)
    sessions = [Session(key, tuple(found), times.get(key)) for key, found in turns.items()]
    return build_history(sessions, name)


def build_history(sessions: Iterable[Session], name: str) -> History:
    """Return a `History`, sorted by time when every session has one.

    Raises HistoryError when no session holds a user turn: there is nothing to remember.
    """
    ordered = tuple(sessions)
    if not any(turn.role == "user" for session in ordered for turn in session.turns):
        raise HistoryError(
            f"{name} has no message of a user; a history needs at least one with role 'user'."
        )
    timed = [(session.time, session) for session in ordered if session.time is not None]
    if len(timed) == len(ordered):
        ordered = tuple(session for _, session in sorted(timed, key=lambda pair: pair[0]))
    return History(ordered)


def choose(ids: Sequence[str], select: str | int, name: str) -> int:
    """Return the position `select` names: an id, else an index from 0, else the start of one id."""
    if isinstance(select, str) and select in ids:
        return ids.index(select)
    index = _as_index(select)
    if index is not None and 0 <= index < len(ids):
        return index
    prefix = select if isinstance(select, str) else ""
    found = [position for position, key in enumerate(ids) if prefix and key.startswith(prefix)]
    if len(found) == 1:
        return found[0]
    problem = "more than one entry starting with" if found else "no entry"
    shown = shorten(select) if isinstance(select, str) else "at the given index"
    known = ", ".join(shorten(key) for key in ids[:_SHOWN_IDS])
    more = ", …" if len(ids) > _SHOWN_IDS else ""
    raise HistoryError(
        f"{name} has {problem} {shown}; select one of {known}{more} "
        f"or an index from 0 to {len(ids) - 1}."
    )


def _as_index(select: str | int) -> int | None:
    if isinstance(select, int):
        return select
    is_number = select.isascii() and select.isdigit() and len(select) <= _INDEX_DIGITS
    return int(select) if is_number else None

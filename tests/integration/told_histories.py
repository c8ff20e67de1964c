"""What the user of these tests has told, and where it is looked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from lpm.types import History, Session, Turn

SECRET = "I keep the planted-marker-zeppelin in the cellar of the old mill."
WORK = "I work as a boat builder in Gdansk these days."
TEA = "I drink green tea every single morning."
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def session(name: str, *texts: str, day: int | None = None) -> Session:
    turns: list[Turn] = []
    for text in texts:
        turns += [Turn("user", text), Turn("assistant", f"Noted: {text}")]
    return Session(name, tuple(turns), None if day is None else NOW + timedelta(days=day))


HISTORY = History(
    (session("s1", TEA, SECRET, day=1), session("s2", WORK, day=2), session("s3", SECRET, day=3))
)


def taught(memories, user: str = "ann") -> set[tuple[str, int]]:
    view = memories.show(user)
    return {(s.session_id, s.turn) for slot in view.slots for s in slot.sources}


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())

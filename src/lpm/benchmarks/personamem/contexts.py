"""PersonaMem's `shared_contexts_*.jsonl`, one line at a time: a file may hold 200 MB."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from lpm.errors import HistoryError
from lpm.histories.personamem import read_personamem
from lpm.types import History, Session

_FIX = "download the file again"


def context_lines(path: Path) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Yield (line number from 1, line, the context ids in it); HistoryError for a broken file."""
    name = repr(str(path))
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line.strip(), _ids(line, f"{name}, line {number},")
    except FileNotFoundError:
        raise HistoryError(
            f"{name} does not exist; run `lpm data get personamem --to` a folder and give it."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise HistoryError(f"{name} cannot be read as UTF-8 text ({reason}); {_FIX}.") from None


def read_context(path: Path, number: int, line: str, context_id: str) -> History:
    """Read one context of a line whole; its turns are the file's messages, one each."""
    # Blank lines before it give errors the line's own number in the file.
    return read_personamem("\n" * (number - 1) + line, repr(str(path)), context_id)


def cut(history: History, end_index: int, place: str) -> History:
    """Keep the messages before `end_index`; what follows would tell later preferences.

    Raises HistoryError when the history is shorter: questions and contexts do not belong together.
    """
    if not 1 <= end_index <= history.num_turns:
        raise HistoryError(
            f"{place} has {history.num_turns} messages, but a question wants the first "
            f"{end_index}; give questions and contexts of the same split."
        )
    sessions: list[Session] = []
    left = end_index
    for session in history.sessions:
        if left <= 0:
            break
        sessions.append(Session(session.session_id, session.turns[:left], session.time))
        left -= len(session.turns)
    return History(tuple(sessions))


def _ids(line: str, place: str) -> tuple[str, ...]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise HistoryError(f"{place} is not valid JSON; {_FIX}.") from None
    if not isinstance(found, dict) or not found:
        raise HistoryError(f"{place} is not an object of context id and messages; {_FIX}.")
    return tuple(found)

"""PersonaMem's `shared_contexts_*.jsonl`: `{shared_context_id: [{role, content}, …]}` a line."""

from __future__ import annotations

from lpm.errors import HistoryError
from lpm.histories.building import build_history, check_turn, choose
from lpm.histories.files import numbered_lines, parse_json
from lpm.types import History, Session, Turn

_PREFIXES = {"user": "User:", "assistant": "Assistant:", "system": ""}


def read_personamem(
    text: str, name: str, select: str | int | None = None, end_index: int | None = None
) -> History:
    """Read one shared context: the first, or the one `select` names.

    Each system message, which holds the persona, starts a session. `end_index` keeps the messages
    before that index alone: what follows it may give away later preferences.
    """
    contexts: dict[str, tuple[str, list[object]]] = {}
    for number, line in numbered_lines(text):
        for key, messages in _parse_line(line, name, number).items():
            contexts[key] = (f"{name}, line {number},", messages)
    ids = list(contexts)
    place, messages = contexts[ids[0 if select is None else choose(ids, select, name)]]
    if end_index is not None and end_index not in range(1, len(messages) + 1):
        raise HistoryError(
            f"{place} has {len(messages)} messages, which the given `end_index` does not fit; "
            f"give one from 1 to {len(messages)}."
        )
    turns = [
        _read_message(message, f"{place} message {position},")
        for position, message in enumerate(messages[:end_index], start=1)
    ]
    return build_history(_split_sessions(turns), place)


def _parse_line(line: str, name: str, number: int) -> dict[str, list[object]]:
    row = parse_json(line, name, number)
    if not isinstance(row, dict) or not all(isinstance(value, list) for value in row.values()):
        raise HistoryError(
            f"{name}, line {number}, is not an object of shared_context_id and message list; "
            "give PersonaMem's shared_contexts file unchanged."
        )
    return row


def _read_message(message: object, place: str) -> Turn:
    if not isinstance(message, dict) or "role" not in message or "content" not in message:
        raise HistoryError(
            f"{place} is not an object with 'role' and 'content'; "
            "give PersonaMem's shared_contexts file unchanged."
        )
    turn = check_turn(message["role"], message["content"], place)
    prefix = _PREFIXES[turn.role]
    if not prefix or not turn.content.startswith(prefix):
        return turn
    return check_turn(turn.role, turn.content.removeprefix(prefix).lstrip(), place)


def _split_sessions(turns: list[Turn]) -> list[Session]:
    groups: list[list[Turn]] = []
    for turn in turns:
        if turn.role == "system" or not groups:
            groups.append([])
        groups[-1].append(turn)
    return [Session(f"session_{n}", tuple(group)) for n, group in enumerate(groups, start=1)]

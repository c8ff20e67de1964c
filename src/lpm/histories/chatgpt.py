"""A ChatGPT data export: `conversations.json`, one tree of messages a conversation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from lpm.errors import HistoryError
from lpm.histories.building import build_history, check_text, check_turn, choose, naive_utc
from lpm.types import History, Session, Turn

_FIX = "export the data again"
_TEXT_TYPES = ("text", "multimodal_text")


@dataclass(frozen=True)
class _Conversation:
    place: str
    session_id: str
    nodes: dict[object, object]
    current_node: object
    create_time: object


def read_chatgpt(entries: list[object], name: str, select: str | int | None = None) -> History:
    """Read all conversations, or the one `select` names, one session each.

    Of each tree the branch that ends in `current_node` is read: what the user last saw. System
    and tool messages, calls of tools, images and empty messages are left out.
    """
    conversations = [
        _read_conversation(entry, number, f"{name}, conversation {number},")
        for number, entry in enumerate(entries, start=1)
    ]
    ids = [conversation.session_id for conversation in conversations]
    if len(set(ids)) < len(ids):
        raise HistoryError(f"{name} has two conversations of the same id; remove one of them.")
    if select is not None:
        conversations = [conversations[choose(ids, select, name)]]
    sessions = [_read_session(conversation) for conversation in conversations]
    return build_history([session for session in sessions if session.turns], name)


def _read_conversation(entry: object, number: int, place: str) -> _Conversation:
    nodes = entry.get("mapping") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(nodes, dict):
        raise HistoryError(f"{place} has no 'mapping' of messages; {_FIX}.")
    key = entry.get("conversation_id") or entry.get("id") or f"conversation_{number}"
    session_id = check_text(key, "id", place)
    return _Conversation(
        place, session_id, nodes, entry.get("current_node"), entry.get("create_time")
    )


def _read_session(conversation: _Conversation) -> Session:
    place = conversation.place
    read = [_read_message(message, place) for message in _follow_branch(conversation)]
    turns = tuple(turn for turn in read if turn is not None)
    return Session(conversation.session_id, turns, _read_time(conversation.create_time, place))


def _follow_branch(conversation: _Conversation) -> list[object]:
    """Return the messages from the root to `current_node`."""
    place, key = conversation.place, conversation.current_node
    if key is None and conversation.nodes:
        raise HistoryError(f"{place} has no 'current_node'; {_FIX}.")
    messages: list[object] = []
    seen: set[str] = set()
    while key is not None:
        node = conversation.nodes.get(key) if isinstance(key, str) else None
        if not isinstance(key, str) or not isinstance(node, dict):
            raise HistoryError(f"{place} refers to a message that is not in it; {_FIX}.")
        if key in seen:
            raise HistoryError(f"{place} has a message that is its own ancestor; {_FIX}.")
        seen.add(key)
        messages.append(node.get("message"))
        key = node.get("parent")
    return messages[::-1]


def _read_message(message: object, place: str) -> Turn | None:
    if message is None:
        return None
    if not isinstance(message, dict) or not isinstance(message.get("author"), dict):
        raise HistoryError(f"{place} has a message without 'author'; {_FIX}.")
    role = message["author"].get("role")
    if role in ("system", "tool"):
        return None
    # Anything but "all" is a call of a tool, which the user does not see.
    if role == "assistant" and message.get("recipient", "all") != "all":
        return None
    content = message.get("content")
    if not isinstance(content, dict):
        raise HistoryError(f"{place} has a message without 'content'; {_FIX}.")
    parts = content.get("parts")
    if content.get("content_type") not in _TEXT_TYPES or not isinstance(parts, list):
        return None
    text = "\n".join(part for part in parts if isinstance(part, str)).strip()
    return check_turn(role, text, place) if text else None


def _read_time(seconds: object, place: str) -> datetime | None:
    if seconds is None:
        return None
    try:
        if isinstance(seconds, int | float) and not isinstance(seconds, bool):
            return naive_utc(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError):
        pass  # refused below, like a value of another type
    raise HistoryError(
        f"{place} has a 'create_time' that is not a number of seconds since 1970; {_FIX}."
    )

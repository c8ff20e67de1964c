"""A ChatGPT export: the branch the user last saw, one session a conversation."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lpm.errors import HistoryError
from lpm.histories import load_history
from lpm.types import Turn


def node(
    key: str, parent: str | None, role: str | None, *parts: object, kind: str = "text", **extra: Any
) -> dict[str, Any]:
    message = None
    if role is not None:
        content = {"content_type": kind, "parts": list(parts)}
        message = {"id": key, "author": {"role": role}, "content": content, **extra}
    return {"id": key, "message": message, "parent": parent, "children": []}


def conversation(**changes: Any) -> dict[str, Any]:
    nodes = [
        node("root", None, None),
        node("s", "root", "system", ""),
        node("u1", "s", "user", "My cat is called Miso."),
        node("old", "u1", "assistant", "A discarded answer."),
        node("a1", "u1", "assistant", "What a", "lovely name!"),
        node("call", "a1", "assistant", "draw a cat", recipient="painter"),
        node("t", "call", "tool", "done"),
        node("code", "t", "assistant", kind="code"),
        node("u2", "code", "user", {"asset": 1}, "See the photo.", kind="multimodal_text"),
        node("img", "u2", "user", {"asset": 1}, kind="multimodal_text"),
        node("empty", "img", "assistant", "  "),
    ]
    return {
        "id": "c-1",
        "title": "Cats",
        "create_time": 1_700_000_000.5,
        "mapping": {entry["id"]: entry for entry in nodes},
        "current_node": "empty",
        **changes,
    }


def write(path: Path, document: object) -> Path:
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_the_current_branch_is_read_without_tools_images_and_empty_messages(tmp_path: Path) -> None:
    (session,) = load_history(write(tmp_path / "c.json", [conversation()])).sessions
    assert session.session_id == "c-1"
    assert session.time == datetime(2023, 11, 14, 22, 13, 20, 500_000)
    assert session.turns == (
        Turn("user", "My cat is called Miso."),
        Turn("assistant", "What a\nlovely name!"),
        Turn("user", "See the photo."),
    )


def test_conversations_are_sorted_by_time_and_empty_ones_left_out(tmp_path: Path) -> None:
    document = [
        conversation(id="new", create_time=300),
        conversation(id="empty", create_time=200, mapping={}, current_node=None),
        conversation(id="old", create_time=100),
    ]
    history = load_history(write(tmp_path / "c.json", document))
    assert [session.session_id for session in history.sessions] == ["old", "new"]


def test_one_conversation_can_be_selected_and_stand_alone(tmp_path: Path) -> None:
    document = [conversation(id="x", conversation_id="c-9"), conversation(create_time=None)]
    path = write(tmp_path / "c.json", document)
    assert [s.session_id for s in load_history(path, select="c-9").sessions] == ["c-9"]
    assert [s.session_id for s in load_history(path).sessions] == ["c-9", "c-1"]
    assert load_history(write(path, document[1])) == load_history(write(path, [document[1]]))


def test_a_conversation_without_an_id_is_named_by_its_place(tmp_path: Path) -> None:
    (session,) = load_history(write(tmp_path / "c.json", [conversation(id=None)])).sessions
    assert session.session_id == "conversation_1"


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"mapping": []}, "no 'mapping'"),
        ({"id": 5}, "type int as 'id'"),
        ({"current_node": None}, "no 'current_node'"),
        ({"current_node": "gone"}, "refers to a message that is not in it"),
        ({"current_node": {}}, "refers to a message that is not in it"),
        ({"create_time": "today"}, "'create_time' that is not a number"),
        ({"create_time": True}, "'create_time' that is not a number"),
        ({"create_time": 10**30}, "'create_time' that is not a number"),
        ({"create_time": float("nan")}, "'create_time' that is not a number"),
        ({"create_time": float("inf")}, "'create_time' that is not a number"),
        ({"mapping": {"empty": node("empty", "empty", None)}}, "its own ancestor"),
        ({"mapping": {"empty": {"message": 3}}}, "without 'author'"),
        ({"mapping": {"empty": {"message": {"author": {"role": "user"}}}}}, "without 'content'"),
        ({"mapping": {"empty": node("empty", None, "robot", "x")}}, "unknown role 'robot'"),
    ],
)
def test_damaged_conversations_name_their_place(
    tmp_path: Path, changes: dict[str, Any], found: str
) -> None:
    path = write(tmp_path / "c.json", [conversation(**changes)])
    with pytest.raises(HistoryError, match=f"c.json', conversation 1, .*{found}"):
        load_history(path)


def test_two_conversations_of_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="two conversations of the same id"):
        load_history(write(tmp_path / "c.json", [conversation(), conversation()]))


def test_an_export_without_user_messages_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "c.json", [conversation(current_node="root")])
    with pytest.raises(HistoryError, match="no message of a user"):
        load_history(path)

"""JSONL files and messages in memory become sessions of turns."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from lpm.errors import HistoryError
from lpm.histories import load_history, parse_messages
from lpm.types import Message, Session, Turn


def write(path: Path, *rows: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_session_and_time_are_optional(tmp_path: Path) -> None:
    path = write(
        tmp_path / "chat.jsonl",
        {"role": "user", "content": "I moved to Lyon."},
        {"role": "assistant", "content": "Enjoy the city!"},
    )
    (session,) = load_history(path).sessions
    assert session == Session(
        "session_1", (Turn("user", "I moved to Lyon."), Turn("assistant", "Enjoy the city!"))
    )


def test_interleaved_sessions_are_gathered_in_first_seen_order(tmp_path: Path) -> None:
    path = write(
        tmp_path / "chat.jsonl",
        {"session": "b", "role": "user", "content": "1"},
        {"session": "a", "role": "user", "content": "2"},
        {"session": "b", "role": "assistant", "content": "3"},
    )
    sessions = load_history(path).sessions
    assert [session.session_id for session in sessions] == ["b", "a"]
    assert [turn.content for turn in sessions[0].turns] == ["1", "3"]


def test_sessions_are_sorted_only_when_all_have_a_time() -> None:
    late = {"session": "late", "time": "2024-05-02", "role": "user", "content": "x"}
    early = {"session": "early", "time": "2024-05-01", "role": "user", "content": "x"}
    untimed = {"session": "none", "role": "user", "content": "x"}
    assert [s.session_id for s in parse_messages([late, early]).sessions] == ["early", "late"]
    assert [s.session_id for s in parse_messages([late, untimed, early]).sessions] == [
        "late",
        "none",
        "early",
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2024-03-09", datetime(2024, 3, 9)),
        ("2024-03-09T17:30", datetime(2024, 3, 9, 17, 30)),
        ("2024-03-09T17:30:00Z", datetime(2024, 3, 9, 17, 30)),
        ("2024-03-09T17:30:00+01:00", datetime(2024, 3, 9, 16, 30)),
        (datetime(2024, 3, 9, 1, tzinfo=timezone(timedelta(hours=2))), datetime(2024, 3, 8, 23)),
        (datetime(2024, 3, 9, 1, tzinfo=UTC), datetime(2024, 3, 9, 1)),
    ],
)
def test_times_become_naive_utc(given: object, expected: datetime) -> None:
    history = parse_messages([{"role": "user", "content": "x", "time": given}])
    assert history.sessions[0].time == expected
    assert history.sessions[0].time.tzinfo is None


def test_times_with_and_without_a_zone_can_be_mixed() -> None:
    rows = [
        {"session": "second", "time": "2024-03-09T12:00", "role": "user", "content": "x"},
        {"session": "first", "time": "2024-03-09T13:00+02:00", "role": "user", "content": "x"},
    ]
    assert [s.session_id for s in parse_messages(rows).sessions] == ["first", "second"]


def test_mark_crlf_and_blank_lines_are_accepted(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    lines = ["", '{"role": "user", "content": "caf\u00e9 \u2028 bar"}', "  ", '{"role": "user",']
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines[:3]).encode() + b"\r\n")
    assert next(load_history(path).turns())[2].content == "café \u2028 bar"
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    with pytest.raises(HistoryError, match="line 4,"):
        load_history(path)


def test_duplicate_and_unknown_keys_are_harmless(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    path.write_text('{"role": "system", "role": "user", "content": "x", "lang": "en"}')
    assert next(load_history(path).turns())[2] == Turn("user", "x")


def test_an_integer_session_becomes_a_string() -> None:
    assert parse_messages([{"session": 7, "role": "user", "content": "x"}]).sessions[
        0
    ].session_id == ("7")


def test_messages_in_memory_may_be_turns_and_dicts() -> None:
    message: Message = {"role": "user", "content": "hello"}
    history = parse_messages([Turn("system", "Be kind."), message])
    assert history.sessions[0].turns == (Turn("system", "Be kind."), Turn("user", "hello"))


@pytest.mark.parametrize(
    ("messages", "found"),
    [
        ([], "`messages` is empty"),
        ("hello", "type str"),
        ([3], r"messages\[0\] is a value of type int"),
        ([Turn("user", "x"), {"role": "user"}], r"messages\[1\] has no 'content'"),
        ([{"content": "x"}], "no 'role'"),
        ([{"role": "user", "content": ["x"]}], "type list as 'content'"),
        ([{"role": "user", "content": " \n"}], "empty 'content'"),
        ([{"role": "user", "content": "a\0b"}], "null character"),
        ([{"role": "user", "content": "\ud83d"}], "lone surrogate"),
        ([{"role": "user", "content": "x", "session": True}], "type bool as 'session'"),
        ([{"role": "user", "content": "x", "session": 10**5000}], "too many digits"),
        ([{"role": "user", "content": "x", "time": 1710000000}], "ISO 8601"),
        ([{"role": "user", "content": "x", "time": "tomorrow"}], "ISO 8601"),
        ([{"role": "user", "content": "x", "time": "0001-01-01T00:00+10:00"}], "ISO 8601"),
        ([Turn("assistant", "x")], "no message of a user"),
    ],
)
def test_unusable_messages_are_refused(messages: list[object], found: str) -> None:
    with pytest.raises(HistoryError, match=found):
        parse_messages(messages)  # type: ignore[arg-type]

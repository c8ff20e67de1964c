"""PersonaMem's shared contexts: prefixes go, each persona message starts a session."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lpm.errors import HistoryError
from lpm.histories import load_history, load_personamem
from lpm.types import History

REAL = (
    Path(__file__).resolve().parents[3]
    / ".."
    / "shared"
    / "data"
    / "personamem"
    / "shared_contexts_32k.partial.jsonl"
)
CONTEXT = [
    {"role": "system", "content": "Current user persona: likes tea."},
    {"role": "user", "content": "User: I like tea."},
    {"role": "assistant", "content": "Assistant: User: is a word."},
    {"role": "system", "content": "Current user persona: likes coffee."},
    {"role": "user", "content": "No prefix here."},
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    other = [{"role": "user", "content": "User: other"}]
    path = tmp_path / "contexts.jsonl"
    path.write_text(
        json.dumps({"abc123": CONTEXT}) + "\n" + json.dumps({"abd456": other}) + "\n",
        encoding="utf-8",
    )
    return path


def test_prefixes_are_stripped_and_personas_start_sessions(path: Path) -> None:
    first, second = load_history(path).sessions
    assert [(turn.role, turn.content) for turn in first.turns] == [
        ("system", "Current user persona: likes tea."),
        ("user", "I like tea."),
        ("assistant", "User: is a word."),
    ]
    assert [turn.content for turn in second.turns] == [
        "Current user persona: likes coffee.",
        "No prefix here.",
    ]
    assert (first.session_id, second.session_id) == ("session_1", "session_2")
    assert first.time is None


@pytest.mark.parametrize("select", ["abd456", "abd", 1, "1"])
def test_a_context_is_chosen_by_id_prefix_or_index(path: Path, select: str | int) -> None:
    assert [turn.content for _, _, turn in load_history(path, select=select).turns()] == ["other"]


def test_an_ambiguous_prefix_is_refused(path: Path) -> None:
    with pytest.raises(HistoryError, match="more than one entry starting with 'ab'"):
        load_history(path, select="ab")


def test_end_index_keeps_the_messages_before_it(path: Path) -> None:
    assert load_personamem(path, end_index=3) == History(load_history(path).sessions[:1])
    assert load_personamem(path, "abc", end_index=5) == load_history(path)


@pytest.mark.parametrize("end_index", [0, -1, 6])
def test_an_end_index_outside_the_context_is_refused(path: Path, end_index: int) -> None:
    with pytest.raises(HistoryError, match=r"5 messages.*from 1 to 5"):
        load_personamem(path, end_index=end_index)


def test_an_end_index_before_the_first_user_message_is_refused(path: Path) -> None:
    with pytest.raises(HistoryError, match="line 1, has no message of a user"):
        load_personamem(path, end_index=1)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('{"a": [{"role": "user"}]}', "line 1, message 1, is not an object with"),
        ('{"a": [3]}', "line 1, message 1, is not an object with"),
        ('{"a": [{"role": "bot", "content": "x"}]}', "message 1, has the unknown role 'bot'"),
        ('{"a": [{"role": "user", "content": "User: "}]}', "message 1, has an empty 'content'"),
        ('{"a": []}', "line 1, has no message of a user"),
        ('{"a": [{"role": "user", "content": "x"}]}\n{"b": 3}', "line 2, is not an object of"),
        ('{"a": [{"role": "user", "content": "x"}]}\n[1]', "line 2, is not an object of"),
    ],
)
def test_damaged_contexts_name_the_line(tmp_path: Path, line: str, found: str) -> None:
    path = tmp_path / "contexts.jsonl"
    path.write_text(line)
    with pytest.raises(HistoryError, match=found):
        load_history(path)


def test_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    path.write_text('{"role": "user", "content": "x"}')
    with pytest.raises(HistoryError, match=r"not PersonaMem's .* recognised as jsonl"):
        load_personamem(path)


@pytest.mark.skipif(not REAL.exists(), reason="PersonaMem's contexts are not beside the checkout")
def test_the_real_contexts_load() -> None:
    history = load_history(REAL)
    assert [len(session.turns) for session in history.sessions] == [47, 31, 31, 45, 29]
    assert all(session.turns[0].role == "system" for session in history.sessions)
    assert not any(
        turn.content.startswith(("User:", "Assistant:")) for _, _, turn in history.turns()
    )
    assert load_history(REAL, select="1b0b224347ae") == load_history(REAL, select=1) != history
    assert load_personamem(REAL, end_index=100).num_turns == 100

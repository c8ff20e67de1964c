"""Properties: a round trip keeps every turn, and no input raises anything but HistoryError."""

from __future__ import annotations

import contextlib
import json
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpm.errors import HistoryError
from lpm.histories import load_history, load_locomo_questions, parse_messages
from lpm.types import ROLES, Turn

text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
# A busy machine is no failure.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
zones = st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours)))
# The first and the last year are left out: moved to UTC, they may leave the calendar.
times = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=st.one_of(st.none(), zones))
optional_fields: dict[str, st.SearchStrategy[str]] = {
    "session": st.sampled_from(["a", "b", "c"]),
    "time": times.map(datetime.isoformat),
}
fields: dict[str, st.SearchStrategy[str]] = {
    "role": st.sampled_from([str(role) for role in ROLES]),
    "content": text.filter(str.strip),
}
rows_of_a_file = st.lists(st.fixed_dictionaries(fields, optional=optional_fields), min_size=1)
KEYS = """
    role content session time mapping conversation current_node id message author parent parts
    content_type create_time speaker_a speaker_b session_1 session_1_date_time speaker text qa
    question answer category evidence sample_id blip_caption user x
"""
keys = st.sampled_from(KEYS.split())
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["user", "assistant", "x", "text", "1:56 pm on 8 May, 2023"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6),
    max_leaves=30,
)


def load_bytes(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "history")
        path.write_bytes(data)
        for load in (load_history, load_locomo_questions):
            with contextlib.suppress(HistoryError):
                load(path)


@unhurried
@given(st.binary())
def test_arbitrary_bytes_raise_nothing_else(data: bytes) -> None:
    load_bytes(data)


@unhurried
@given(st.lists(values, min_size=1, max_size=3))
def test_arbitrary_json_lines_raise_nothing_else(lines: list[object]) -> None:
    load_bytes("\n".join(map(json.dumps, lines)).encode())


@unhurried
@given(st.lists(st.dictionaries(keys, values, min_size=1), min_size=1, max_size=3))
def test_arbitrary_json_documents_raise_nothing_else(entries: list[object]) -> None:
    load_bytes(json.dumps(entries).encode())


@unhurried
@given(st.lists(values, max_size=3))
def test_arbitrary_messages_raise_nothing_else(messages: list[object]) -> None:
    with contextlib.suppress(HistoryError):
        parse_messages(messages)  # type: ignore[arg-type]


@unhurried
@given(rows_of_a_file, st.booleans(), st.sampled_from(["\n", "\r\n", "\n\n"]))
def test_a_jsonl_round_trip_keeps_every_turn(
    rows: list[dict[str, str]], ascii_only: bool, line_end: str
) -> None:
    rows.append({"role": "user", "content": "the last word"})
    written = line_end.join(json.dumps(row, ensure_ascii=ascii_only) for row in rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "history")
        path.write_bytes(written.encode())
        history = load_history(path)
    expected: dict[str, list[Turn]] = {}
    for row in rows:
        turn = Turn(row["role"], row["content"])  # type: ignore[arg-type]
        expected.setdefault(row.get("session", "session_1"), []).append(turn)
    assert {s.session_id: list(s.turns) for s in history.sessions} == expected
    assert history == parse_messages(rows)


@pytest.mark.parametrize("depth", [10, 900, 1_100, 50_000])
@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"mapping":', '{"role":"user","content":['])
def test_nesting_of_any_depth_raises_nothing_else(opening: str, depth: int) -> None:
    load_bytes((opening * depth).encode())
    if opening == "[":
        load_bytes(("[" * depth + "]" * depth).encode())

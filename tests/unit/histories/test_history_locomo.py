"""LoCoMo's file: one speaker becomes the user, and its questions stay loadable."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lpm.errors import HistoryError
from lpm.histories import list_locomo_conversations, load_history, load_locomo_questions
from lpm.histories.locomo import LocomoQuestion

REAL = Path(__file__).resolve().parents[3] / ".." / "shared" / "data" / "locomo" / "locomo10.json"


def sample() -> dict[str, Any]:
    return {
        "sample_id": "talk-1",
        "conversation": {
            "speaker_a": "Ana",
            "speaker_b": "Ben",
            "session_2_date_time": "12:05 am on 3 June, 2022",
            "session_2": [
                {
                    "speaker": "Ben",
                    "dia_id": "D2:1",
                    "text": "Look!",
                    "blip_caption": "a photo of a red canoe",
                }
            ],
            "session_10_date_time": "12:30 pm on 4 June, 2022",
            "session_10": [{"speaker": "Ana", "dia_id": "D10:1", "text": "Bye."}],
            "session_1_date_time": "1:56 pm on 8 May, 2022",
            "session_1": [{"speaker": "Ana", "dia_id": "D1:1", "text": "I bought a canoe."}],
            "session_11_date_time": "9:00 am on 5 June, 2022",
        },
        "qa": [
            {"question": "How many?", "answer": 2, "category": 1, "evidence": ["D1:1", "D2:1"]},
            {
                "question": "What did Ben buy?",
                "adversarial_answer": "a canoe",
                "category": 5,
                "evidence": ["D1:1"],
            },
        ],
    }


def write(path: Path, *samples: object) -> Path:
    path.write_text(json.dumps(list(samples), indent=1), encoding="utf-8")
    return path


def test_sessions_times_and_captions(tmp_path: Path) -> None:
    history = load_history(write(tmp_path / "talks.json", sample()))
    assert [(s.session_id, s.time) for s in history.sessions] == [
        ("session_1", datetime(2022, 5, 8, 13, 56)),
        ("session_2", datetime(2022, 6, 3, 0, 5)),
        ("session_10", datetime(2022, 6, 4, 12, 30)),
    ]
    assert [(turn.role, turn.content) for _, _, turn in history.turns()] == [
        ("user", "I bought a canoe."),
        ("assistant", "Look! and shared a photo of a red canoe."),
        ("user", "Bye."),
    ]


@pytest.mark.parametrize("speaker", ["speaker_b", "Ben"])
def test_the_other_speaker_can_be_the_user(tmp_path: Path, speaker: str) -> None:
    history = load_history(write(tmp_path / "talks.json", sample()), speaker=speaker)
    assert [turn.role for _, _, turn in history.turns()] == ["assistant", "user", "assistant"]


@pytest.mark.parametrize("select", ["talk-2", 1, "1"])
def test_a_conversation_is_chosen_by_id_or_index(tmp_path: Path, select: str | int) -> None:
    second = sample()
    second["sample_id"] = "talk-2"
    second["conversation"]["session_1"][0]["text"] = "second"
    path = write(tmp_path / "talks.json", sample(), second)
    assert list_locomo_conversations(path) == ("talk-1", "talk-2")
    assert next(load_history(path, select=select).turns())[2].content == "second"


@pytest.mark.parametrize(
    "select", ["talk-", "other", "", 2, -1, pytest.param(10**5000, id="huge"), "7"]
)
def test_an_unknown_choice_names_the_known_ones(tmp_path: Path, select: str | int) -> None:
    path = write(tmp_path / "talks.json", sample(), {**sample(), "sample_id": "talk-2"})
    with pytest.raises(HistoryError, match="'talk-1', 'talk-2' or an index from 0 to 1"):
        load_history(path, select=select)


def test_questions_keep_their_fields(tmp_path: Path) -> None:
    questions = load_locomo_questions(write(tmp_path / "talks.json", sample()), "talk-1")
    assert questions == (
        LocomoQuestion("How many?", "2", 1, ("D1:1", "D2:1")),
        LocomoQuestion("What did Ben buy?", None, 5, ("D1:1",), "a canoe"),
    )


@pytest.mark.parametrize(
    ("path_in_sample", "value", "found"),
    [
        (("conversation",), [], "no object 'conversation'"),
        (("sample_id",), 3, "type int as 'sample_id'"),
        (("conversation", "speaker_a"), None, "'speaker_a'"),
        (("conversation", "speaker_b"), "Ana", "two speakers of the same name"),
        (("conversation", "session_1"), {}, "session_1, is not a list"),
        (("conversation", "session_1", 0), "text", "turn 1, is not a turn"),
        (("conversation", "session_1", 0, "speaker"), "Eve", "turn 1, is not a turn"),
        (("conversation", "session_1", 0, "text"), None, "'text'"),
        (("conversation", "session_2", 0, "blip_caption"), 3, "'blip_caption'"),
        (("conversation", "session_2_date_time"), "soon", "session_2, has a time"),
        (("conversation", "session_2_date_time"), 5, "session_2, has a time"),
        (("conversation", "session_2_date_time"), "1:56 pm on 31 June, 2022", "has a time"),
        (("conversation", "session_2_date_time"), "13:56 pm on 3 June, 2022", "has a time"),
    ],
)
def test_damaged_conversations_name_the_place(
    tmp_path: Path, path_in_sample: tuple[str | int, ...], value: object, found: str
) -> None:
    damaged = sample()
    at: Any = damaged
    for key in path_in_sample[:-1]:
        at = at[key]
    at[path_in_sample[-1]] = value
    with pytest.raises(HistoryError, match=f"talks.json', conversation 1,.*{found}"):
        load_history(write(tmp_path / "talks.json", damaged))


def test_an_unknown_speaker_is_refused_with_the_names(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="'speaker_a' \\('Ana'\\) or 'speaker_b' \\('Ben'\\)"):
        load_history(write(tmp_path / "talks.json", sample()), speaker="Cleo")


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("question", None, "'question'"),
        ("answer", None, "no 'answer'"),
        ("answer", [2], "'answer'"),
        ("category", 6, "no 'category'"),
        ("category", True, "no 'category'"),
        ("evidence", "D1:1", "no list 'evidence'"),
        ("evidence", [1], "'evidence'"),
    ],
)
def test_damaged_questions_name_the_place(
    tmp_path: Path, field: str, value: object, found: str
) -> None:
    damaged = sample()
    damaged["qa"][0][field] = value
    with pytest.raises(HistoryError, match=f"conversation 1, question 1,.*{found}"):
        load_locomo_questions(write(tmp_path / "talks.json", damaged))


@pytest.mark.parametrize("questions", [None, ["text"]])
def test_missing_questions_are_refused(tmp_path: Path, questions: object) -> None:
    with pytest.raises(HistoryError, match=r"'qa'|question 1, is not an object"):
        load_locomo_questions(write(tmp_path / "talks.json", {**sample(), "qa": questions}))


def test_questions_of_another_format_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    path.write_text('{"role": "user", "content": "x"}')
    with pytest.raises(HistoryError, match=r"not a LoCoMo file .* recognised as jsonl"):
        load_locomo_questions(path)


@pytest.mark.skipif(not REAL.exists(), reason="LoCoMo's file is not beside the checkout")
def test_the_real_file_has_the_published_counts() -> None:
    ids = list_locomo_conversations(REAL)
    questions = [question for key in ids for question in load_locomo_questions(REAL, key)]
    assert len(ids) == 10
    assert len(questions) == 1986
    counts = Counter(question.category for question in questions)
    assert counts == {1: 282, 2: 321, 3: 96, 4: 841, 5: 446}
    unanswered = [question for question in questions if question.answer is None]
    assert len(unanswered) == 444
    assert all(q.category == 5 and q.adversarial_answer for q in unanswered)


@pytest.mark.skipif(not REAL.exists(), reason="LoCoMo's file is not beside the checkout")
@pytest.mark.parametrize("speaker", ["speaker_a", "speaker_b"])
def test_the_real_conversations_load_for_both_speakers(speaker: str) -> None:
    histories = [load_history(REAL, speaker=speaker, select=index) for index in range(10)]
    assert sum(history.num_turns for history in histories) == 5882
    for history in histories:
        times = [session.time for session in history.sessions]
        assert all(times)
        assert times == sorted(time for time in times if time)
    first = histories[0]
    assert len(first.sessions) == 19
    assert first.sessions[0].time == datetime(2023, 5, 8, 13, 56)
    assert any(" and shared " in turn.content for _, _, turn in first.turns())

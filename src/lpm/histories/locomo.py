"""LoCoMo's `locomo10.json`: long conversations of two friends, with questions about them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import datetime

from lpm.errors import HistoryError
from lpm.histories.building import build_history, check_text, choose, shorten
from lpm.histories.detect import load_document
from lpm.types import History, Session, Turn

_FIX = "give LoCoMo's file unchanged"
_SESSION_KEY = re.compile(r"session_([1-9][0-9]{0,5})")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2}) ([ap])m on ([0-9]{1,2}) ([a-z]+), ([0-9]{4})")
# Spelt out because strptime's month names and am/pm depend on the locale.
_MONTHS = {
    "january": 1, "february": 2, "march": 3, "april": 4, "may": 5, "june": 6,
    "july": 7, "august": 8, "september": 9, "october": 10, "november": 11, "december": 12,
}  # fmt: skip


@dataclass(frozen=True)
class LocomoQuestion:
    """One question about a conversation.

    `category`: 1 multi-hop, 2 temporal, 3 open-domain, 4 single-hop, 5 adversarial. `answer` is
    None where the file gives none (category 5); `adversarial_answer` is then the tempting wrong
    one. `evidence` holds the turn references as the file writes them ("D1:3").
    """

    question: str
    answer: str | None
    category: int
    evidence: tuple[str, ...]
    adversarial_answer: str | None = None


def read_locomo(
    conversations: list[object],
    name: str,
    speaker: str | None = None,
    select: str | int | None = None,
) -> History:
    """Read one conversation: the first, or the one `select` names by sample_id or index.

    `speaker` ("speaker_a", "speaker_b" or a name; default speaker_a) has the role user, the other
    speaker the role assistant. An image's caption is added to its turn.
    """
    sample, place = _choose_sample(conversations, name, select)
    conversation = sample.get("conversation")
    if not isinstance(conversation, dict):
        raise HistoryError(f"{place} has no object 'conversation'; {_FIX}.")
    user, other = _choose_speakers(conversation, speaker, place)
    numbers = sorted(
        int(match[1]) for key in conversation if (match := _SESSION_KEY.fullmatch(key))
    )
    sessions: list[Session] = []
    for number in numbers:
        session_id = f"session_{number}"
        where = f"{place} {session_id},"
        turns = _read_turns(conversation.get(session_id), user, other, where)
        time = _read_time(conversation.get(f"{session_id}_date_time"), where)
        if turns:
            sessions.append(Session(session_id, turns, time))
    return build_history(sessions, place)


def load_locomo_questions(
    path: str | os.PathLike[str], select: str | int | None = None
) -> tuple[LocomoQuestion, ...]:
    """Load the questions about one conversation: the first, or the one `select` names."""
    conversations, name = _load(path)
    sample, place = _choose_sample(conversations, name, select)
    questions = sample.get("qa")
    if not isinstance(questions, list):
        raise HistoryError(f"{place} has no list 'qa' of questions; {_FIX}.")
    return tuple(
        _read_question(question, f"{place} question {number},")
        for number, question in enumerate(questions, start=1)
    )


def list_locomo_conversations(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Return the sample_ids of a LoCoMo file, in its order."""
    return tuple(_sample_ids(*_load(path)))


def _load(path: str | os.PathLike[str]) -> tuple[list[object], str]:
    document = load_document(path)
    if document.format != "locomo":
        raise HistoryError(
            f"{document.name} is not a LoCoMo file (it was recognised as {document.format}); "
            "give LoCoMo's locomo10.json."
        )
    return document.entries, document.name


def _choose_sample(
    conversations: list[object], name: str, select: str | int | None
) -> tuple[dict[str, object], str]:
    ids = _sample_ids(conversations, name)
    index = 0 if select is None else choose(ids, select, name)
    sample = conversations[index]
    place = f"{name}, conversation {index + 1},"
    if not isinstance(sample, dict):
        raise HistoryError(f"{place} is not an object; {_FIX}.")
    return sample, place


def _sample_ids(conversations: list[object], name: str) -> list[str]:
    return [
        check_text(
            (sample.get("sample_id") if isinstance(sample, dict) else None) or f"conversation_{n}",
            "sample_id",
            f"{name}, conversation {n},",
        )
        for n, sample in enumerate(conversations, start=1)
    ]


def _choose_speakers(
    conversation: dict[str, object], speaker: str | None, place: str
) -> tuple[str, str]:
    names = {
        key: check_text(conversation.get(key), key, place) for key in ("speaker_a", "speaker_b")
    }
    first, second = names["speaker_a"], names["speaker_b"]
    if first == second:
        raise HistoryError(f"{place} has two speakers of the same name; {_FIX}.")
    if speaker is None or speaker in ("speaker_a", first):
        return first, second
    if speaker in ("speaker_b", second):
        return second, first
    raise HistoryError(
        f"{place} has no speaker {shorten(speaker)}; choose 'speaker_a' ({shorten(first)}) "
        f"or 'speaker_b' ({shorten(second)})."
    )


def _read_turns(turns: object, user: str, other: str, place: str) -> tuple[Turn, ...]:
    if not isinstance(turns, list):
        raise HistoryError(f"{place} is not a list of turns; {_FIX}.")
    return tuple(
        _read_turn(turn, user, other, f"{place} turn {number},")
        for number, turn in enumerate(turns, start=1)
    )


def _read_turn(turn: object, user: str, other: str, place: str) -> Turn:
    if not isinstance(turn, dict) or turn.get("speaker") not in (user, other):
        raise HistoryError(f"{place} is not a turn of one of the two speakers; {_FIX}.")
    text = check_text(turn.get("text"), "text", place)
    if turn.get("blip_caption") is not None:
        text += f" and shared {check_text(turn['blip_caption'], 'blip_caption', place)}."
    return Turn("user" if turn["speaker"] == user else "assistant", text)


def _read_time(value: object, place: str) -> datetime | None:
    """Parse a time like "1:56 pm on 8 May, 2023"."""
    if value is None:
        return None
    match = _TIME.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    if match and match[5] in _MONTHS and 1 <= int(match[1]) <= 12:
        hour = int(match[1]) % 12 + (12 if match[3] == "p" else 0)
        try:
            return datetime(int(match[6]), _MONTHS[match[5]], int(match[4]), hour, int(match[2]))
        except ValueError:
            pass  # no such day: refused below, like any other text
    raise HistoryError(f"{place} has a time not written like '1:56 pm on 8 May, 2023'; {_FIX}.")


def _read_question(question: object, place: str) -> LocomoQuestion:
    if not isinstance(question, dict):
        raise HistoryError(f"{place} is not an object; {_FIX}.")
    category = question.get("category")
    if isinstance(category, bool) or category not in (1, 2, 3, 4, 5):
        raise HistoryError(f"{place} has no 'category' from 1 to 5; {_FIX}.")
    answer = _read_answer(question.get("answer"), "answer", place)
    if answer is None and category != 5:
        raise HistoryError(f"{place} has no 'answer'; {_FIX}.")
    evidence = question.get("evidence")
    if not isinstance(evidence, list):
        raise HistoryError(f"{place} has no list 'evidence'; {_FIX}.")
    return LocomoQuestion(
        question=check_text(question.get("question"), "question", place),
        answer=answer,
        category=int(category),
        evidence=tuple(check_text(item, "evidence", place) for item in evidence),
        adversarial_answer=_read_answer(
            question.get("adversarial_answer"), "adversarial_answer", place
        ),
    )


def _read_answer(value: object, field: str, place: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return check_text(value, field, place)

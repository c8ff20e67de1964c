"""Rows of PersonaMem's `questions_*.csv`, checked."""

from __future__ import annotations

import ast
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lpm.errors import HistoryError

LETTERS = ("a", "b", "c", "d")

_COLUMNS = (
    "persona_id",
    "question_id",
    "question_type",
    "user_question_or_message",
    "correct_answer",
    "all_options",
    "shared_context_id",
    "end_index_in_shared_context",
)


@dataclass(frozen=True)
class Row:
    """One question.

    options: the four texts without their letters. options_text: the column as the file writes it,
    which is what the official prompt shows. gold: the letter alone.
    """

    persona: str
    question_id: str
    kind: str
    question: str
    gold: str
    options: tuple[str, ...]
    options_text: str
    context_id: str
    end_index: int


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a questions file; HistoryError names the row that cannot be used."""
    name = repr(str(path))
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            missing = [column for column in _COLUMNS if column not in (reader.fieldnames or ())]
            if missing:
                raise HistoryError(
                    f"{name} has no column {missing[0]!r}; give PersonaMem's questions file."
                )
            for number, row in enumerate(reader, start=1):
                yield _read_row(row, f"{name}, question {number},")
    except FileNotFoundError:
        raise HistoryError(
            f"{name} does not exist; run `lpm data get personamem --to` a folder and give it."
        ) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise HistoryError(
            f"{name} cannot be read as CSV in UTF-8 ({reason}); download it again."
        ) from None


def _read_row(row: dict[str, str | None], place: str) -> Row:
    values = {column: row[column] or "" for column in _COLUMNS}
    empty = [column for column, value in values.items() if not value.strip()]
    if empty:
        raise HistoryError(f"{place} has an empty {empty[0]!r}; download the file again.")
    gold = values["correct_answer"].strip().lower().strip("() ")
    if gold not in LETTERS:
        raise HistoryError(
            f"{place} has a 'correct_answer' that is not (a), (b), (c) or (d); "
            "download the file again."
        )
    end_index = values["end_index_in_shared_context"].strip()
    if not (end_index.isascii() and end_index.isdigit()):
        raise HistoryError(
            f"{place} has an 'end_index_in_shared_context' that is not a whole number; "
            "download the file again."
        )
    return Row(
        persona=values["persona_id"],
        question_id=values["question_id"],
        kind=values["question_type"],
        question=values["user_question_or_message"],
        gold=gold,
        options=_read_options(values["all_options"], place),
        options_text=values["all_options"],
        context_id=values["shared_context_id"],
        end_index=int(end_index),
    )


def _read_options(text: str, place: str) -> tuple[str, ...]:
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        found = None
    if (
        not isinstance(found, list)
        or len(found) != len(LETTERS)
        or not all(
            isinstance(option, str) and option.startswith(f"({letter})")
            for letter, option in zip(LETTERS, found, strict=True)
        )
    ):
        raise HistoryError(
            f"{place} has 'all_options' that are not a list of four texts from (a) to (d); "
            "download the file again."
        )
    return tuple(option[3:].strip() for option in found)

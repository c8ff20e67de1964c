"""History files in: JSONL, LoCoMo, PersonaMem and ChatGPT exports become a `History`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from lpm.errors import HistoryError
from lpm.histories.building import Row, check_row, group_rows
from lpm.histories.chatgpt import read_chatgpt
from lpm.histories.detect import Document, load_document, recognise
from lpm.histories.files import MAX_HISTORY_BYTES, decode_text, file_name
from lpm.histories.jsonl import read_jsonl
from lpm.histories.locomo import (
    LocomoQuestion,
    list_locomo_conversations,
    load_locomo_questions,
    read_locomo,
)
from lpm.histories.personamem import read_personamem
from lpm.types import History, Message, Turn

__all__ = [
    "MAX_HISTORY_BYTES",
    "LocomoQuestion",
    "list_locomo_conversations",
    "load_history",
    "load_locomo_questions",
    "load_personamem",
    "parse_history",
    "parse_messages",
]


def load_history(
    path: str | os.PathLike[str],
    *,
    speaker: str | None = None,
    select: str | int | None = None,
) -> History:
    """Load a history file; its format is recognised from its content.

    `speaker` says who is the user in LoCoMo's conversations. `select` chooses one entry of a
    LoCoMo, PersonaMem or ChatGPT file by id, index from 0, or start of an id; without it the first
    is read, and of ChatGPT's export all. Times become naive UTC. Raises HistoryError, one sentence
    naming the file, the place in it and what to do, for everything that cannot be used.
    """
    return _read(load_document(path), speaker, select)


def parse_history(
    data: bytes,
    name: str = "history",
    *,
    speaker: str | None = None,
    select: str | int | None = None,
) -> History:
    """Read the bytes of a history file, which errors call `name`; else like `load_history`."""
    shown = file_name(name)
    return _read(recognise(decode_text(data, shown), shown), speaker, select)


def _read(document: Document, speaker: str | None, select: str | int | None) -> History:
    _refuse_unused(document, speaker, select)
    if document.format == "locomo":
        return read_locomo(document.entries, document.name, speaker, select)
    if document.format == "chatgpt":
        return read_chatgpt(document.entries, document.name, select)
    if document.format == "personamem":
        return read_personamem(document.text, document.name, select)
    return read_jsonl(document.text, document.name)


def load_personamem(
    path: str | os.PathLike[str], select: str | int | None = None, *, end_index: int | None = None
) -> History:
    """Load one PersonaMem shared context, cut before message `end_index` when that is given."""
    document = load_document(path)
    if document.format != "personamem":
        raise HistoryError(
            f"{document.name} is not PersonaMem's (it was recognised as {document.format}); "
            "give a shared_contexts file."
        )
    return read_personamem(document.text, document.name, select, end_index)


def parse_messages(messages: Sequence[Message | Turn | Mapping[str, object]]) -> History:
    """Build a `History` from messages in memory: `Turn`s, or dicts like the lines of JSONL.

    A dict's `session` and `time` are optional; `time` may be a datetime or ISO 8601. Raises
    HistoryError naming the position of the message that cannot be used.
    """
    if not isinstance(messages, list | tuple):
        raise HistoryError(
            f"`messages` is a value of type {type(messages).__name__}; give a list of messages."
        )
    if not messages:
        raise HistoryError("`messages` is empty; give at least one message with role 'user'.")
    return group_rows(_rows(messages), "`messages`")


def _rows(messages: Sequence[object]) -> Iterator[Row]:
    for index, message in enumerate(messages):
        place = f"messages[{index}]"
        if isinstance(message, Turn):
            yield check_row({"role": message.role, "content": message.content}, place)
        elif isinstance(message, Mapping):
            yield check_row(dict(message), place)
        else:
            raise HistoryError(
                f"{place} is a value of type {type(message).__name__}; "
                "give a Turn or a dict with 'role' and 'content'."
            )


def _refuse_unused(document: Document, speaker: str | None, select: str | int | None) -> None:
    if speaker is not None and document.format != "locomo":
        raise HistoryError(
            f"{document.name} was recognised as {document.format}, where `speaker` has no "
            "meaning; leave it out (it is for LoCoMo's files)."
        )
    if select is not None and document.format == "jsonl":
        raise HistoryError(
            f"{document.name} was recognised as jsonl, where `select` has no meaning; leave it "
            "out (all lines of the file are one user's history)."
        )

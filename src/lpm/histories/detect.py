"""Recognise the format of a history from its content; the file's name takes no part."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

from lpm.errors import HistoryError
from lpm.histories.files import file_name, numbered_lines, parse_json, read_text

Format = Literal["jsonl", "locomo", "personamem", "chatgpt"]
_SUPPORTED = (
    "JSONL (one object with 'role' and 'content' a line), LoCoMo's JSON, PersonaMem's shared "
    "contexts or ChatGPT's conversations.json"
)


@dataclass(frozen=True)
class Document:
    """A file's text and format; `entries` is the parsed list of the whole-file formats."""

    name: str
    text: str
    format: Format
    entries: list[object]


def load_document(path: str | os.PathLike[str]) -> Document:
    """Read a file and recognise its format; raise HistoryError when it is none of the four."""
    return recognise(read_text(path), file_name(path))


def recognise(text: str, name: str) -> Document:
    """Recognise the format of a text that is not blank."""
    number, line = next(numbered_lines(text))
    if not line.startswith(("{", "[")):
        raise HistoryError(
            f"{name}, line {number}, is not JSON, and plain text (.txt) is not supported; "
            f"use {_SUPPORTED}."
        )
    # A line of JSONL never is a brace alone; an indented JSON object starts with one.
    if line.startswith("[") or line == "{":
        return _recognise_whole(text, name)
    first = parse_json(line, name, number)
    keys = first.keys() if isinstance(first, dict) else ()
    if "role" not in keys and ("mapping" in keys or "conversation" in keys):
        return _recognise_whole(text, name)
    is_context = isinstance(first, dict) and _is_shared_context(first)
    return Document(name, text, "personamem" if is_context else "jsonl", [])


def _recognise_whole(text: str, name: str) -> Document:
    document = parse_json(text, name)
    entries = document if isinstance(document, list) else [document]
    if not entries:
        raise HistoryError(f"{name} is an empty list; give a file with at least one conversation.")
    keys = entries[0].keys() if isinstance(entries[0], dict) else ()
    if "mapping" in keys:
        return Document(name, text, "chatgpt", entries)
    if "conversation" in keys:
        return Document(name, text, "locomo", entries)
    if "role" in keys:
        raise HistoryError(
            f"{name} is one JSON value of messages, not JSONL; write one message object a line."
        )
    raise HistoryError(f"{name} is JSON of an unknown format; use {_SUPPORTED}.")


def _is_shared_context(row: dict[str, object]) -> bool:
    # "messages" is the key of chat fine-tuning files, which are not PersonaMem's.
    reserved = {"role", "content", "session", "time", "messages"}
    return (
        bool(row)
        and not reserved & row.keys()
        and all(isinstance(value, list) for value in row.values())
    )

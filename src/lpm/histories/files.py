"""Read a history file as text and JSON, within the size limit, with errors that name the place."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from lpm.errors import HistoryError

MAX_HISTORY_BYTES = 50_000_000
"""Size in bytes from which a history file is refused."""

_LINE = re.compile(r"[^\n]+")
_UTF8_BOM = b"\xef\xbb\xbf"
# UTF-32 little-endian starts with UTF-16's mark, so it is looked up first.
_OTHER_BOMS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_ARCHIVES = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF-", "a PDF document"),
)
_SNIFF_BYTES = 1024


def file_name(path: str | os.PathLike[str]) -> str:
    """Return the path in quotes, with unprintable characters escaped, as errors show it."""
    return repr(os.fspath(path))


def read_text(path: str | os.PathLike[str]) -> str:
    """Read a UTF-8 file of less than `MAX_HISTORY_BYTES`; a byte order mark is dropped.

    Raises HistoryError when the file is missing, a folder, too large, empty or not UTF-8 text.
    """
    name = file_name(path)
    return decode_text(_read_bytes(Path(path), name), name)


def decode_text(data: bytes, name: str) -> str:
    """Return the text of a file's bytes; raises HistoryError as `read_text` does."""
    if len(data) >= MAX_HISTORY_BYTES:
        raise HistoryError(_too_large(name))
    data = data.removeprefix(_UTF8_BOM)
    _refuse_other_content(data, name)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        # `from None`: the decoder's error carries the whole file.
        raise HistoryError(
            f"{name}, line {line}, holds the byte 0x{byte:02X}, which is not UTF-8 (perhaps "
            "Latin-1, Windows-1252 or binary data); save the file as UTF-8 text."
        ) from None
    if not text.strip():
        raise HistoryError(f"{name} is empty; give a file with at least one user message.")
    return text


def _read_bytes(path: Path, name: str) -> bytes:
    try:
        if path.is_dir():
            raise HistoryError(f"{name} is a folder; give the path of one history file.")
        with path.open("rb") as file:
            info = os.fstat(file.fileno())
            if stat.S_ISREG(info.st_mode) and info.st_size >= MAX_HISTORY_BYTES:
                raise HistoryError(_too_large(name))
            data = file.read(MAX_HISTORY_BYTES)
    except HistoryError:
        raise
    except FileNotFoundError:
        raise HistoryError(f"{name} does not exist; check the path of the history file.") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise HistoryError(
            f"{name} cannot be read ({reason}); check the path and its permissions."
        ) from error
    except ValueError as error:
        raise HistoryError(
            f"{name} is not a usable path (it holds a null or an unencodable character); "
            "check the path of the history file."
        ) from error
    # A pipe or a device tells no size and a file may grow: `decode_text` looks at the bytes read.
    return data


def _too_large(name: str) -> str:
    megabytes = MAX_HISTORY_BYTES // 1_000_000
    return (
        f"{name} has {megabytes} MB or more, and the limit is below {megabytes} MB; "
        "split it into smaller files."
    )


def _refuse_other_content(data: bytes, name: str) -> None:
    for mark, kind in _ARCHIVES:
        if data.startswith(mark):
            raise HistoryError(f"{name} is {kind}, not UTF-8 text; unpack or export it first.")
    encoding = _other_encoding(data)
    if encoding:
        raise HistoryError(f"{name} is encoded in {encoding}; save it as UTF-8.")
    null = data.find(b"\0")
    if null >= 0:
        line = data.count(b"\n", 0, null) + 1
        raise HistoryError(
            f"{name}, line {line}, holds a null byte, so the file is binary or damaged; "
            "give a UTF-8 text file."
        )


def _other_encoding(data: bytes) -> str | None:
    for mark, encoding in _OTHER_BOMS:
        if data.startswith(mark):
            return encoding
    head = data[:_SNIFF_BYTES]
    # JSON in UTF-16 without a mark: a null before or after each ASCII character.
    for first in (b"{", b"["):
        if head.startswith((first + b"\0\0\0", b"\0\0\0" + first)):
            return "UTF-32"
        if head.startswith((first + b"\0", b"\0" + first)):
            return "UTF-16"
    return None


def numbered_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, line without surrounding space), leaving out blank lines.

    Only line feeds end a line: U+2028 and its like may stand inside a JSON string.
    """
    number, end = 1, 0
    for match in _LINE.finditer(text):
        number += text.count("\n", end, match.start())
        end = match.start()
        line = match.group().strip()
        if line:
            yield number, line


def parse_json(text: str, name: str, line: int | None = None) -> object:
    """Parse JSON; `line` is the number of the line `text` is, None when it is a whole file.

    Raises HistoryError naming the line; the text itself never appears in it.
    """
    place = name if line is None else f"{name}, line {line},"
    try:
        document: object = json.loads(text)
    except json.JSONDecodeError as error:
        # `from None`: the parser's error carries the whole text.
        raise HistoryError(
            f"{name}, line {line or error.lineno}, is not valid JSON at column {error.colno}; "
            "correct that line or export the file again."
        ) from None
    except RecursionError:
        raise HistoryError(
            f"{place} is JSON nested too deeply to be a history; export the file again."
        ) from None
    except ValueError:
        raise HistoryError(
            f"{place} holds a number with too many digits; shorten it or write it as a string."
        ) from None
    return document

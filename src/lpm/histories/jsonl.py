"""JSON Lines: one `{session, time, role, content}` object a line."""

from __future__ import annotations

from collections.abc import Iterator

from lpm.errors import HistoryError
from lpm.histories.building import Row, check_row, group_rows
from lpm.histories.files import numbered_lines, parse_json
from lpm.types import History


def read_jsonl(text: str, name: str) -> History:
    """Read one message a line; `session` and `time` are optional, blank lines are skipped.

    Raises HistoryError naming the line that cannot be used.
    """
    return group_rows(_rows(text, name), name)


def _rows(text: str, name: str) -> Iterator[Row]:
    for number, line in numbered_lines(text):
        place = f"{name}, line {number},"
        row = parse_json(line, name, number)
        if not isinstance(row, dict):
            raise HistoryError(
                f"{place} is not a JSON object; write one object with 'role' and 'content' a line."
            )
        yield check_row(row, place)

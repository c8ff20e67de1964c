"""The table that the command prints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lpm.demo.table import transcript

Make = Callable[..., Any]


def test_the_table_has_a_row_a_way_and_a_line_a_person(
    made_up_person: Make, made_up_result: Make
) -> None:
    text = transcript(made_up_result(made_up_person("ana"), made_up_person("bo")))
    assert "2 people, backbone tiny" in text
    for label, right in (
        ("no memory", "0 of 2"),
        ("full history in context", "2 of 2"),
        ("from the memory", "2 of 2"),
    ):
        (row,) = [line for line in text.splitlines() if line.startswith(f" {label} ")]
        assert right in row
    assert "bo: 1 of 1 right from the memory; 32 slots" in text


def test_brackets_in_a_name_are_no_markup(made_up_person: Make, made_up_result: Make) -> None:
    text = transcript(made_up_result(made_up_person("[red]ana[/]"), backbone="[bold]tiny"))
    assert "[red]ana[/]: 1 of 1" in text
    assert "backbone [bold]tiny" in text

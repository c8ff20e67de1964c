"""The report: one page that stands alone, whatever the conversation contains."""

from __future__ import annotations

import json
import math
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from lpm.demo.charts import line_chart, log_shares
from lpm.demo.report import page, write_report

Make = Callable[..., Any]

HOSTILE = (
    """</td></svg></style><script>alert("x")</script><img src=x onerror='y'>&amp;\x00\x1b$^_$"""
)


class _Page(HTMLParser):
    """Collect the tags and attributes as a browser would see them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def _seen(text: str) -> _Page:
    parser = _Page()
    parser.feed(text)
    return parser


def _words(text: str) -> str:
    return " ".join("".join(ElementTree.fromstring(text).itertext()).split())


@pytest.fixture(scope="module")
def shown(made_up_result: Make) -> str:
    """Return the page of a run over the shipped people."""
    return page(made_up_result())


def test_the_page_is_well_formed(shown: str) -> None:
    assert ElementTree.fromstring(shown).tag == "html"


def test_the_page_asks_nothing_of_anybody(shown: str) -> None:
    assert not re.search(r"(?:https?:)?//|url\(|@import|javascript:", shown)
    seen = _seen(shown)
    assert not seen.tags & {"script", "link", "img", "iframe", "object", "form", "base", "a"}
    assert not seen.attributes & {"src", "href", "xlink:href", "srcset", "action"}
    assert not [name for name in seen.attributes if name.startswith("on")]
    assert "default-src 'none'" in shown


def test_the_page_suits_dark_rooms_and_phones(shown: str) -> None:
    assert "prefers-color-scheme: dark" in shown
    assert 'name="viewport"' in shown


def test_foreign_text_stays_text(made_up_person: Make, made_up_result: Make) -> None:
    plain = page(made_up_result(made_up_person()))
    hostile = page(
        made_up_result(
            made_up_person(HOSTILE, HOSTILE, question=HOSTILE, losses=(1.0, 0.5), excerpt=HOSTILE),
            backbone=HOSTILE,
        )
    )
    assert _seen(hostile).tags - _seen(plain).tags <= {"polyline", "path", "text"}
    assert "script" not in _seen(hostile).tags
    assert "onerror" not in _seen(hostile).attributes
    assert HOSTILE[:40] in _words(hostile)


def test_every_question_shows_its_three_answers_and_the_turn_behind_the_top_slot(
    made_up_person: Make, made_up_result: Make
) -> None:
    text = _words(page(made_up_result(made_up_person())))
    assert "Where is home?" in text
    assert "It is Oslo." in text and "You said It is Oslo." in text
    assert "As an AI model I do not know that." in text
    assert "slot 3, weight 0.60" in text
    assert "s1, turn 0: I live in Oslo." in text


def test_the_headline_compares_the_three_ways(made_up_person: Make, made_up_result: Make) -> None:
    root = ElementTree.fromstring(page(made_up_result(made_up_person())))
    headline = root.findtext("body/h1")
    assert headline is not None
    assert headline.startswith("1 of 1 questions right from the memory, 1 with the full history")
    assert "28.8 times the KV-cache, 0 without either" in headline


def test_memories_made_without_a_fit_are_said_to_be_the_writers(
    made_up_person: Make, made_up_result: Make
) -> None:
    without = _words(page(made_up_result(made_up_person("ana"))))
    assert "The writer alone made the memory of ana: no gradient step was taken." in without
    fitted = page(made_up_result(made_up_person("ana", losses=(2.0, 1.0))))
    assert "The writer alone" not in fitted and "<polyline" in fitted


def test_a_history_cut_to_the_window_is_owned_up_to(
    made_up_person: Make, made_up_result: Make
) -> None:
    text = _words(page(made_up_result(made_up_person(truncated=True))))
    assert "In 1 of 1 questions the full history did not fit" in text
    assert "did not fit" not in page(made_up_result(made_up_person()))


def test_a_person_without_questions_or_a_slot_without_source_is_shown(
    made_up_person: Make, made_up_result: Make
) -> None:
    person = made_up_person()
    bare = replace(person, name="bo", asked=())
    lost = replace(person, asked=(replace(person.asked[0], source=None, excerpt=""),))
    assert "source unknown" in _words(page(made_up_result(lost, bare)))


def test_writing_the_page_replaces_the_old_one(
    tmp_path: Path, made_up_person: Make, made_up_result: Make
) -> None:
    path = tmp_path / "new" / "index.html"
    for text in ("one", "two"):
        write_report(made_up_result(made_up_person(text=text)), path)
    assert path.read_text(encoding="utf-8") == page(made_up_result(made_up_person(text="two")))
    assert [item.name for item in path.parent.iterdir()] == ["index.html"]


def test_the_result_as_json_holds_every_reply(made_up_result: Make) -> None:
    result = made_up_result()
    (first, *_) = json.loads(result.to_json())["people"]
    assert first["asked"][0]["replies"][0]["mode"] == "memory"
    assert len(first["asked"]) == 10


def test_log_bars_are_longer_for_more_and_nothing_for_nothing() -> None:
    shares, words = log_shares([0.0, 1e5, 2e6, 7e7])
    assert shares[0] == 0 < shares[1] < shares[2] < shares[3] <= 1
    assert words == "log scale from 0.01 MB to 100 MB"
    assert log_shares([0.0])[0] == [0.0]


def test_a_curve_of_one_step_or_with_a_nan_is_drawn() -> None:
    assert "nan" not in line_chart([("a", (1.0,)), ("b", (1.0, math.nan, 0.5))], "step", "loss")

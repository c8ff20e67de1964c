"""Unusable files are refused in one sentence that names the file and shows no content."""

from __future__ import annotations

import json
import os
import tracemalloc
from pathlib import Path

import pytest

from lpm.errors import HistoryError
from lpm.histories import MAX_HISTORY_BYTES, load_history

SECRET = "my-secret-diary"
GOOD = json.dumps({"role": "user", "content": SECRET})


def refusal(path: Path, **options: str) -> str:
    """Return the error's sentence after checking what holds for every one of them."""
    with pytest.raises(HistoryError) as caught:
        load_history(path, **options)
    sentence = str(caught.value)
    assert sentence.startswith(repr(str(path)))
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert ". " not in sentence.removeprefix(repr(str(path)))
    assert "; " in sentence, "the fix follows a semicolon"
    assert SECRET not in sentence
    return sentence


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b" \r\n\n", "is empty"),
        (b"PK\x03\x04rest", "is a ZIP archive"),
        (b"\x1f\x8brest", "is a gzip archive"),
        (b"%PDF-1.7", "is a PDF document"),
        (GOOD.encode("utf-16"), "is encoded in UTF-16"),
        (GOOD.encode("utf-16-le"), "is encoded in UTF-16; save it as UTF-8"),
        (GOOD.encode("utf-16-be"), "is encoded in UTF-16; save it as UTF-8"),
        (GOOD.encode("utf-32"), "is encoded in UTF-32"),
        (GOOD.encode("utf-32-le"), "is encoded in UTF-32; save it as UTF-8"),
        (GOOD.encode() + b"\n\x00", "line 2, holds a null byte"),
        (GOOD.encode() + '\n{"role": "café"}'.encode("latin-1"), "line 2, holds the byte 0xE9"),
        (b"\x89PNG\r\n", "line 1, holds the byte 0x89, which is not UTF-8"),
        (b"\n" + SECRET.encode(), r"line 2, is not JSON, and plain text \(.txt\) is not supported"),
        (b"42", "line 1, is not JSON"),
    ],
)
def test_files_that_are_not_json_text(tmp_path: Path, data: bytes, found: str) -> None:
    path = tmp_path / "history.txt"
    path.write_bytes(data)
    with pytest.raises(HistoryError, match=found):
        load_history(path)
    refusal(path)


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([GOOD, "", GOOD[:-1]], "line 3, is not valid JSON at column"),
        (['{"role": "user", content}'], "line 1, is not valid JSON at column"),
        ([GOOD, "[1]"], "line 2, is not a JSON object"),
        ([GOOD, "3"], "line 2, is not a JSON object"),
        (["{}"], "line 1, has no 'role'"),
        (['{"role": "user"}'], "line 1, has no 'content'"),
        (['{"role": "user", "content": null}'], "line 1, has no 'content'"),
        (['{"role": "user", "content": 3}'], "line 1, has a value of type int as 'content'"),
        (['{"role": "user", "content": ""}'], "line 1, has an empty 'content'"),
        (['{"role": "user", "content": "\\u0000"}'], "line 1, has a null character in 'content'"),
        (['{"role": "user", "content": "\\ud83d"}'], "line 1, has a lone surrogate"),
        ([GOOD, '{"role": ["x"], "content": "x"}'], "line 2, has the unknown role"),
        ([GOOD[:-1] + ', "session": ""}'], "line 1, has an empty 'session'"),
        ([GOOD[:-1] + ', "session": "\\udc00"}'], "lone surrogate .* in 'session'"),
        ([GOOD[:-1] + ', "session": 1.5}'], "line 1, has a value of type float as 'session'"),
        ([GOOD[:-1] + f', "session": {"9" * 5000}}}'], "number with too many digits"),
        ([GOOD[:-1] + ', "time": "8 May"}'], "line 1, has a 'time' that is not ISO 8601"),
        ([GOOD[:-1] + ', "time": 1e999}'], "line 1, has a 'time' that is not ISO 8601"),
        ([GOOD.replace("user", "assistant")], "has no message of a user"),
        (['{"messages": [' + GOOD + "]}"], "line 1, has no 'role'"),
        (["[" + GOOD + "]"], "one JSON value of messages, not JSONL"),
        (["{", '"role": "user", "content": "x"', "}"], "one JSON value of messages, not JSONL"),
        (["{", '"mapping": {', "]"], "line 3, is not valid JSON at column"),
        (["[]"], "is an empty list"),
        (["[[]]"], "is JSON of an unknown format"),
        (['[{"a": 1}]'], "is JSON of an unknown format"),
        (["[" * 100_000], "JSON nested too deeply"),
        (['{"role": ' * 100_000], "line 1, is JSON nested too deeply"),
    ],
)
def test_json_that_is_not_a_history(tmp_path: Path, lines: list[str], found: str) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(HistoryError, match=found):
        load_history(path)
    refusal(path)


def test_an_unknown_role_is_shown_shortened(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text(json.dumps({"role": "r" * 15 + "\n" * 50, "content": SECRET}))
    sentence = refusal(path)
    assert repr("r" * 15 + "\n" * 5) + "…" in sentence
    assert "\\n" * 6 not in sentence


def test_missing_files_and_folders(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "gone.jsonl")
    assert "is a folder" in refusal(tmp_path)
    (tmp_path / "file").write_text(GOOD)
    assert "cannot be read" in refusal(tmp_path / "file" / "below")


@pytest.mark.parametrize("name", ["null\0byte", "surrogate\ud800", "line\nbreak"])
def test_odd_paths_are_escaped_in_the_error(tmp_path: Path, name: str) -> None:
    refusal(tmp_path / name)


def test_a_file_of_the_limit_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.jsonl"
    path.touch()
    os.truncate(path, MAX_HISTORY_BYTES)
    tracemalloc.start()
    try:
        sentence = refusal(path)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "50 MB" in sentence
    assert peak_bytes < 1_000_000


def test_a_file_below_the_limit_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.jsonl"
    path.write_bytes(GOOD.encode() + b"\n" * (MAX_HISTORY_BYTES - 1 - len(GOOD)))
    assert load_history(path).num_turns == 1


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs an endless device file")
def test_an_endless_file_is_read_up_to_the_limit_only() -> None:
    assert "50 MB" in refusal(Path("/dev/zero"))


def test_options_that_have_no_meaning_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text(GOOD)
    assert "`speaker` has no meaning" in refusal(path, speaker="speaker_a")
    assert "`select` has no meaning" in refusal(path, select="a")

"""Files and memories that are wrong in unusual ways: refused by name, never half-written."""

from __future__ import annotations

import json
import os
import struct
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lpm.errors import InputError, MemoryFileError, StoreError
from lpm.files import write_atomic
from lpm.memory import Memory, SessionRecord
from lpm.testing import make_memory


def rewritten(**facts: object) -> bytes:
    """Return an encoded memory with some of its facts replaced."""
    data = make_memory().encode()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    metadata = header["__metadata__"]
    metadata["memory"] = json.dumps(json.loads(metadata["memory"]) | facts)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data[8 + size :]


@pytest.mark.parametrize(
    "facts",
    [
        {"version": float("inf")},
        {"version": 0},
        {"version": 1.5},
        {"version": "1"},
        {"user": "two\nlines"},
        {"user": 7},
        {"backbone": "two\nlines"},
        {"projector": "x" * 1000},
        {"provenance": [[["s", 0, float("nan")]]] * 4},
        {"provenance": [[["s", float("inf"), 1.0]]] * 4},
        {"provenance": [[[None, 0, 1.0]]] * 4},
        {"sessions": [["s", 5, None]]},
        {"sessions": [["s", "ab", 5]]},
        {"created_at": "2026-01-01T00:00:00"},
        {"updated_at": 5},
    ],
    ids=lambda facts: next(iter(facts)),
)
def test_a_wrong_field_is_a_damaged_file(facts):
    with pytest.raises(MemoryFileError):
        Memory.decode(rewritten(**facts))


def test_facts_nested_too_deep_are_a_damaged_file():
    data = make_memory().encode()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    header["__metadata__"]["memory"] = "[" * 200_000
    text = json.dumps(header).encode()
    with pytest.raises(MemoryFileError):
        Memory.decode(struct.pack("<Q", len(text)) + text + data[8 + size :])


def test_an_unknown_schema_version_is_shortened_in_the_error():
    header = json.dumps({"__metadata__": {"schema_version": "planted" * 9999}}).encode()
    with pytest.raises(MemoryFileError) as caught:
        Memory.decode(struct.pack("<Q", len(header)) + header)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("shape", [(0, 4, 3), (1, 4, 0)])
def test_slots_without_a_group_or_a_width_are_refused(shape):
    with pytest.raises(MemoryFileError):
        replace(make_memory(), slots=torch.zeros(shape))


def test_a_memory_that_no_reader_would_take_is_not_written():
    records = tuple(SessionRecord(f"s{n}", "ab" * 32, None) for n in range(100_000))
    with pytest.raises(MemoryFileError, match="header"):
        replace(make_memory(), sessions=records).encode()


def test_text_that_is_no_unicode_is_refused_without_showing_it():
    record = SessionRecord("planted \ud800", "ab" * 32, None)
    with pytest.raises(InputError) as caught:
        replace(make_memory(), sessions=(record,)).encode()
    assert "planted" not in str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__


def test_only_regular_files_are_read(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero"), tmp_path / "a\0b"):
        with pytest.raises(MemoryFileError):
            Memory.load(path)


def test_a_full_disk_leaves_neither_the_file_nor_a_part(tmp_path: Path, monkeypatch):
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        write_atomic(tmp_path / "file", b"x" * 100)
    assert list(tmp_path.iterdir()) == []


def test_an_error_while_cleaning_up_does_not_hide_the_first_one(tmp_path: Path, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "not permitted")

    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(30, "Read-only")))
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(StoreError, match="Read-only"):
        write_atomic(tmp_path / "file", b"x")

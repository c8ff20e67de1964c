"""A memory answers when something was by the date of the session that told it, kept text or not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lpm.model import LatentPersonalMemory
from lpm.server.reading import Asked, Reader
from lpm.store import open_store
from lpm.testing import tiny_backbone, tiny_model
from lpm.types import History, Session, Turn

WHEN, WHERE = "When did I move to Porto?", "Where do I live now?"


@pytest.fixture(scope="module")
def model():
    return tiny_model(tiny_backbone()).requires_grad_(False)


def remembered(model, home: Path, time: datetime | None, keep: str) -> LatentPersonalMemory:
    memories = LatentPersonalMemory(open_store(home), model)
    session = Session("s1", (Turn("user", "I have moved to a house in Porto."),), time)
    memories.remember("ann", History((session,)), keep_history=keep, refine_steps=0)
    return memories


def prompt(memories: LatentPersonalMemory, text: str) -> str:
    chat = [{"role": "user", "content": text}]
    read, rows = memories.prepare("ann", chat, "memory", 8)
    assert rows is not None
    return memories.backbone.tokenizer.decode([*read.before, *read.after])


@pytest.mark.parametrize("keep", ["full", "hashes", "none"])
def test_a_question_about_time_reads_the_date_and_no_other_does(model, tmp_path, keep):
    memories = remembered(model, tmp_path, datetime(2023, 5, 8, tzinfo=UTC), keep)
    assert f"DATE: 8 May 2023\n{WHEN}" in prompt(memories, WHEN)
    assert "DATE" not in prompt(memories, WHERE)


def test_a_static_read_is_of_the_first_message_and_dates_no_later_one(model, tmp_path):
    memories = remembered(model, tmp_path, datetime(2023, 5, 8, tzinfo=UTC), "full")
    chat = [{"role": "user", "content": text} for text in (WHERE, WHEN)]
    chat.insert(1, {"role": "assistant", "content": "In Porto."})
    read, _ = memories.prepare("ann", chat, "memory", 8, static_read=True)
    assert "DATE" not in memories.backbone.tokenizer.decode([*read.before, *read.after])


def test_a_session_without_a_time_gives_no_date(model, tmp_path):
    memories = remembered(model, tmp_path, None, "full")
    assert "DATE" not in prompt(memories, WHEN)


def test_the_server_reads_what_the_library_reads(model, tmp_path):
    memories = remembered(model, tmp_path, datetime(2023, 5, 8, tzinfo=UTC), "full")
    store = open_store(tmp_path)
    tenant = store.tenant
    asked = [Asked(tenant, "ann", [{"role": "user", "content": text}]) for text in (WHEN, WHERE)]
    expected = [memories.prepare("ann", one.messages, "memory", 8)[0] for one in asked]
    assert [read for read, _ in Reader(store, model).read(asked)] == expected

"""Sessions go when their time has come, and none that stays keeps another from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from told_histories import HISTORY, NOW, bytes_of, taught

from lpm.errors import ExpiryError, InputError
from lpm.types import History


def test_sessions_are_forgotten_when_their_time_has_come(memories):
    soon = NOW + timedelta(days=1)
    memories.remember("ann", History(HISTORY.sessions[:1]), refine_steps=0, expires_at=soon)
    memories.remember("ann", History(HISTORY.sessions[1:]), refine_steps=0)
    memories.remember("bob", History(HISTORY.sessions[:1]), refine_steps=0, expires_at=soon)
    assert memories.expire(NOW) == ()
    receipts = memories.expire(soon)
    assert [(r.user, r.sessions_removed) for r in receipts] == [("ann", ("s1",)), ("bob", ("s1",))]
    assert taught(memories) == {("s2", 0), ("s3", 0)}
    assert [summary.user for summary in memories.users()] == ["ann"]
    assert memories.expire(soon) == ()


def test_one_session_that_cannot_expire_keeps_no_other_from_it(memories, model):
    soon = NOW + timedelta(days=1)
    for user in ("ann", "bob", "cleo"):
        memories.remember(user, HISTORY, refine_steps=0, expires_at=soon)
    foreign = replace(memories.store.get("bob"), projector="another", version=2)
    memories.store.put(foreign)
    with pytest.raises(ExpiryError, match=r"3 sessions .* 's1': .*projector") as raised:
        memories.expire(soon)
    gone = [name for receipt in raised.value.receipts for name in receipt.sessions_removed]
    assert sorted(gone) == ["s1", "s1", "s2", "s2", "s3", "s3"]
    assert [summary.user for summary in memories.users()] == ["bob"]


def test_sessions_that_a_rollback_left_expire_too(memories, tmp_path):
    memories.remember("ann", History(HISTORY.sessions[1:2]), refine_steps=0)
    soon = NOW + timedelta(days=1)
    memories.remember("ann", History(HISTORY.sessions[2:]), refine_steps=0, expires_at=soon)
    memories.rollback("ann", 1)
    (receipt,) = memories.expire(soon)
    assert receipt.sessions_removed == ("s3",)
    assert memories.expire(soon) == () and b"zeppelin" not in bytes_of(tmp_path / "home")


def test_nothing_expires_of_which_nothing_is_kept(memories):
    with pytest.raises(InputError, match="cannot expire"):
        memories.remember("ann", HISTORY, refine_steps=0, keep_history="none", expires_at=NOW)
    assert memories.users() == ()

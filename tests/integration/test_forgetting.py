"""What is forgotten is gone; what stays, stays; and a receipt says which is which."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from told_histories import HISTORY, TEA, WORK, bytes_of, session, taught

from lpm import remembering, revising
from lpm.errors import InputError, OvertakenError, StoreError, UnknownUserError
from lpm.model import LatentPersonalMemory
from lpm.store import Draft, open_store
from lpm.store.user_rows import UserRows
from lpm.types import History, Session, Turn


def test_a_forgotten_session_leaves_as_if_it_had_never_been_told(memories, model, tmp_path):
    memories.remember("ann", HISTORY, refine_steps=0)
    receipt = memories.forget("ann", session="s3")
    assert (receipt.scope, receipt.asked) == ("session", "s3")
    assert receipt.sessions_removed == ("s3",) and receipt.rebuilt
    assert (receipt.version, receipt.versions_removed) == (2, 1)
    with LatentPersonalMemory(open_store(tmp_path / "other"), model) as other:
        other.remember("ann", History(HISTORY.sessions[:2]), refine_steps=0)
        assert torch.equal(other.store.get("ann").slots, memories.store.get("ann").slots)
    assert memories.store.versions("ann") == (2,), "older versions held it too"
    assert [s.session_id for s in memories.store.get_history("ann").sessions] == ["s1", "s2"]


def test_a_session_is_forgotten_by_its_hash_too(memories):
    memories.remember("ann", HISTORY, refine_steps=0)
    receipt = memories.forget("ann", session=HISTORY.sessions[1].content_hash())
    assert receipt.sessions_removed == ("s2",)


def test_a_topic_goes_from_every_session_and_from_the_disk(memories, tmp_path):
    memories.remember("ann", HISTORY, refine_steps=0)
    assert b"planted-marker-zeppelin" in bytes_of(tmp_path / "home")
    receipt = memories.forget("ann", about="the Zeppelins")
    assert receipt.sessions_removed == ("s3",), "nothing else was said there"
    assert receipt.turns_removed == (("s1", 2), ("s1", 3)), "the reply repeats it"
    kept = memories.store.get_history("ann").sessions
    assert [s.session_id for s in kept] == ["s1", "s2"]
    assert [t.content for t in kept[0].turns] == [TEA, f"Noted: {TEA}"]
    assert taught(memories) == {("s1", 0), ("s2", 0)}
    assert b"zeppelin" not in bytes_of(tmp_path / "home")


def test_forgetting_again_finds_nothing_and_changes_nothing(memories):
    memories.remember("ann", HISTORY, refine_steps=0)
    memories.forget("ann", about="zeppelin")
    before = memories.store.get("ann").encode()
    with pytest.raises(InputError, match="No stored turn"):
        memories.forget("ann", about="zeppelin")
    with pytest.raises(InputError, match="it has s1, s2"):
        memories.forget("ann", session="s3")
    with pytest.raises(InputError, match="names nothing"):
        memories.forget("ann", about="the of")
    with pytest.raises(InputError, match="not both"):
        memories.forget("ann", session="s1", about="tea")
    with pytest.raises(UnknownUserError):
        memories.forget("bob", session="s1")
    assert memories.store.get("ann").encode() == before


def test_the_last_session_takes_the_user_along(memories):
    memories.remember("ann", History(HISTORY.sessions[1:2]), refine_steps=0)
    receipt = memories.forget("ann", session="s2")
    assert receipt.version is None and receipt.slots_after == 0
    assert memories.users() == ()


@pytest.mark.parametrize("keep", ["hashes", "none"])
def test_without_kept_text_the_slots_it_taught_are_taken_out(memories, keep, tmp_path):
    memories.remember("ann", HISTORY, refine_steps=0, keep_history=keep)
    assert b"zeppelin" not in bytes_of(tmp_path / "home")
    before = memories.store.get("ann")
    receipt = memories.forget("ann", session="s3")
    assert not receipt.rebuilt and receipt.probe is None
    after = memories.store.get("ann")
    stay = [n for n, s in enumerate(before.provenance) if s[0].session_id != "s3"]
    assert torch.equal(after.slots, before.slots[:, stay])
    assert {record.session_id for record in after.sessions} == {"s1", "s2"}
    with pytest.raises(InputError, match="No stored turn"):
        memories.forget("ann", about="zeppelin")


def test_the_receipt_probes_what_was_removed(memories):
    memories.remember("ann", HISTORY, refine_steps=0)
    found = memories.forget("ann", about="zeppelin").probe
    # A random backbone may ask nothing usable; then there is no probe, and that is what it says.
    assert found is None or (0 <= found.after <= 1 and found.questions > 0)


@pytest.mark.parametrize("what", [{}, {"session": "s3"}, {"about": "zeppelin"}])
def test_a_dry_run_changes_nothing(memories, what):
    memories.remember("ann", HISTORY, refine_steps=0)
    store = memories.store

    def stored():
        return store.get("ann").encode(), store.get_history("ann"), store.version_log("ann")

    before = stored()
    receipt = memories.forget("ann", dry_run=True, **what)
    assert receipt.dry_run and receipt.versions_removed == 1
    assert stored() == before


def test_a_dry_run_tells_of_a_user_who_has_only_jobs(memories):
    memories.store.queue.enqueue("ann", "remember", lambda kept: Draft(b"text"))
    tried = memories.forget("ann", dry_run=True)
    assert (tried.versions_removed, tried.jobs_removed, tried.version) == (0, 1, None)
    done = memories.forget("ann")
    assert done.jobs_removed == 1 and memories.store.queue.jobs(user="ann") == ()
    for dry_run in (True, False):
        with pytest.raises(UnknownUserError):
            memories.forget("ann", dry_run=dry_run)


def test_no_part_is_forgotten_while_a_job_holds_text(memories):
    memories.remember("ann", HISTORY, refine_steps=0)
    job = memories.store.queue.enqueue("ann", "remember", lambda kept: Draft(b"more zeppelins"))
    with pytest.raises(InputError, match=f"{job.job_id}.*cancel"):
        memories.forget("ann", about="zeppelin")
    assert memories.forget("ann", about="zeppelin", dry_run=True).dry_run
    memories.store.queue.cancel(job.job_id)
    assert memories.forget("ann", about="zeppelin").version == 2


def test_two_sessions_of_one_name_are_forgotten_one_by_one(memories):
    memories.remember("ann", History((session("s1", WORK),)), refine_steps=0)
    memories.remember("ann", History((session("s1", TEA),)), refine_steps=0)
    assert [s.session_id for s in memories.store.get_history("ann").sessions] == ["s1", "s1#2"]
    memories.forget("ann", session="s1#2")
    assert [s.turns[0].content for s in memories.store.get_history("ann").sessions] == [WORK]


def test_a_forgetting_that_is_interrupted_has_removed_nothing(memories, monkeypatch):
    memories.remember("ann", HISTORY, refine_steps=0)
    before = memories.store.get("ann").encode(), memories.store.get_history("ann")

    def crash(*_: object, **__: object) -> int:
        raise OSError("the machine stopped")

    for step in ("drop_versions", "drop_sessions"):
        with monkeypatch.context() as patched, pytest.raises(StoreError, match="OSError"):
            patched.setattr(UserRows, step, crash)
            memories.forget("ann", about="zeppelin")
        assert (memories.store.get("ann").encode(), memories.store.get_history("ann")) == before
    assert memories.forget("ann", about="zeppelin").version == 2
    assert "zeppelin" not in str(memories.store.get_history("ann"))


@pytest.mark.parametrize("what", [{"session": "s1"}, {"about": "tea"}])
def test_what_another_process_remembers_meanwhile_is_not_forgotten(
    memories, model, tmp_path, monkeypatch, what
):
    memories.remember("ann", History(HISTORY.sessions[:1]), refine_steps=0)
    probe = revising.probe

    def slow(*arguments: object) -> object:
        with LatentPersonalMemory(open_store(tmp_path / "home"), model) as other:
            other.remember("ann", History(HISTORY.sessions[1:2]), refine_steps=0)
        return probe(*arguments)

    with monkeypatch.context() as patched, pytest.raises(OvertakenError, match="Try again"):
        patched.setattr(revising, "probe", slow)
        memories.forget("ann", **what)
    assert [s.session_id for s in memories.store.sessions("ann")] == ["s1", "s2"]
    memories.forget("ann", **what)
    assert ("s2", 0) in taught(memories)


def test_ctrl_c_in_learning_anew_forgets_nothing(memories, monkeypatch):
    memories.remember("ann", HISTORY, refine_steps=0)
    monkeypatch.setattr(LatentPersonalMemory, "_default_steps", 3)
    fit = remembering.fit_slots

    def stopped(*arguments: object, **options: object) -> object:
        return replace(fit(*arguments, **options), interrupted=True)

    monkeypatch.setattr(remembering, "fit_slots", stopped)
    with pytest.raises(KeyboardInterrupt):
        memories.forget("ann", session="s2")
    assert memories.store.versions("ann") == (1,)
    assert len(memories.store.sessions("ann")) == 3


def test_a_session_that_no_longer_counts_can_be_forgotten_by_name(memories, tmp_path):
    memories.remember("ann", History(HISTORY.sessions[1:2]), refine_steps=0)
    memories.remember("ann", History(HISTORY.sessions[2:]), refine_steps=0)
    memories.rollback("ann", 1)
    slots = memories.store.get("ann").slots
    receipt = memories.forget("ann", session="s3")
    assert receipt.sessions_removed == ("s3",) and receipt.versions_removed == 3
    assert torch.equal(memories.store.get("ann").slots, slots), "it had taught none of these"
    assert b"zeppelin" not in bytes_of(tmp_path / "home")


def test_a_topic_goes_with_all_replies_up_to_the_next_turn(memories):
    said = ("My knee hurts a lot.", "I like green tea in the morning.")
    first = Session(
        "s1",
        (
            Turn("user", said[0]),
            Turn("assistant", "I am sorry."),
            Turn("assistant", "Your knee needs rest and ice."),
            Turn("user", said[1]),
            Turn("assistant", "Noted."),
        ),
    )
    memories.remember("ann", History((first,)), refine_steps=0)
    receipt = memories.forget("ann", about="knee")
    assert receipt.turns_removed == (("s1", 0), ("s1", 1), ("s1", 2))
    (left,) = memories.store.get_history("ann").sessions
    assert [turn.content for turn in left.turns] == [said[1], "Noted."]


def test_short_words_are_topics_too(memories):
    texts = ("My son Ed plays chess on Sundays.", "I moved to the UK three years ago.", TEA)
    memories.remember("ann", History((session("s1", *texts),)), refine_steps=0)
    memories.forget("ann", about="Ed")
    memories.forget("ann", about="uk")
    (left,) = memories.store.get_history("ann").sessions
    assert [turn.content for turn in left.turns if turn.role == "user"] == [TEA]


def test_a_session_that_becomes_like_another_leaves_one_of_them(memories):
    move = "I moved to Porto last winter."
    knee = "My knee hurts a lot these days."
    both = (session("s1", move, TEA, knee), session("s2", move, TEA))
    memories.remember("ann", History(both), refine_steps=0)
    assert memories.forget("ann", about="knee").sessions_removed == ("s1",)
    assert [s.session_id for s in memories.store.sessions("ann", every=True)] == ["s2"]
    memories.forget("ann", about="Porto")
    (left,) = memories.store.get_history("ann").sessions
    assert [turn.content for turn in left.turns if turn.role == "user"] == [TEA]


def test_a_dry_run_counts_what_the_real_run_removes(memories):
    for one in HISTORY.sessions:
        memories.remember("ann", History((one,)), refine_steps=0)
    tried = memories.forget("ann", session="s2", dry_run=True)
    done = memories.forget("ann", session="s2")
    counted = [(r.versions_removed, r.bytes_removed) for r in (tried, done)]
    assert counted[0] == counted[1] and counted[0][0] == 3 and counted[0][1] > 0

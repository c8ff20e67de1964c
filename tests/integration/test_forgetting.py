"""What is forgotten is gone; what stays, stays; and a receipt says which is which."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import torch

from lpm.cli.app import run
from lpm.errors import InputError, UnknownUserError
from lpm.model import LatentPersonalMemory
from lpm.store import Draft, open_store
from lpm.testing import save_tiny_backbone, tiny_backbone, tiny_model
from lpm.types import History, Session, Turn

SECRET = "I keep the planted-marker-zeppelin in the cellar of the old mill."
WORK = "I work as a boat builder in Gdansk these days."
TEA = "I drink green tea every single morning."
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def session(name: str, *texts: str, day: int | None = None) -> Session:
    turns: list[Turn] = []
    for text in texts:
        turns += [Turn("user", text), Turn("assistant", f"Noted: {text}")]
    return Session(name, tuple(turns), None if day is None else NOW + timedelta(days=day))


HISTORY = History(
    (session("s1", TEA, SECRET, day=1), session("s2", WORK, day=2), session("s3", SECRET, day=3))
)


@pytest.fixture(scope="module")
def model():
    made = tiny_model(tiny_backbone(), num_slots=8, trained=True)
    # A writer of random weights would leave out half of what is said.
    torch.nn.init.constant_(made.writer.chunk_scorer[-1].bias, 100.0)
    return made


@pytest.fixture
def memories(model, tmp_path: Path):
    with LatentPersonalMemory(open_store(tmp_path / "home"), model) as opened:
        yield opened


def taught(memories, user: str = "ann") -> set[tuple[str, int]]:
    view = memories.show(user)
    return {(s.session_id, s.turn) for slot in view.slots for s in slot.sources}


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


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


def test_sessions_with_and_without_text_live_in_one_memory(memories):
    memories.remember("ann", History(HISTORY.sessions[:1]), refine_steps=0, keep_history="none")
    carried = memories.store.get("ann").slots
    memories.remember("ann", History(HISTORY.sessions[1:]), refine_steps=0)
    assert torch.equal(memories.store.get("ann").slots[:, : carried.shape[1]], carried)
    assert taught(memories) == {("s1", 0), ("s1", 2), ("s2", 0), ("s3", 0)}
    again = memories.remember("ann", HISTORY, refine_steps=0)
    assert (again.sessions_added, again.sessions_skipped) == (0, 3)
    receipt = memories.forget("ann", session="s2")
    assert receipt.rebuilt
    assert taught(memories) == {("s1", 0), ("s1", 2), ("s3", 0)}


@pytest.mark.parametrize("seed", range(6))
def test_sessions_one_by_one_give_the_same_memory_as_all_at_once(memories, seed):
    rng = random.Random(seed)
    texts = [
        f"I bought {n} {w} in {c}."
        for n in range(2, 7)
        for w, c in [("boats", "Oslo"), ("cats", "Rome"), ("hats", "Lima")]
    ]
    rng.shuffle(texts)
    history = History(tuple(session(f"s{n}", *texts[2 * n : 2 * n + 2], day=n) for n in range(7)))
    memories.remember("whole", history, refine_steps=0)
    assert len(memories.show("whole").slots) == 8, "more was said than fits"
    for one in rng.sample(history.sessions, 7):
        memories.remember("parts", History((one,)), refine_steps=0)
    whole, parts = memories.store.get("whole"), memories.store.get("parts")
    assert parts.provenance == whole.provenance
    assert torch.equal(parts.slots, whole.slots)


def test_a_memory_without_text_keeps_the_same_slots_as_one_with_text(memories):
    sessions = [
        session(f"s{n}", f"I own {n} boats in harbour number {n}.", f"I sold {n} cars to Lena.")
        for n in range(8)
    ]
    for one in sessions:
        memories.remember("text", History((one,)), refine_steps=0)
        memories.remember("none", History((one,)), refine_steps=0, keep_history="none")
    text, none = memories.store.get("text"), memories.store.get("none")
    assert text.slots.shape[1] == 8, "more was said than fits"
    assert set(none.provenance) == set(text.provenance)
    by_source = dict(zip(none.provenance, none.slots[0], strict=True))
    for sources, slot in zip(text.provenance, text.slots[0], strict=True):
        # Chunks pass in batches of other sizes, whose products may round differently.
        torch.testing.assert_close(by_source[sources], slot)


def test_an_imported_memory_keeps_its_slots_when_it_learns_more(memories, model, tmp_path):
    memories.remember("ann", HISTORY, refine_steps=0)
    memories.export("ann", tmp_path / "ann.lpm")
    with LatentPersonalMemory(open_store(tmp_path / "other"), model) as other:
        other.import_(tmp_path / "ann.lpm")
        other.remember("ann", History((session("s9", "I moved to Oslo last week."),)))
        assert taught(other) == {*taught(memories), ("s9", 0)}


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
    assert receipt.dry_run and receipt.versions_removed == (0 if what else 1)
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


def test_a_dry_run_of_remember_says_what_would_change(memories):
    report = memories.remember("ann", HISTORY, refine_steps=0, dry_run=True)
    assert report.dry_run and report.slots_added == report.num_slots == 4
    assert memories.users() == ()
    real = memories.remember("ann", HISTORY, refine_steps=0)
    assert (real.slots_added, real.slots_removed, real.version) == (4, 0, 1)


def test_two_sessions_of_one_name_are_forgotten_one_by_one(memories):
    memories.remember("ann", History((session("s1", WORK),)), refine_steps=0)
    memories.remember("ann", History((session("s1", TEA),)), refine_steps=0)
    assert [s.session_id for s in memories.store.get_history("ann").sessions] == ["s1", "s1#2"]
    memories.forget("ann", session="s1#2")
    assert [s.turns[0].content for s in memories.store.get_history("ann").sessions] == [WORK]


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


def test_an_interrupted_forgetting_is_finished_by_the_same_call(memories, monkeypatch):
    memories.remember("ann", HISTORY, refine_steps=0)

    def crash(*_: object, **__: object) -> int:
        raise OSError("the machine stopped")

    for step in ("delete_session", "prune_versions"):
        with monkeypatch.context() as patched, pytest.raises(OSError, match="stopped"):
            patched.setattr(memories.store, step, crash)
            memories.forget("ann", about="zeppelin")
        assert memories.store.get("ann").sessions, "what is left can be read at any moment"
    if "zeppelin" in str(memories.store.get_history("ann")):
        memories.forget("ann", about="zeppelin")
    assert "zeppelin" not in str(memories.store.get_history("ann"))


def test_versions_are_listed_compared_and_brought_back(memories):
    memories.remember("ann", History(HISTORY.sessions[:1]), refine_steps=0)
    memories.remember("ann", History(HISTORY.sessions[1:]), refine_steps=0)
    assert [item.session_ids for item in memories.history("ann")] == [("s1",), ("s2", "s3")]
    found = memories.changes("ann", 1)
    assert found.sessions_added == ("s2", "s3") and len(found.came) == 2 and not found.went
    # Chunks pass in batches of other sizes, whose products may round differently.
    moved = [slot.moved for slot in found.stayed]
    assert moved == pytest.approx([0.0, 0.0], abs=1e-6), "old facts are written the same"
    back = memories.rollback("ann", 1)
    assert back.version == 3
    assert torch.equal(memories.store.get("ann").slots, memories.store.get("ann", 1).slots)
    again = memories.remember("ann", History(HISTORY.sessions[1:2]), refine_steps=0)
    assert again.sessions_added == 1, "what came after the old version counts as new again"


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_backbone(tmp_path_factory.mktemp("backbone"))


class TestCommands:
    @pytest.fixture
    def lpm(self, backbone: Path, tmp_path: Path, capsys):
        lines = [
            {"session": s.session_id, "time": str(s.time), "role": t.role, "content": t.content}
            for s in HISTORY.sessions
            for t in s.turns
        ]
        (tmp_path / "h.jsonl").write_text("\n".join(map(json.dumps, lines)))

        def call(*arguments: object, status: int = 0, model: bool = True) -> str:
            options = ["--home", tmp_path / "home"]
            options += ["--backbone", backbone] if model else []
            with pytest.raises(SystemExit) as ended:
                run([str(argument) for argument in (*arguments, *options)])
            assert int(ended.value.code or 0) == status
            captured = capsys.readouterr()
            return captured.out if status == 0 else captured.err

        call("remember", "ann", tmp_path / "h.jsonl", "--refine-steps", 0)
        return call

    def test_forget_asks_shows_and_writes_a_receipt(self, lpm, tmp_path: Path):
        assert "cannot be undone" in lpm("forget", "ann", "--about", "zeppelin", status=2)
        said = lpm("forget", "ann", "--about", "zeppelin", "--dry-run")
        assert "would be forgotten" in said
        file = tmp_path / "receipt.json"
        lpm("forget", "ann", "--about", "zeppelin", "--yes", "--receipt", file)
        receipt = json.loads(file.read_text())
        assert receipt["sessions_removed"] == ["s3"] and not receipt["dry_run"]
        assert "does not exist" in lpm(
            "forget",
            "ann",
            "--session",
            "s1",
            "--yes",
            "--receipt",
            tmp_path / "no" / "r",
            status=2,
        )
        assert "not both" in lpm("forget", "ann", "--session", "s1", "--about", "tea", status=2)
        done = json.loads(lpm("forget", "ann", "--yes", "--json"))
        assert done["scope"] == "user" and done["versions_removed"] == 1

    def test_versions(self, lpm, tmp_path: Path):
        later = {"session": "s8", "role": "user", "content": "I adopted a greyhound called Pixel."}
        (tmp_path / "later.jsonl").write_text(json.dumps(later))
        said = lpm("remember", "ann", tmp_path / "later.jsonl", "--dry-run", "--refine-steps", 0)
        assert "would be version 2" in said and "1 new, 0 gone" in said
        lpm("remember", "ann", tmp_path / "later.jsonl", "--refine-steps", 0, "--keep-days", 0)
        log = json.loads(lpm("history", "ann", "--json", model=False))
        assert [item["session_ids"] for item in log] == [["s1", "s2", "s3"], ["s8"]]
        assert "1 slots came, 0 went" in lpm("diff", "ann", 1, model=False)
        assert "1 sessions were past" in lpm("expire")
        assert "not stored" in lpm("rollback", "ann", 7, status=2, model=False)
        lpm("rollback", "ann", 3, model=False)
        assert "s8" not in lpm("show", "ann", "--tell")

    def test_explain_with_an_answer(self, lpm):
        found = json.loads(
            lpm("explain", "ann", "Where do I work?", "--answer", "Gdansk", "--json")
        )
        assert all(isinstance(use["effect"], float) for use in found["slots"])

"""What is forgotten is gone; what stays, stays; and a receipt says which is which."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import torch

from lpm import remembering, revising
from lpm.cli.app import run
from lpm.errors import ExpiryError, InputError, OvertakenError, StoreError, UnknownUserError
from lpm.model import LatentPersonalMemory
from lpm.store import Draft, open_store
from lpm.store.user_rows import UserRows
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


def test_a_value_told_again_is_the_latest(memories):
    old, new = "I have moved to Porto for my new job.", "I have moved to Lisbon for my new job."
    told = [session(f"s{n}", text, day=n) for n, text in enumerate((old, new, old), start=1)]
    memories.remember("ann", History(tuple(told)), refine_steps=0)
    assert taught(memories) == {("s2", 0), ("s3", 0)}


def test_the_order_of_sessions_never_changes(memories):
    dated = [session("may", "I planted roses in May.", day=5), session("jan", WORK, day=1)]
    more = [session("undated", TEA), session("last", "I sold the old green boat.")]
    for one in (*dated, *more):
        memories.remember("ann", History((one,)), refine_steps=0, keep_history="full")
    assert [r.session_id for r in memories.store.get("ann").sessions] == [
        "jan", "may", "undated", "last"
    ]  # fmt: skip


def test_the_order_of_sessions_does_not_depend_on_what_is_kept_of_them(memories):
    texts = ("I live in Lisbon by the river.", "I moved to Porto last winter.", TEA)
    for number, (text, kept) in enumerate(zip(texts, ("full", "hashes", "full"), strict=True)):
        told = History((session(f"s{number}", text),))
        memories.remember("ann", told, refine_steps=0, keep_history=kept)
    assert [r.session_id for r in memories.store.get("ann").sessions] == ["s0", "s1", "s2"]


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
        assert "is a folder" in lpm("forget", "ann", "--yes", "--receipt", tmp_path, status=2)
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
        assert "1 sessions past their time were forgotten" in lpm("expire")
        assert "not stored" in lpm("rollback", "ann", 7, status=2, model=False)
        lpm("rollback", "ann", 3, model=False)
        assert "s8" not in lpm("show", "ann", "--tell")

    def test_explain_with_an_answer(self, lpm):
        found = json.loads(
            lpm("explain", "ann", "Where do I work?", "--answer", "Gdansk", "--json")
        )
        assert all(isinstance(use["effect"], float) for use in found["slots"])

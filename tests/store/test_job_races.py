"""A queue whose workers and askers meet over one job: its text is neither lost nor left behind."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from lpm.errors import OvertakenError
from lpm.store import Draft, queueing
from lpm.store.job_rows import kept_jobs, reseal_job

# SQLite lets one writer in at a time, so that only a real server can be in between.
SERVERS = pytest.mark.parametrize("kind", ["postgres", "postgres-sealed-objects-cached"])
TEXT = b"planted-queued-text"


def ask(store, user: str = "ann"):
    return store.queue.enqueue(user, "fit", lambda kept: Draft(TEXT, note=b"n"))


def claim(store):
    return store.queue.claim(lease_s=60)


def longer(kept, in_between=lambda: None):
    """Continue what waits, after something else was done; without it, begin anew."""
    waiting = [job.job_id for job in kept if job.state == "queued"]
    in_between()
    return Draft(TEXT + b"!", b"n", replaces=waiting[0] if waiting else None)


def once_chosen(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let something happen when a worker has chosen a job and not yet taken it."""
    choose, calls = queueing.next_due, itertools.count(1)

    def chosen(db, after):
        row = choose(db, after)
        # The first question only looks whether there is anything.
        if next(calls) == 2:
            assert row is not None
            act()
        return row

    monkeypatch.setattr(queueing, "next_due", chosen)


@SERVERS
def test_what_is_claimed_while_it_goes_on_becomes_two_jobs(opener, kind):
    store, other = opener(), opener()
    first = ask(store)
    tickets: list = []

    def claim_once() -> None:
        tickets.append(tickets[0] if tickets else claim(other))

    second = store.queue.enqueue("ann", "fit", lambda kept: longer(kept, claim_once))
    assert tickets[0].job_id == first.job_id != second.job_id
    assert store.queue.payload(tickets[0]) == TEXT
    store.queue.finish(tickets[0], "done")
    after = claim(store)
    assert after.job_id == second.job_id and store.queue.payload(after) == TEXT + b"!"
    store.queue.finish(after, "done")
    assert [job.has_text for job in store.queue.jobs()] == [False, False]


@SERVERS
@pytest.mark.parametrize("end", ["cancelled", "done"])
def test_what_ends_while_it_goes_on_keeps_no_text(opener, kind, end):
    store, other = opener(), opener()
    first = ask(store)

    def end_it() -> None:
        if end == "cancelled":
            other.queue.cancel(first.job_id)
        elif (ticket := claim(other)) is not None:
            other.queue.finish(ticket, "done")

    second = store.queue.enqueue("ann", "fit", lambda kept: longer(kept, end_it))
    assert second.job_id != first.job_id
    old = store.queue.job(first.job_id)
    assert (old.state, old.has_text) == (end, False)
    assert store.queue.payload(claim(store)) == TEXT + b"!"


def test_a_draft_never_takes_the_place_of_a_job_that_runs(store):
    asked = ask(store)
    ticket = claim(store)
    calls = iter([asked.job_id, None])
    made = store.queue.enqueue("ann", "fit", lambda kept: Draft(b"2", replaces=next(calls)))
    assert made.job_id != asked.job_id and made.state == "queued"
    assert store.queue.payload(ticket) == TEXT
    with pytest.raises(OvertakenError, match="ann"):
        store.queue.enqueue("ann", "fit", lambda kept: Draft(b"3", replaces=asked.job_id))
    assert store.queue.payload(ticket) == TEXT
    assert store.queue.job(asked.job_id).state == "running"
    assert store.queue.num_waiting() == 2


@SERVERS
def test_a_job_that_ends_while_it_is_chosen_stays_at_its_end(opener, kind, monkeypatch):
    store, other = opener(), opener()
    ended, next_one = ask(store), ask(store, "bob")
    once_chosen(monkeypatch, lambda: other.queue.cancel(ended.job_id))
    assert claim(store).job_id == next_one.job_id
    assert store.queue.job(ended.job_id).state == "cancelled"


@SERVERS
def test_a_job_that_is_put_off_while_it_is_chosen_waits(opener, kind, monkeypatch):
    store, other = opener(), opener()
    asked = ask(store)
    later = datetime.now(UTC) + timedelta(hours=1)

    def put_off() -> None:
        longer = Draft(TEXT, due_at=later, replaces=asked.job_id)
        other.queue.enqueue("ann", "fit", lambda kept: longer)

    once_chosen(monkeypatch, put_off)
    assert claim(store) is None
    assert store.queue.job(asked.job_id).state == "queued"


@SERVERS
def test_a_worker_that_ends_late_is_not_overtaken_by_who_takes_its_job_up(
    opener, kind, monkeypatch
):
    store, other = opener(), opener()
    asked = ask(store)
    late = store.queue.claim(lease_s=-1)
    once_chosen(monkeypatch, lambda: other.queue.finish(late, "done"))
    assert claim(store) is None
    told = store.queue.job(asked.job_id)
    assert (told.state, told.has_text) == ("done", False)


@SERVERS
def test_sealing_anew_brings_no_text_back(opener, kind):
    store, other = opener(), opener()
    asked = ask(store)
    inner = getattr(store, "_store", store)
    with inner._writing("changed", "ann") as rows:
        (kept,) = kept_jobs(rows)
        other.queue.cancel(asked.job_id)
        reseal_job(rows, kept)
    assert not store.queue.job(asked.job_id).has_text
    with inner._writing("changed", "ann") as rows:
        assert kept_jobs(rows) == []


def test_a_job_says_whether_it_still_holds_text(store):
    asked = ask(store)
    assert asked.has_text and store.queue.job(asked.job_id).has_text
    ticket = claim(store)
    assert [job.has_text for job in store.queue.jobs(user="ann")] == [True]
    store.queue.finish(ticket, "done")
    assert not store.queue.job(asked.job_id).has_text

"""Remembering in the background: acknowledged at once, told step by step, stopped, never lost."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import pytest
from running_server import ANN, BOB, ask, running, said

from lpm.errors import StoreError
from lpm.model import LatentPersonalMemory


def fit(
    client: httpx.Client, user: str, text: str = ANN, refine: int = 0, **options: object
) -> httpx.Response:
    # With replies there is something to fit.
    turns = [text, "I see. Tell me more.", "That is all.", "Thank you."]
    roles = ["user", "assistant"] * 2
    said = [{"role": role, "content": turn} for role, turn in zip(roles, turns, strict=True)]
    session = {"session_id": "s1", "messages": said if refine else said[:1]}
    body = {"sessions": [session], "refine_steps": refine, **options}
    return client.post(f"/v1/memories/{user}/jobs", json=body)


def until(client: httpx.Client, job: str, good: Callable[[dict], bool], within_s: float = 30):
    deadline = time.monotonic() + within_s
    while not good(told := client.get(f"/v1/jobs/{job}").json()):
        assert time.monotonic() < deadline, told
        time.sleep(0.02)
    return told


def ended(job: dict) -> bool:
    return job["state"] in ("done", "failed", "cancelled")


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every step of a fit take a while."""
    plain = LatentPersonalMemory.remember

    def remember(self, *arguments, progress=None, **options):
        def told(step: int, steps: int, loss: float) -> None:
            time.sleep(0.05)
            if progress:
                progress(step, steps, loss)

        return plain(self, *arguments, progress=told, **options)

    monkeypatch.setattr(LatentPersonalMemory, "remember", remember)


def test_a_job_writes_the_memory_that_the_call_would_have_written(server, client, teach):
    teach("direct", ANN)
    asked = fit(client, "later")
    assert asked.status_code == 202 and asked.json()["state"] == "queued"
    done = until(client, asked.json()["job_id"], ended)
    assert (done["state"], done["version"], done["error"]) == ("done", 1, None)
    memories = server.service.memories("north").store
    assert memories.get("later").slots.equal(memories.get("direct").slots)
    again = until(client, fit(client, "later").json()["job_id"], ended)
    assert again["state"] == "done" and memories.get("later").version == 1


def test_progress_is_told_and_a_fit_can_be_stopped(server, client, slow):
    asked = fit(client, "long", refine=2000).json()
    told = until(client, asked["job_id"], lambda job: job["step"] > 0)
    assert told["state"] == "running" and told["steps"] == 2000 and told["loss"] > 0
    assert client.delete(f"/v1/jobs/{asked['job_id']}").json()["state"] == "cancelled"
    next_one = until(client, fit(client, "short").json()["job_id"], ended)
    assert next_one["state"] == "done"
    assert client.get(f"/v1/jobs/{asked['job_id']}").json()["state"] == "cancelled"
    assert client.get("/v1/memories/long").status_code == 404


def test_erasing_a_user_stops_their_jobs_and_nothing_comes_back(server, client, slow):
    running_one = fit(client, "gone", refine=2000).json()["job_id"]
    until(client, running_one, lambda job: job["step"] > 0)
    waiting = fit(client, "gone", BOB).json()["job_id"]
    assert client.delete("/v1/memories/gone").status_code == 200
    until(client, fit(client, "after").json()["job_id"], ended)
    for job in (running_one, waiting):
        assert client.get(f"/v1/jobs/{job}").status_code == 404
    assert client.get("/v1/memories/gone").status_code == 404


def test_text_that_teaches_nothing_is_refused_at_once_and_failures_are_one_sentence(client):
    for messages in (
        [{"role": "assistant", "content": "Hello"}],
        [{"role": "user", "content": "a\u0000b"}],
    ):
        body = {"sessions": [{"session_id": "s", "messages": messages}]}
        assert client.post("/v1/memories/ann/jobs", json=body).status_code == 400
    assert fit(client, "ann", dry_run=True).status_code == 400
    failed = until(client, fit(client, "ann", " \n ").json()["job_id"], ended)
    assert failed["state"] == "failed" and failed["error"].endswith("nothing to learn.")


def test_nobody_sees_or_stops_anothers_jobs(server, client):
    job = fit(client, "kim").json()["job_id"]
    _, bound = server.keys.create("north", user="lou")
    for key in (server.south, bound):
        with server.client(key) as other:
            absent = other.get("/v1/jobs/nothing")
            for answer in (other.get(f"/v1/jobs/{job}"), other.delete(f"/v1/jobs/{job}")):
                assert answer.status_code == absent.status_code == 404
                assert answer.text.replace(job, "nothing") == absent.text
            assert job not in other.get("/v1/jobs").text
    with server.client(bound) as lou:
        assert fit(lou, "kim").status_code == lou.get("/v1/jobs?user=kim").status_code == 404
        own = fit(lou, "lou").json()["job_id"]
        assert [item["job_id"] for item in lou.get("/v1/jobs").json()["data"]] == [own]
    assert until(client, job, ended)["state"] == "done"


def test_lists_have_pages(client):
    made = [fit(client, "pia", f"I own {n} boats.").json()["job_id"] for n in range(3)]
    first = client.get("/v1/jobs", params={"user": "pia", "limit": 2}).json()
    assert [job["job_id"] for job in first["data"]] == made[:0:-1] and first["has_more"]
    rest = client.get("/v1/jobs", params={"user": "pia", "after": made[1]}).json()
    assert [job["job_id"] for job in rest["data"]] == made[:1] and not rest["has_more"]


def test_what_a_server_left_undone_the_next_one_does(tmp_path):
    with running(tmp_path, workers=0, max_jobs=2) as server, server.client() as client:
        jobs = [fit(client, user, text).json()["job_id"] for user, text in (("a", ANN), ("b", BOB))]
        full = fit(client, "c")
        assert full.status_code == 429 and full.headers["retry-after"]
        assert client.get("/v1/memories/a").status_code == 404
        refused = client.delete("/v1/memories/a", params={"about": "tea"})
        assert refused.status_code == 409 and "1 jobs" in refused.json()["error"]["message"]
        ticket = server.service.store.queue.claim(lease_s=-1)
        assert ticket.job_id == jobs[0]
    with running(tmp_path) as server, server.client() as client:
        for job in jobs:
            assert until(client, job, ended)["state"] == "done"
        expected = server.service.memories("north").answer("b", "Where?", max_new_tokens=6).text
        assert said(ask(client, "b", "Where?")).strip() == expected


def test_a_stop_puts_a_running_fit_back(tmp_path, slow):
    with running(tmp_path) as server, server.client() as client:
        job = fit(client, "ann", refine=2000).json()["job_id"]
        until(client, job, lambda told: told["step"] > 0)
    with running(tmp_path, workers=0) as server, server.client() as client:
        told = client.get(f"/v1/jobs/{job}").json()
        assert told["state"] == "queued" and "begins anew" in told["error"]


def test_a_passing_failure_is_tried_again(tmp_path, monkeypatch):
    plain, failures = LatentPersonalMemory.remember, iter([StoreError("The disk is full."), None])

    def remember(self, *arguments, **options):
        if (failure := next(failures, None)) is not None:
            raise failure
        return plain(self, *arguments, **options)

    monkeypatch.setattr(LatentPersonalMemory, "remember", remember)
    with running(tmp_path) as server, server.client() as client:
        job = fit(client, "ann").json()["job_id"]
        told = until(client, job, lambda told: told["error"] is not None)
        assert told["error"] == "The disk is full."
        assert until(client, job, ended)["state"] == "done"

"""History files over HTTP, the sessions that are kept, and changes between versions."""

from __future__ import annotations

import json
import time

import pytest
from running_server import ANN, BOB

LINES = [
    {"session": "monday", "time": "2024-03-04", "role": "user", "content": ANN},
    {"session": "monday", "role": "assistant", "content": "Noted."},
    {"session": "friday", "time": "2024-03-08", "role": "user", "content": BOB},
]
FILE = "\n".join(json.dumps(line) for line in LINES).encode()
QUICK = {"refine_steps": 0}


def test_a_file_is_remembered_as_its_sessions(client):
    tried = client.post(
        "/v1/memories/fay/file-sessions", content=FILE, params=QUICK | {"dry_run": True}
    ).json()
    assert tried["dry_run"] and tried["sessions_added"] == 2
    assert client.get("/v1/memories/fay").status_code == 404
    told = client.post("/v1/memories/fay/file-sessions", content=FILE, params=QUICK)
    assert told.status_code == 201
    assert told.json()["num_slots"] == told.json()["slots_added"] == tried["slots_added"]
    again = client.post("/v1/memories/fay/file-sessions", content=FILE, params=QUICK).json()
    assert (again["version"], again["sessions_added"], again["sessions_skipped"]) == (1, 0, 2)


def test_kept_sessions_come_with_their_text_in_pages(client):
    client.post("/v1/memories/gus/file-sessions", content=FILE, params=QUICK)
    first = client.get("/v1/memories/gus/sessions", params={"limit": 1}).json()
    assert first["has_more"] and [item["session_id"] for item in first["data"]] == ["monday"]
    assert first["data"][0]["turns"] == [
        {"role": "user", "content": ANN},
        {"role": "assistant", "content": "Noted."},
    ]
    rest = client.get("/v1/memories/gus/sessions", params={"offset": 1}).json()
    assert not rest["has_more"] and [item["session_id"] for item in rest["data"]] == ["friday"]


def test_text_that_was_not_to_be_kept_is_not_there(client):
    kept = QUICK | {"keep_history": "hashes"}
    client.post("/v1/memories/hal/file-sessions", content=FILE, params=kept)
    (monday, friday) = client.get("/v1/memories/hal/sessions").json()["data"]
    assert monday["turns"] is friday["turns"] is None and not monday["has_text"]


def test_versions_can_be_compared(client, teach):
    teach("ivy", ANN)
    teach("ivy", BOB, session="s2")
    found = client.get("/v1/memories/ivy/diff", params={"old": 1, "new": 2}).json()
    assert found["sessions_added"] == ["s2"] and found["came"] and not found["went"]
    shown = client.get("/v1/memories/ivy").json()["slots"]
    assert len(found["came"]) + len(found["stayed"]) == len(shown)


def test_slots_are_put_into_words_on_request(client, teach):
    teach("jon", ANN)
    assert {slot["told"] for slot in client.get("/v1/memories/jon").json()["slots"]} == {None}
    told = client.get("/v1/memories/jon", params={"tell": True}).json()["slots"]
    assert all(isinstance(slot["told"], str) for slot in told)


@pytest.mark.parametrize(
    ("content", "params", "sentence"),
    [
        (b"not json", {"name": "notes.txt"}, "'notes.txt', line 1, is not JSON"),
        (b'{"role": "bot", "content": "x"}', {"name": "c.jsonl"}, "the unknown role 'bot'"),
        (b"", {}, "is empty"),
        (b" \n", {}, "'history' is empty"),
        (b"PK\x03\x04", {"name": "a.zip"}, "'a.zip' is a ZIP archive"),
        (b"\xff\xfe{", {}, "UTF-16"),
        (FILE, {"select": "1"}, "`select` has no meaning"),
        (FILE, {"speaker": "Ana"}, "`speaker` has no meaning"),
        (FILE, {"name": "x" * 201}, "`query.name`"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_sentence(client, content, params, sentence):
    answer = client.post("/v1/memories/kay/file-sessions", content=content, params=params)
    assert answer.status_code == 400
    assert sentence in answer.json()["error"]["message"]
    assert "/tmp" not in answer.text
    assert client.get("/v1/memories/kay").status_code == 404


def test_a_file_can_be_remembered_in_the_background(client):
    queued = client.post("/v1/memories/ned/file-jobs", content=FILE, params=QUICK)
    assert queued.status_code == 202
    path = f"/v1/jobs/{queued.json()['job_id']}"
    deadline = time.monotonic() + 30
    while (job := client.get(path).json())["state"] in ("queued", "running"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert (job["state"], job["version"]) == ("done", 1)
    assert client.get("/v1/memories/ned").json()["summary"]["num_sessions"] == 2


@pytest.mark.parametrize(
    ("content", "params", "sentence"),
    [
        (b"not json", {"name": "notes.txt"}, "'notes.txt', line 1, is not JSON"),
        (FILE, {"dry_run": True}, "A job has no `dry_run`"),
        (
            b'{"role": "user", "content": "' + 100_001 * b"x" + b'"}',
            {"name": "long.jsonl"},
            "'long.jsonl' holds what is too much for one request",
        ),
    ],
)
def test_a_file_that_would_fail_later_is_not_queued(client, content, params, sentence):
    answer = client.post("/v1/memories/pia/file-jobs", content=content, params=params)
    assert answer.status_code == 400 and sentence in answer.json()["error"]["message"]
    assert client.get("/v1/jobs", params={"user": "pia"}).json()["data"] == []


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_the_type_that_a_client_names_does_not_matter(client, kind):
    path = f"/v1/memories/liv-{kind.rpartition('-')[2].rpartition('/')[2]}/file-sessions"
    answer = client.post(path, content=FILE, params=QUICK, headers={"Content-Type": kind})
    assert answer.status_code == 201


def test_a_file_over_the_limit_is_not_read(server, client):
    most = server.service.settings.max_body_bytes
    answer = client.post("/v1/memories/lea/file-sessions", content=b" " * (most + 1))
    assert answer.status_code == 413


def test_only_a_key_of_the_user_reaches_them(server, client):
    client.post("/v1/memories/max/file-sessions", content=FILE, params=QUICK)
    _, other = server.keys.create("north", user="someone-else")
    for key, status in ((server.south, 404), (other, 404), ("lpm_wrong", 401)):
        with server.client(key) as stranger:
            for path in ("sessions", "diff?old=1"):
                assert stranger.get(f"/v1/memories/max/{path}").status_code == status
    with server.client(other) as stranger:
        answer = stranger.post("/v1/memories/max/file-sessions", content=FILE)
        assert answer.status_code == 404

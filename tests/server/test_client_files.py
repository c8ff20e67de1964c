"""What the client asks of history files, kept sessions and slots put into words."""

from __future__ import annotations

import asyncio
import inspect
import json

import pytest
from running_server import ANN, BOB

from lpm.client import AsyncClient, Client, ServerError
from lpm.errors import InputError, UnknownUserError

LINES = [
    {"session": "monday", "time": "2024-03-04", "role": "user", "content": ANN},
    {"session": "tuesday", "role": "user", "content": "I keep bees."},
    {"session": "friday", "time": "2024-03-08", "role": "user", "content": BOB},
]
FILE = "\n".join(json.dumps(line) for line in LINES).encode()
FRIENDS = json.dumps(
    [
        {
            "sample_id": f"talk-{number}",
            "conversation": {
                "speaker_a": "Ana",
                "speaker_b": "Ben",
                "session_1": [
                    {"speaker": "Ana", "dia_id": "D1:1", "text": f"I own {number} canoes."},
                    {"speaker": "Ben", "dia_id": "D1:2", "text": "I keep bees in Faro."},
                ],
            },
        }
        for number in (1, 2)
    ]
).encode()


def test_a_history_file_is_tried_remembered_and_listed(server, monkeypatch):
    monkeypatch.setattr("lpm.client.requests.PAGE", 2)
    with Client(server.url, server.north) as memories:
        tried = memories.remember_file("fay/1", FILE, refine_steps=0, dry_run=True)
        assert tried["dry_run"] and tried["sessions_added"] == 3
        made = memories.remember_file("fay/1", FILE, name="notes.jsonl", refine_steps=0)
        assert (made["version"], made["sessions_added"]) == (1, 3)
        kept = list(memories.sessions("fay/1"))
        assert [item["session_id"] for item in kept] == ["monday", "tuesday", "friday"]
        assert kept[0]["turns"] == [{"role": "user", "content": ANN}]


def test_every_option_of_a_file_arrives(server):
    with Client(server.url, server.north) as memories:
        memories.remember_file(
            "gus",
            FILE,
            refine_steps=0,
            keep_history="hashes",
            expires_at="2999-01-01T00:00:00Z",
        )
        kept = list(memories.sessions("gus"))
        assert {item["has_text"] for item in kept} == {False}
        assert {item["expires_at"] for item in kept} == {"2999-01-01T00:00:00Z"}
        told = {"name": "talks.json", "select": "talk-2", "speaker": "Ben"}
        memories.remember_file("hal", FRIENDS, **told, refine_steps=0)
        (only,) = memories.sessions("hal")
        assert only["turns"] == [
            {"role": "assistant", "content": "I own 2 canoes."},
            {"role": "user", "content": "I keep bees in Faro."},
        ]
        for wrong in ({"speaker": "Zoë"}, {"select": "talk-3"}):
            for ask in (memories.remember_file, memories.queue_file):
                with pytest.raises(InputError, match=r"talks\.json"):
                    ask("ida", FRIENDS, **told | wrong)
        with pytest.raises(UnknownUserError, match="ida"):
            list(memories.sessions("ida"))


def test_a_file_is_queued_and_slots_are_told_on_request(server):
    with Client(server.url, server.north) as memories:
        job = memories.queue_file("jo", FILE, name="notes.jsonl", refine_steps=0)
        assert memories.wait(job["job_id"], poll_s=0.02)["version"] == 1
        assert {slot["told"] for slot in memories.show("jo")["slots"]} == {None}
        told = memories.show("jo", tell=True)["slots"]
        assert told and all(isinstance(slot["told"], str) for slot in told)
        with pytest.raises(InputError, match=r"'x\.txt'"):
            memories.queue_file("jo", b"\0", name="x.txt")
    with Client(server.url, "lpm_wrong") as nobody, pytest.raises(ServerError, match="key"):
        nobody.queue_file("jo", FILE)


def test_the_same_with_asyncio(server, monkeypatch):
    monkeypatch.setattr("lpm.client.requests.PAGE", 2)

    async def life() -> list[str]:
        async with AsyncClient(server.url, server.north) as memories:
            assert (await memories.remember_file("kim", FILE, refine_steps=0))["version"] == 1
            job = await memories.queue_file("lou", FILE, refine_steps=0)
            assert (await memories.wait(job["job_id"], poll_s=0.02))["state"] == "done"
            shown = await memories.show("lou", tell=True)
            assert all(isinstance(slot["told"], str) for slot in shown["slots"])
            return [item["session_id"] async for item in memories.sessions("kim")]

    assert asyncio.run(life()) == ["monday", "tuesday", "friday"]


def test_every_request_of_the_api_is_one_of_the_client(server):
    """Each memory route that the server describes has a method, with all it takes."""
    asked = {
        "get /v1/memories": "users",
        "post /v1/memories/{user}/sessions": "remember",
        "post /v1/memories/{user}/file-sessions": "remember_file",
        "post /v1/memories/{user}/file-jobs": "queue_file",
        "get /v1/memories/{user}/sessions": "sessions",
        "get /v1/memories/{user}": "show",
        "post /v1/memories/{user}/explain": "explain",
        "get /v1/memories/{user}/versions": "versions",
        "post /v1/memories/{user}/rollback": "rollback",
        "get /v1/memories/{user}/diff": "diff",
        "post /v1/memories/{user}/jobs": "queue",
        "get /v1/jobs": "jobs",
        "get /v1/jobs/{job_id}": "job",
        "delete /v1/jobs/{job_id}": "cancel",
        "get /v1/memories/{user}/file": "export",
        "put /v1/memories/{user}/file": "import_",
        "delete /v1/memories/{user}": "forget",
    }
    with server.client() as client:
        paths = client.get("/openapi.json").json()["paths"]
    described = {
        f"{method} {path}": operation
        for path, methods in paths.items()
        for method, operation in methods.items()
        if path.startswith(("/v1/memories", "/v1/jobs"))
    }
    assert described.keys() == asked.keys()
    # A list yields all its pages, and a job is never tried.
    own = {"after", "limit", "offset"}
    for route, name in asked.items():
        taken = {item["name"] for item in described[route].get("parameters", ())} - own
        if name == "queue_file":
            taken -= {"dry_run"}
        for kind in (Client, AsyncClient):
            assert taken <= {*inspect.signature(getattr(kind, name)).parameters}, route

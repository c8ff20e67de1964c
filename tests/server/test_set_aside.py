"""Text that no worker will ever learn is not forgotten by the way, so forgetting asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from running_server import ANN, running

from lpm.store.queueing import MAX_CRASHES

SECRET = "My knee hurts since the planted-accident."


def planted(folder: Path) -> bool:
    return any(b"planted-accident" in p.read_bytes() for p in folder.rglob("*") if p.is_file())


def body(text: str) -> dict:
    said = {"session_id": "s1", "messages": [{"role": "user", "content": text}]}
    return {"sessions": [said], "refine_steps": 0}


@pytest.mark.parametrize("what", [{"about": "tea"}, {"session": "s1"}])
def test_what_a_job_set_aside_holds_must_go_before_a_part_is_forgotten(tmp_path, monkeypatch, what):
    monkeypatch.setattr("lpm.store.queueing.CRASH_WAITS_S", (0.0,) * MAX_CRASHES)
    with running(tmp_path, workers=0) as server, server.client() as client:
        for user in ("ann", "bob"):
            assert client.post(f"/v1/memories/{user}/sessions", json=body(ANN)).status_code == 201
        job = client.post("/v1/memories/ann/jobs", json=body(SECRET)).json()
        assert job["has_text"]
        for _ in range(MAX_CRASHES + 1):
            assert server.service.store.queue.claim(lease_s=-1).job_id == job["job_id"]
        assert server.service.store.queue.claim(lease_s=-1) is None
        told = client.get(f"/v1/jobs/{job['job_id']}").json()
        assert told["state"] == "failed" and told["has_text"]
        refused = client.delete("/v1/memories/ann", params=what)
        assert refused.status_code == 409
        message = refused.json()["error"]["message"]
        assert f"DELETE /v1/jobs/{job['job_id']}" in message and "planted" not in message
        assert client.delete("/v1/memories/bob", params=what).status_code == 200
        dropped = client.delete(f"/v1/jobs/{job['job_id']}").json()
        assert dropped["state"] == "cancelled" and not dropped["has_text"]
        assert client.delete("/v1/memories/ann", params=what).status_code == 200
        assert not planted(tmp_path)


def test_a_job_that_failed_without_its_text_is_in_nobodys_way(tmp_path):
    with running(tmp_path, workers=0) as server, server.client() as client:
        assert client.post("/v1/memories/ann/sessions", json=body(ANN)).status_code == 201
        client.post("/v1/memories/ann/jobs", json=body(SECRET))
        queue = server.service.store.queue
        queue.finish(queue.claim(lease_s=60), "failed", "no words")
        (job,) = client.get("/v1/jobs").json()["data"]
        assert (job["state"], job["has_text"]) == ("failed", False)
        assert client.delete("/v1/memories/ann", params={"about": "tea"}).status_code == 200
        assert not planted(tmp_path)


@pytest.mark.parametrize("expires_at", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_no_store_can_hold_is_not_queued(tmp_path, expires_at):
    with running(tmp_path, workers=0) as server, server.client() as client:
        refused = client.post("/v1/memories/ann/jobs", json=body(ANN) | {"expires_at": expires_at})
        assert refused.status_code == 400
        assert "expires_at" in refused.json()["error"]["message"]
        line = b'{"role": "user", "content": "I keep bees."}'
        refused = client.post(
            "/v1/memories/ann/file-jobs", content=line, params={"expires_at": expires_at}
        )
        assert refused.status_code == 400
        assert client.get("/v1/jobs").json()["data"] == []

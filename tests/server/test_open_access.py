"""Without keys all are the default tenant, and its limits hold for all."""

from __future__ import annotations

import time

import httpx
from running_server import ask, running


def test_a_tenants_requests_are_limited_without_keys_too(tmp_path):
    with (
        running(tmp_path, open_access=True, tenant_requests_per_minute=2) as server,
        httpx.Client(base_url=server.url) as client,
    ):
        answers = [client.get(path) for path in ("/v1/models", "/v1/memories", "/v1/jobs")]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert [a.headers["x-ratelimit-remaining-requests"] for a in answers] == ["1", "0", "0"]
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert client.get("/healthz").status_code == client.get("/").status_code == 200


def test_a_tenants_tokens_are_limited_without_keys_too(tmp_path):
    with (
        running(tmp_path, open_access=True, tenant_tokens_per_day=120) as server,
        httpx.Client(base_url=server.url) as client,
    ):
        used = ask(client, None, "Hello there").json()["usage"]["total_tokens"]
        deadline = time.monotonic() + 20
        while client.get("/v1/models").headers["x-ratelimit-remaining-tokens"] != str(120 - used):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert ask(client, None, "word " * 60).status_code == 429


def test_without_limits_nothing_is_counted(tmp_path):
    with (
        running(tmp_path, open_access=True) as server,
        httpx.Client(base_url=server.url) as client,
    ):
        answers = [client.get("/v1/models") for _ in range(4)]
        assert {answer.status_code for answer in answers} == {200}
        assert not [name for name in answers[0].headers if name.startswith("x-ratelimit")]

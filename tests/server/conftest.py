"""One server a test file, with a tenant to call as."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest
from running_server import Running, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("server")) as made:
        yield made


@pytest.fixture
def client(server: Running) -> Iterator[httpx.Client]:
    with server.client() as made:
        yield made


@pytest.fixture
def teach(server: Running) -> Callable[..., dict[str, object]]:
    def call(user: str, text: str, key: str | None = None, session: str = "s1") -> dict:
        body = {
            "sessions": [{"session_id": session, "messages": [{"role": "user", "content": text}]}],
            "refine_steps": 0,
        }
        with server.client(key) as client:
            response = client.post(f"/v1/memories/{user}/sessions", json=body)
        assert response.status_code == 201, response.text
        return response.json()

    return call

"""A real server on loopback with a tiny backbone of random weights."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

pytest.importorskip("fastapi", reason="needs the extra `server`")

import uvicorn

from lpm.modeling import LPMModel
from lpm.server.app import build_service, create_app
from lpm.server.keys import KeyStore
from lpm.server.service import Service
from lpm.server.settings import ServerSettings
from lpm.store import open_store
from lpm.testing import tiny_backbone, tiny_model

ANN = "My sister Lena lives in Leipzig. I like green tea."
BOB = "I work as a boat builder in Gdansk these days."


@dataclass
class Running:
    """A server, its address and a key for each of two tenants."""

    url: str
    service: Service
    keys: KeyStore
    north: str
    south: str

    def client(self, key: str | None = None, **headers: str) -> httpx.Client:
        """Return an HTTP client that calls with a key, that of `north` by default."""
        authorization = {"Authorization": f"Bearer {self.north if key is None else key}"}
        return httpx.Client(base_url=self.url, headers=authorization | headers, timeout=60)


@contextmanager
def running(
    folder: Path, *, model: LPMModel | None = None, **settings: object
) -> Iterator[Running]:
    """Serve from a folder until the block ends; a tiny model unless another is given."""
    keys = KeyStore(folder / "keys.json")
    (_, north), (_, south) = keys.create("north"), keys.create("south")
    given = ServerSettings(keys=keys.path, max_tokens=64, **settings)  # type: ignore[arg-type]
    store = open_store(folder / "home", hot_bytes=2**20)
    service = build_service(given, store=store, model=model or tiny_model(tiny_backbone()))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(create_app(service), host="127.0.0.1", port=port, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < deadline and thread.is_alive(), "the server did not start"
        time.sleep(0.02)
    try:
        yield Running(url, service, keys, north, south)
    finally:
        server.should_exit = True
        thread.join(30)


def ask(client: httpx.Client, user: str | None, text: str, **more: object) -> httpx.Response:
    """Ask one question by chat."""
    body = {"model": "tiny-qwen3", "messages": [{"role": "user", "content": text}], **more}
    if user is not None:
        body["user"] = user
    return client.post("/v1/chat/completions", json={"max_tokens": 6, **body})


def said(response: httpx.Response) -> str:
    """Return the text of a chat answer."""
    assert response.status_code == 200, response.text
    return response.json()["choices"][0]["message"]["content"]

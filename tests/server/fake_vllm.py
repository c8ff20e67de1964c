"""A stand-in for vLLM's server: its wire format and its failures, over a tiny backbone, greedy.

Real vLLM is tested by `make test-vllm`.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch

pytest.importorskip("fastapi", reason="needs the extra `server`")

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from lpm.backbone import Backbone

KEY = "the-engines-own-key"


class FakeVllm:
    """One server. `failing` chooses what goes wrong; `bodies` are the completions asked for,
    `held` lets answers end, `left` counts the streams that were left early."""

    def __init__(self, backbone: Backbone) -> None:
        self.backbone = backbone
        self.url = ""
        self.failing: str | int | None = None
        self.open_to_all = False
        self.models = ["tiny-qwen3"]
        self.held = threading.Event()
        self.held.set()
        self.bodies: list[dict[str, Any]] = []
        self.left = 0

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/v1/models")
        def models(request: Request) -> Response:
            if refused := self._refused(request):
                return refused
            listed = [{"id": name, "max_model_len": 512} for name in self.models]
            return JSONResponse({"object": "list", "data": listed})

        @app.post("/v1/completions")
        async def completions(request: Request) -> Response:
            if refused := self._refused(request):
                return refused
            body = await request.json()
            self.bodies.append(body)
            if self.failing == "no embeds" and "prompt_embeds" in body:
                words = "You must set `--enable-prompt-embeds` to input `prompt_embeds`."
                return JSONResponse({"error": {"message": words}}, 400)
            if isinstance(self.failing, int):
                return JSONResponse({"error": {"message": "secret words"}}, self.failing)
            if self.failing == "no json":
                return Response("secret words")
            if self.failing == "other json":
                return JSONResponse({"choices": [{"index": 0, "text": "secret words"}]})
            tokens = self._answer(body)
            if body["stream"]:
                return StreamingResponse(self._events(tokens), media_type="text/event-stream")
            await self._while_held()
            return JSONResponse({"choices": [_choice(tokens, "length")]})

        return app

    def _refused(self, request: Request) -> Response | None:
        if self.open_to_all or request.headers.get("authorization") == f"Bearer {KEY}":
            return None
        return JSONResponse({"error": "Unauthorized"}, 401)

    def _answer(self, body: dict[str, Any]) -> list[int]:
        if body["prompt"] is None:
            data = base64.b64decode(body["prompt_embeds"])
            embeddings = torch.load(io.BytesIO(data), weights_only=True)[None]
        else:
            embeddings = self.backbone.embed(torch.tensor([body["prompt"]]))
        mask = torch.ones(embeddings.shape[:2], dtype=torch.bool)
        made = self.backbone.generate(embeddings, mask, max_new_tokens=body["max_tokens"])
        return made[0].tolist()

    async def _while_held(self) -> None:
        while not self.held.is_set():
            await asyncio.sleep(0.01)

    async def _events(self, tokens: list[int]) -> Any:
        try:
            for place, token in enumerate(tokens):
                if place == 2 and self.failing == "breaks off":
                    return
                if place == 2 and self.failing == "says error":
                    yield f"data: {json.dumps({'error': {'message': 'secret words'}})}\n\n"
                if place:
                    # Longer than the gateway lets tokens come together.
                    await asyncio.sleep(0.1 if place == 1 else 0)
                    await self._while_held()
                finish = "length" if place == len(tokens) - 1 else None
                yield f"data: {json.dumps({'choices': [_choice([token], finish)]})}\n\n"
            yield "data: [DONE]\n\n"
        except asyncio.CancelledError:
            self.left += 1
            raise


def _choice(tokens: list[int], finish: str | None) -> dict[str, Any]:
    return {"index": 0, "token_ids": tokens, "text": "", "finish_reason": finish}


@contextmanager
def fake_vllm(backbone: Backbone) -> Iterator[FakeVllm]:
    """Serve on loopback until the block ends."""
    fake = FakeVllm(backbone)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(fake.app(), host="127.0.0.1", port=port, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < deadline and thread.is_alive(), "the fake did not start"
        time.sleep(0.02)
    fake.url = f"http://127.0.0.1:{port}"
    try:
        yield fake
    finally:
        server.should_exit = True
        thread.join(30)

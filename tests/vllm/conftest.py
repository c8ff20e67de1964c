"""A real vLLM server, found by the environment, and engines for it and for comparison."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest
import torch
from heard import ASKED

pytest.importorskip("aiohttp", reason="needs the extra `server`")

from lpm.backbone import Backbone
from lpm.nn.injection import build_prompt
from lpm.server.engine import EngineConfig, EngineRequest
from lpm.server.local_engine import LocalEngine
from lpm.server.sampling import Sampling
from lpm.server.vllm_connection import VllmConfig
from lpm.server.vllm_engine import VllmEngine
from lpm.testing import tiny_backbone


@pytest.fixture(scope="session")
def address() -> VllmConfig:
    if "LPM_VLLM_URL" not in os.environ:
        pytest.skip("LPM_VLLM_URL is not set; `make test-vllm` starts a vLLM server and sets it")
    return VllmConfig(os.environ["LPM_VLLM_URL"], os.environ.get("LPM_VLLM_KEY"))


@pytest.fixture(scope="session")
def backbone() -> Backbone:
    """Return the weights that scripts/with_vllm.py serves, in this process."""
    return tiny_backbone(hidden_size=128)


@pytest.fixture(scope="session")
def local(backbone: Backbone) -> Iterator[LocalEngine]:
    made = LocalEngine(backbone)
    yield made
    made.stop()


@pytest.fixture
def ask_vllm(
    address: VllmConfig, backbone: Backbone
) -> Callable[[Callable[[VllmEngine], Awaitable[Any]]], Any]:
    """Return a function that runs a coroutine on an engine of its own."""

    def run(body: Callable[[VllmEngine], Awaitable[Any]]) -> Any:
        async def main() -> Any:
            engine = VllmEngine(backbone, address, EngineConfig(max_batch=32))
            try:
                return await body(engine)
            finally:
                await asyncio.to_thread(engine.stop, timeout_s=10)

        return asyncio.run(main())

    return run


@pytest.fixture(scope="session")
def make_request(backbone: Backbone) -> Callable[..., EngineRequest]:
    """Return a function that makes a user's question, with rows of their own where wanted."""

    def make(
        user: str,
        *,
        text: str = ASKED,
        rows: int | None = 5,
        seed: int = 0,
        n: int = 1,
        streamed: bool = True,
        **sampling: Any,
    ) -> EngineRequest:
        drawn = None
        if rows is not None:
            generator = torch.Generator().manual_seed(seed)
            drawn = torch.randn(rows, backbone.hidden_size, generator=generator)
            drawn *= backbone.embedding_rms
        prompt = build_prompt(
            backbone, [{"role": "user", "content": text}], "message", rows=rows is not None
        )
        chosen = Sampling(**({"max_tokens": 24, "logprobs": 2} | sampling))
        return EngineRequest("north", user, prompt, drawn, chosen, n, streamed)

    return make


@pytest.fixture
def figure(address: VllmConfig) -> Callable[[str], float]:
    """Return a function that reads one of vLLM's own counters."""

    def read(name: str) -> float:
        text = httpx.get(f"{address.url}/metrics", timeout=30).text
        lines = [line for line in text.splitlines() if line.startswith(f"{name}{{")]
        assert lines, f"vLLM has no figure {name}"
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    return read

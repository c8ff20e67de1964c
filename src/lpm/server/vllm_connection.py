"""HTTP to a vLLM server: its key, its limits, and what each of its failures means for us."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from lpm.errors import ConfigError, MissingExtraError
from lpm.server.engine import BusyError, EngineError, EngineUnavailableError

try:
    import aiohttp
except ImportError:
    raise MissingExtraError(
        "LPM_ENGINE=vllm needs an extra; run `pip install 'latent-personal-memory[server]'`."
    ) from None

MAX_ANSWER_BYTES = 64 * 2**20
_MAX_LINE_BYTES = 4 * 2**20
_CONNECT_S, _CHECK_S = 5.0, 20.0
# vLLM's server closes idle connections after 5 s; one about to be closed must not be used again.
_IDLE_S = 2.0
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class VllmConfig:
    """Where the engine is.

    url: its root, with or without /v1. key: its API key; may be absent on loopback only.
    cache_secret: keys the salts of its prefix cache, drawn at random when None; processes that
    share an engine share its cache when they share this. timeout_s: the longest silence.
    """

    url: str
    key: str | None = field(default=None, repr=False)
    cache_secret: bytes | None = field(default=None, repr=False)
    timeout_s: float = 600.0

    def root(self) -> str:
        """Return the address before /v1; ConfigError for one that is none, or open to others."""
        try:
            parts = urlsplit(self.url)
            good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            good = False
        if not good or parts.query or parts.fragment or "@" in parts.netloc:
            raise ConfigError(
                "LPM_VLLM_URL is no address of a server; give one such as http://127.0.0.1:8001."
            )
        if self.key is None and parts.hostname not in _LOOPBACK:
            raise ConfigError(
                "LPM_VLLM_URL is on another machine, but LPM_VLLM_KEY is not set; start the engine "
                "with --api-key and give that key, so that the gateway alone reaches it."
            )
        return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix('/v1')}"


class VllmConnection:
    """Keeps connections to the engine. Raises EngineError and its kin, and tells no address."""

    def __init__(self, config: VllmConfig) -> None:
        self._root = config.root()
        self._key = config.key
        self._timeout_s = config.timeout_s
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def models(self) -> list[dict[str, Any]]:
        """Return what the engine lists; EngineError when it lists it to others as well."""
        with _failures():
            async with self._new_session(_CHECK_S) as session:
                async with session.get(f"{self._root}/v1/models", allow_redirects=False) as answer:
                    await _check_status(answer)
                    found = parse(await _whole(answer)).get("data")
                if not isinstance(found, list):
                    raise EngineError("What lies at LPM_VLLM_URL is no vLLM server.")
                await self._check_closed(session)
                return found

    async def complete(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to a body of /v1/completions."""
        with _failures():
            async with self._completing(body) as answer:
                return parse(await _whole(answer))

    async def stream(
        self, body: dict[str, Any], interval_s: float
    ) -> AsyncGenerator[list[dict[str, Any]]]:
        """Yield the events of a streamed answer, those that are there together.

        interval_s: how long events are let come together after each time, the last time excepted.
        Leaving the iteration cancels the answer.
        """
        with _failures():
            async with self._completing(body) as answer:
                over = asyncio.Event()
                answer.content.on_eof(over.set)
                begun = b""
                async for part in answer.content.iter_any():
                    *lines, begun = (begun + part).split(b"\n")
                    if len(begun) > _MAX_LINE_BYTES:
                        raise EngineError("The engine sent a line without an end.")
                    if events := [parse(line[6:]) for line in lines if _is_event(line)]:
                        yield events
                    if interval_s:
                        with suppress(TimeoutError):
                            async with asyncio.timeout(interval_s):
                                await over.wait()

    def close(self) -> None:
        """Close the connections, from any thread but the one whose event loop uses them."""
        if self._session is not None and self._loop is not None and self._loop.is_running():
            asyncio.run_coroutine_threadsafe(self._session.close(), self._loop).result(5)

    @asynccontextmanager
    async def _completing(self, body: dict[str, Any]) -> AsyncIterator[aiohttp.ClientResponse]:
        url = f"{self._root}/v1/completions"
        async with self._kept_session().post(url, json=body, allow_redirects=False) as answer:
            await _check_status(answer)
            yield answer

    async def _check_closed(self, session: aiohttp.ClientSession) -> None:
        if self._key is None:
            return
        wrong = {"Authorization": "Bearer none"}
        url = f"{self._root}/v1/models"
        async with session.get(url, headers=wrong, allow_redirects=False) as answer:
            if answer.status not in (401, 403):
                raise EngineError(
                    "The engine answers without LPM_VLLM_KEY too; start it with --api-key."
                )

    def _kept_session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._loop = asyncio.get_running_loop()
            self._session = self._new_session(self._timeout_s)
        return self._session

    def _new_session(self, silence_s: float) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            headers={} if self._key is None else {"Authorization": f"Bearer {self._key}"},
            # Whoever calls bounds how many requests there are.
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(sock_connect=_CONNECT_S, sock_read=silence_s),
            read_bufsize=_MAX_LINE_BYTES // 2,
        )


def _is_event(line: bytes) -> bool:
    return line.startswith(b"data: ") and not line.startswith(b"data: [DONE]")


def parse(data: bytes) -> dict[str, Any]:
    """Return a JSON object; EngineError for anything else."""
    try:
        found = json.loads(data)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise EngineError("The engine's answer is no JSON object; is LPM_VLLM_URL a vLLM server?")
    return found


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise EngineUnavailableError(
            f"The engine cannot be reached ({type(error).__name__}); try again in a moment."
        ) from None


async def _whole(answer: aiohttp.ClientResponse) -> bytes:
    data = bytearray()
    async for part in answer.content.iter_any():
        data += part
        if len(data) > MAX_ANSWER_BYTES:
            raise EngineError(f"The engine's answer is larger than {MAX_ANSWER_BYTES} bytes.")
    return bytes(data)


async def _check_status(answer: aiohttp.ClientResponse) -> None:
    """Raise the error of an answer that is none. The engine's words may quote a prompt."""
    status = answer.status
    if status == 200:
        return
    words = (await answer.content.read(4096)).decode("utf-8", "replace")
    if status == 429:
        raise BusyError("The engine is busy; try again in a moment.")
    if status == 503:
        raise EngineUnavailableError("The engine is not ready; try again in a moment.")
    if status in (401, 403):
        raise EngineError("The engine refuses this server's key; set LPM_VLLM_KEY to its own.")
    if status == 404:
        raise EngineError("The engine does not know the model, or is no vLLM server.")
    if "enable-prompt-embeds" in words:
        raise EngineError("The engine takes no embeddings; start it with --enable-prompt-embeds.")
    raise EngineError(f"The engine refused the request (status {status}); its log tells why.")

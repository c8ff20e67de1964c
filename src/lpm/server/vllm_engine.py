"""vLLM behind the server: soft prompts travel as prompt embeddings to its OpenAI API."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from lpm.backbone import Backbone
from lpm.errors import InputError
from lpm.methods.decoding import end_tokens
from lpm.nn.injection import Prompt, inject
from lpm.server.admission import Admission
from lpm.server.engine import (
    EngineConfig,
    EngineError,
    EngineRequest,
    EngineUnavailableError,
    Pieces,
    check_rows,
)
from lpm.server.sampling import Sampling
from lpm.server.transcript import Piece, Transcript
from lpm.server.vllm_connection import VllmConfig, VllmConnection
from lpm.server.vllm_wire import (
    Delta,
    cache_salt,
    decode_choices,
    embedded_bytes,
    encode_request,
    wire_choices,
)

log = logging.getLogger("lpm.server")
_PROBE, _PROBE_CANDIDATES = "The capital of France is", 5
_SHORT_BYTES = 512 * 2**10


@dataclass(frozen=True)
class Served:
    """What a checked engine said of itself. context: tokens of prompt and answer together."""

    model: str
    context: int


class VllmEngine:
    """Sends each request to a vLLM server, `max_batch` sequences at once, the rest in turns."""

    def __init__(
        self, backbone: Backbone, address: VllmConfig, config: EngineConfig | None = None
    ) -> None:
        self.backbone = backbone
        self.config = config or EngineConfig()
        self._connection = VllmConnection(address)
        self._secret = address.cache_secret or secrets.token_bytes(32)
        self._ends = end_tokens(backbone)
        self._admission = Admission(self.config.max_batch, self.config.max_queue)
        self._served: Served | None = None
        self._checking = asyncio.Lock()
        self._failed_at = 0.0

    @property
    def stopping(self) -> bool:
        """Say whether nothing new is taken."""
        return self._admission.closed

    @property
    def num_waiting(self) -> int:
        """Count the sequences that wait for a place."""
        return self._admission.num_waiting

    @property
    def num_running(self) -> int:
        """Count the sequences that are with the engine."""
        return self._admission.num_running

    async def generate(self, request: EngineRequest) -> AsyncIterator[Pieces]:
        """Yield pieces; see `Engine`."""
        check_rows(request.rows, self.backbone.hidden_size)
        async with self._admission.place(request.tenant, request.n):
            served = await self._known()
            _check_room(request, served.context)
            salt = cache_salt(self._secret, request.tenant, request.user)
            encode = partial(encode_request, self.backbone, request, served.model, salt)
            # A thread costs more than a short prompt takes.
            short = embedded_bytes(self.backbone, request) <= _SHORT_BYTES
            body = encode() if short else await asyncio.to_thread(encode)
            try:
                async with aclosing(self._told(request, body)) as told:
                    async for pieces in told:
                        yield pieces
            except EngineError as error:
                # Whatever it was, the engine that comes back may be another one.
                self._served = None
                log.warning("engine: %s", error)
                raise

    async def check(self) -> None:
        """Raise EngineError unless the engine serves this backbone, to us alone.

        The first time, and again after a failure, it must also continue a text given as embeddings
        as the backbone in this process does.
        """
        async with self._checking:
            await self._check()

    def stop(self, *, timeout_s: float = 60.0) -> None:
        """Take nothing new, wait for what is with the engine, and close the connections."""
        self._admission.closed = True
        deadline = time.monotonic() + timeout_s
        while self.num_running + self.num_waiting and time.monotonic() < deadline:
            time.sleep(0.02)
        self._connection.close()

    async def _known(self) -> Served:
        """Return the checked engine; of many requests at once, one checks for all."""
        begin = time.monotonic()
        while self._served is None:
            async with self._checking:
                if self._served is None and self._failed_at > begin:
                    raise EngineUnavailableError("The engine is not ready; /readyz tells why.")
                if self._served is None:
                    await self._check()
        return self._served

    async def _check(self) -> None:
        try:
            served = _chosen(await self._connection.models(), self.backbone.name)
            if served != self._served:
                await self._prove(served)
        except EngineError as error:
            self._served, self._failed_at = None, time.monotonic()
            log.warning("engine: %s", error)
            raise
        self._served = served

    async def _prove(self, served: Served) -> None:
        ids = tuple(self.backbone.tokenizer.encode(_PROBE, add_special_tokens=False))
        rows = self.backbone.embed(torch.tensor(ids[:1], device=self.backbone.device))
        sampling = Sampling(max_tokens=1)
        request = EngineRequest("", None, Prompt((), ids[1:]), rows, sampling, streamed=False)
        salt = cache_salt(self._secret, "", None)
        body = encode_request(self.backbone, request, served.model, salt)
        deltas = decode_choices([await self._connection.complete(body)], None)
        expected = await asyncio.to_thread(_likeliest, self.backbone, ids)
        if len(deltas) != 1 or not set(deltas[0].tokens) & expected:
            raise EngineError(
                "The engine continues a text otherwise than this server's backbone; start both "
                "with the same model."
            )

    async def _told(self, request: EngineRequest, body: dict[str, Any]) -> AsyncGenerator[Pieces]:
        count, ended = wire_choices(request), 0
        transcripts = [
            Transcript(self.backbone.tokenizer, self._ends, request.sampling) for _ in range(count)
        ]
        async with aclosing(self._documents(body)) as documents:
            async for some in documents:
                pieces: list[tuple[int, Piece]] = []
                for delta in decode_choices(some, request.sampling.logprobs):
                    if delta.choice not in range(count):
                        raise EngineError("The engine gave a choice that was not asked for.")
                    transcript = transcripts[delta.choice]
                    if transcript.finished is None:
                        piece = _piece(transcript, delta)
                        pieces += [(n, piece) for n in range(delta.choice, request.n, count)]
                    ended += delta.ended
                if pieces:
                    yield pieces
                # Where the engine would go on, leaving stops it; else the connection is kept.
                if ended < count and all(one.finished for one in transcripts):
                    return
        if not all(one.finished for one in transcripts):
            raise EngineUnavailableError("The engine broke off its answer; try again.")

    async def _documents(self, body: dict[str, Any]) -> AsyncGenerator[list[dict[str, Any]]]:
        if not body["stream"]:
            yield [await self._connection.complete(body)]
            return
        # A stop string ends the answer here, so it is looked for at every token.
        interval_s = 0.0 if "stop" in body else self.config.stream_interval_s
        async with aclosing(self._connection.stream(body, interval_s)) as events:
            async for some in events:
                yield some


def _chosen(listed: list[dict[str, Any]], name: str) -> Served:
    """Return the model of that name, or else the only one."""
    try:
        models = [Served(str(model["id"]), int(model["max_model_len"])) for model in listed]
    except (KeyError, TypeError, ValueError):
        raise EngineError("What lies at LPM_VLLM_URL is no vLLM server.") from None
    named = [one for one in models if one.model == name]
    if not named and len(models) != 1:
        raise EngineError(
            f"The engine serves {len(models)} models, and none of them is '{name}'; start it with "
            f"--served-model-name {name}."
        )
    return (named or models)[0]


def _check_room(request: EngineRequest, context: int) -> None:
    if request.length + request.sampling.max_tokens > context:
        raise InputError(
            f"The messages take {request.length} tokens and the answer up to "
            f"{request.sampling.max_tokens}, but the engine's context is {context}; shorten one."
        )


def _piece(transcript: Transcript, delta: Delta) -> Piece:
    piece = transcript.add(delta.tokens, delta.logprobs)
    if piece.finished is not None or not delta.ended:
        return piece
    # The engine ended where our rules would not: at a stop token that it alone knows.
    last = transcript.end()
    return Piece(piece.text + last.text, piece.logprobs, last.finished, last.tokens)


@torch.no_grad()
def _likeliest(backbone: Backbone, ids: tuple[int, ...]) -> set[int]:
    embeddings, mask = inject(backbone, [Prompt((), ids)], [None])
    wanted = torch.zeros_like(mask)
    wanted[:, -1] = True
    logits = backbone.logits_at(embeddings, mask, wanted)[0]
    return {int(token) for token in logits.topk(_PROBE_CANDIDATES).indices}

"""/v1/chat/completions, /v1/completions, /v1/models: OpenAI's shapes, with a memory behind them."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Any

import torch
from fastapi import APIRouter, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.background import BackgroundTask

from lpm.answering import Reading
from lpm.errors import InputError, LPMError
from lpm.nn.injection import Prompt
from lpm.server.access import Caller
from lpm.server.answers import ChatCompletion, Model, ModelList, TextCompletion
from lpm.server.conversations import remember_conversation
from lpm.server.description import EVENTS
from lpm.server.engine import EngineRequest, Pieces
from lpm.server.entrance import Entrance
from lpm.server.errors import told, unforeseen
from lpm.server.naming import Offsets, TokenNames, chat_logprobs, text_logprobs
from lpm.server.sampling import Sampling, TokenLogprob
from lpm.server.schemas import ChatRequest, CompletionRequest, GenerationRequest
from lpm.server.service import Service
from lpm.server.tracing import begin_span
from lpm.server.transcript import Piece

POLL_S = 0.2


def router(service: Service) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/v1", tags=["generation"])
    entrance = Entrance(
        service.engine,
        max_batch=service.settings.max_batch,
        max_queue=service.settings.max_queue,
    )
    names = TokenNames(service.model.backbone.tokenizer)

    @routes.get("/models")
    def models(request: Request) -> ModelList:
        """List the model that is served."""
        service.access.caller(request, "chat")
        one = Model(id=service.model_id, object="model", created=0, owned_by="lpm")
        return ModelList(object="list", data=[one])

    @routes.post("/chat/completions", responses={200: {"model": ChatCompletion, "content": EVENTS}})
    async def chat(asked: ChatRequest, request: Request) -> Response:
        """Answer the newest message of a chat, from the user's memory."""
        caller = await service.access.caller_of(request, "chat")
        _check_model(service, asked)
        if asked.messages[-1].role != "user":
            raise InputError("The last message must be of role `user`; add one.")
        if asked.top_logprobs is not None and not asked.logprobs:
            raise InputError("`top_logprobs` needs `logprobs` set to true.")
        limit = service.limit(asked.max_completion_tokens or asked.max_tokens)
        messages = [message.plain() for message in asked.messages]
        user = _user(caller, asked.user)
        kept_for = _kept_for(service, caller, user, asked)
        count = (asked.top_logprobs or 0) if asked.logprobs else None

        async def answered() -> Response:
            with entrance.place(asked.n):
                read = await service.read(caller.tenant, user, messages, asked.memory, limit)
            answer = Answer(service, asked, caller, user, read, limit, count, names)

            def remember() -> None:
                if kept_for is not None and answer.finished:
                    remember_conversation(service, caller.tenant, kept_for, messages, answer.text)

            return await _answered(answer, None if kept_for is None else BackgroundTask(remember))

        return await _unless_gone(request, answered())

    @routes.post("/completions", responses={200: {"model": TextCompletion, "content": EVENTS}})
    async def completions(asked: CompletionRequest, request: Request) -> Response:
        """Continue a text, behind the rows that the user's memory gives for it."""
        caller = await service.access.caller_of(request, "chat")
        _check_model(service, asked)
        if asked.memory == "full-context":
            raise InputError("`memory` of a text completion is `memory` or `no-memory`.")
        limit = service.limit(asked.max_tokens)
        user = _user(caller, asked.user)

        async def answered() -> Response:
            with entrance.place(asked.n):
                read = await run_in_threadpool(_plain, service, caller.tenant, user, asked)
            prompt, rows = read
            service.check_room(prompt.num_tokens + (0 if rows is None else len(rows)), limit)
            return await _answered(
                Answer(service, asked, caller, user, read, limit, asked.logprobs, names)
            )

        return await _unless_gone(request, answered())

    return routes


def _check_model(service: Service, asked: GenerationRequest) -> None:
    if asked.model != service.model_id:
        raise HTTPException(404, f"The model is {service.model_id!r} here; `/v1/models` lists it.")


def _user(caller: Caller, user: str | None) -> str | None:
    """Return the user a request is about; a key bound to one user speaks for that one."""
    return caller.user if user is None else caller.speaks_for(user)


def _kept_for(service: Service, caller: Caller, user: str | None, asked: ChatRequest) -> str | None:
    """Return the user who is to remember a chat, None for nobody.

    Raises InputError without a user, 403 for a key that may not write memories.
    """
    if asked.remember is None:
        return user if service.settings.remember and asked.memory == "memory" else None
    if not asked.remember:
        return None
    if user is None:
        raise InputError("`remember` needs `user`: whose memory is to be written?")
    if not caller.allows("memories"):
        raise HTTPException(403, "This key is not good for `memories`, which `remember` needs.")
    return user


@torch.no_grad()
def _plain(service: Service, tenant: str, user: str | None, asked: CompletionRequest) -> Reading:
    """Return a text without a chat template, behind the rows that it reads."""
    ids = tuple(service.model.backbone.tokenizer.encode(asked.prompt))
    if not ids:
        raise InputError("The prompt is empty; give a text.")
    rows = None
    if user is not None and asked.memory == "memory":
        _, rows = service.read_alone(
            tenant, user, [{"role": "user", "content": asked.prompt}], "memory", 0
        )
    return Prompt((), ids), rows


async def _unless_gone(request: Request, answered: Coroutine[Any, Any, Response]) -> Response:
    """Return the answer; a client that leaves before it has begun is worked for no longer."""
    task = asyncio.create_task(answered)
    try:
        while not (await asyncio.wait([task], timeout=POLL_S))[0]:
            if await request.is_disconnected() and not task.done():
                return Response(status_code=499)
        return task.result()
    finally:
        task.cancel()


async def _answered(answer: Answer, then: BackgroundTask | None = None) -> Response:
    """Return the answer; then: what is done when it has been sent."""
    if not answer.asked.stream:
        return JSONResponse(await answer.whole(), background=then)
    # The first piece is awaited here, so that a full queue is a 429 and no broken stream.
    stream = answer.stream()
    first = await anext(stream)
    return StreamingResponse(
        _chained(first, stream), media_type="text/event-stream", background=then
    )


async def _chained(first: str, rest: AsyncIterator[str]) -> AsyncIterator[str]:
    try:
        yield first
        async for item in rest:
            yield item
    finally:
        await rest.aclose()  # type: ignore[attr-defined]


class Answer:
    """One request on its way through the engine."""

    def __init__(
        self,
        service: Service,
        asked: GenerationRequest,
        caller: Caller,
        user: str | None,
        reading: Reading,
        limit: int,
        logprobs: int | None,
        names: TokenNames,
    ) -> None:
        self.service, self.asked = service, asked
        self.prompt, self.rows = reading
        self.chat = isinstance(asked, ChatRequest)
        self.kind = "chat.completion" if self.chat else "text_completion"
        tokenizer = service.model.backbone.tokenizer
        self._names, self._offsets = names, [Offsets(tokenizer) for _ in range(asked.n)]
        self.name = f"{'chatcmpl' if self.chat else 'cmpl'}-{secrets.token_hex(12)}"
        self.created = int(time.time())
        # Of the first choice, for who remembers it.
        self.text, self.finished = "", False
        self.payer = caller.payer
        seed = secrets.randbits(62) if asked.seed is None else asked.seed
        # The choices' seeds follow this one, and engines take no more than 63 bits.
        sampling = Sampling(
            limit, asked.temperature, asked.top_p, seed % 2**62, asked.stops, logprobs
        )
        self.request = EngineRequest(
            caller.tenant, user, self.prompt, self.rows, sampling, asked.n, asked.stream
        )

    async def pieces(self) -> AsyncIterator[Pieces]:
        """Yield what the engine makes, and count it."""
        await self.service.access.spend(self.payer, self.prompt.num_tokens)
        begin, first = time.perf_counter(), True
        made, span = self.service.engine.generate(self.request), begin_span("lpm.engine")
        tokens, answered = self.service.metrics.tokens, dict.fromkeys(range(self.request.n), 0)
        tokens.labels("prompt").inc(self.prompt.num_tokens)
        tokens.labels("soft").inc(0 if self.rows is None else len(self.rows))
        try:
            async for some in made:
                for choice, piece in some:
                    if first:
                        # A piece of many tokens does not tell when the first of them was there.
                        if piece.tokens <= 1:
                            self.service.metrics.first_token.observe(time.perf_counter() - begin)
                        first = False
                    if piece.finished:
                        tokens.labels("answer").inc(piece.tokens)
                    answered[choice] = piece.tokens
                    if choice == 0:
                        self.text += piece.text
                        self.finished = piece.finished is not None
                yield some
        except Exception:
            if first:
                # Nothing came of it, so it costs nothing.
                self.service.access.charge_later(self.payer, -self.prompt.num_tokens)
            raise
        finally:
            await made.aclose()  # type: ignore[attr-defined]
            span.set_attribute("lpm.prompt_tokens", self.prompt.num_tokens)
            span.set_attribute("lpm.soft_tokens", 0 if self.rows is None else len(self.rows))
            span.set_attribute("lpm.answer_tokens", sum(answered.values()))
            span.end()
            # Not awaited: who leaves before the end pays for what was made.
            self.service.access.charge_later(self.payer, sum(answered.values()))

    async def whole(self) -> dict[str, Any]:
        """Return the answer as one document."""
        count = self.request.n
        texts, finished, tokens = [""] * count, [""] * count, [0] * count
        logprobs: list[list[TokenLogprob]] = [[] for _ in range(count)]
        async for some in self.pieces():
            for choice, piece in some:
                texts[choice] += piece.text
                tokens[choice] = piece.tokens
                finished[choice] = piece.finished or ""
                logprobs[choice] += piece.logprobs
        choices = []
        for index in range(count):
            scores = self._logprobs(index, logprobs[index])
            body: dict[str, Any] = {"index": index, "finish_reason": finished[index]}
            if self.chat:
                message = {"role": "assistant", "content": texts[index], "refusal": None}
                body |= {"message": message, "logprobs": scores}
            else:
                body |= {"text": texts[index], "logprobs": scores}
            choices.append(body)
        return self._head(self.kind) | {"choices": choices, "usage": self._usage(sum(tokens))}

    async def stream(self) -> AsyncIterator[str]:
        """Yield server-sent events, as OpenAI's clients read them."""
        tokens: dict[int, int] = {}
        begun: set[int] = set()
        pieces = self.pieces()
        try:
            async for some in pieces:
                events = ""
                for choice, piece in some:
                    tokens[choice] = piece.tokens
                    if piece.text or piece.finished or piece.logprobs or choice not in begun:
                        events += self._event(choice, piece, choice not in begun)
                        begun.add(choice)
                if events:
                    yield events
        except Exception as error:
            if not begun:
                raise
            body = told(error)[1] if isinstance(error, LPMError) else unforeseen(error)[1]
            yield f"data: {json.dumps(body)}\n\n"
            return
        finally:
            await pieces.aclose()  # type: ignore[attr-defined]
        if (self.asked.stream_options or {}).get("include_usage"):
            last = self._head(self._chunk) | {
                "choices": [],
                "usage": self._usage(sum(tokens.values())),
            }
            yield f"data: {json.dumps(last)}\n\n"
        yield "data: [DONE]\n\n"

    @property
    def _chunk(self) -> str:
        return "chat.completion.chunk" if self.chat else self.kind

    def _event(self, choice: int, piece: Piece, first: bool) -> str:
        body: dict[str, Any] = {"index": choice, "finish_reason": piece.finished}
        scores = self._logprobs(choice, piece.logprobs)
        if self.chat:
            delta = {"role": "assistant"} if first else {}
            body |= {"delta": delta | {"content": piece.text}, "logprobs": scores}
        else:
            body |= {"text": piece.text, "logprobs": scores}
        return f"data: {json.dumps(self._head(self._chunk) | {'choices': [body]})}\n\n"

    def _head(self, kind: str) -> dict[str, Any]:
        model = self.service.model_id
        return {"id": self.name, "object": kind, "created": self.created, "model": model}

    def _usage(self, answer_tokens: int) -> dict[str, Any]:
        soft = 0 if self.rows is None else len(self.rows)
        prompt = self.prompt.num_tokens
        per_token = self.service.model.backbone.kv_bytes_per_token
        return {
            "prompt_tokens": prompt,
            "completion_tokens": answer_tokens,
            "total_tokens": prompt + answer_tokens,
            "soft_tokens": soft,
            "kv_bytes": (prompt + soft) * per_token,
        }

    def _logprobs(self, choice: int, scores: Sequence[TokenLogprob]) -> dict[str, Any] | None:
        if self.request.sampling.logprobs is None:
            return None
        if self.chat:
            return chat_logprobs(self._names, scores)
        return text_logprobs(self._names, self._offsets[choice], scores)

"""The in-process engine: many users' requests in one batch, fair between tenants, bounded."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial

from lpm.backbone import Backbone
from lpm.methods.decoding import end_tokens
from lpm.server.batch import Answering, decode
from lpm.server.engine import (
    BusyError,
    EngineConfig,
    EngineError,
    EngineRequest,
    StoppingError,
    check_rows,
)
from lpm.server.fair_queue import FairQueue
from lpm.server.transcript import Piece, Transcript


class LocalEngine:
    """Decodes in one thread, with transformers."""

    def __init__(self, backbone: Backbone, config: EngineConfig | None = None) -> None:
        self.backbone = backbone
        self.config = config or EngineConfig()
        self._ends = end_tokens(backbone)
        self._waiting: FairQueue[Answering] = FairQueue()
        self._changed = threading.Condition()
        self._stopping = False
        self._running = 0
        self._thread = threading.Thread(target=self._work, name="lpm-engine", daemon=True)
        self._thread.start()

    @property
    def stopping(self) -> bool:
        """Say whether nothing new is taken."""
        return self._stopping

    @property
    def num_waiting(self) -> int:
        """Count the sequences that wait."""
        with self._changed:
            return len(self._waiting)

    @property
    def num_running(self) -> int:
        """Count the sequences of the batch that runs."""
        return self._running

    async def generate(self, request: EngineRequest) -> AsyncIterator[tuple[int, Piece]]:
        """Yield (choice, piece); see `Engine`."""
        check_rows(request.rows, self.backbone.hidden_size)
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[tuple[int, Piece | BaseException]] = asyncio.Queue()
        gone = threading.Event()

        def tell(choice: int, piece: Piece | BaseException) -> None:
            loop.call_soon_threadsafe(pieces.put_nowait, (choice, piece))

        self._put(
            request.tenant,
            [
                Answering(
                    request.prompt,
                    request.rows,
                    replace(request.sampling, seed=request.sampling.seed + choice),
                    Transcript(self.backbone.tokenizer, self._ends, request.sampling),
                    partial(tell, choice),
                    gone.is_set,
                )
                for choice in range(request.n)
            ],
        )
        left = request.n
        try:
            while left:
                choice, piece = await pieces.get()
                if isinstance(piece, BaseException):
                    raise piece
                left -= piece.finished is not None
                yield choice, piece
        finally:
            gone.set()

    async def check(self) -> None:
        """Raise EngineError when the thread has ended."""
        if not self._thread.is_alive():
            raise EngineError("The engine's thread has ended; start the server again.")

    def stop(self, *, timeout_s: float = 60.0) -> None:
        """Take nothing new, finish what waits and runs, and end the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(timeout_s)

    def _put(self, tenant: str, answers: list[Answering]) -> None:
        with self._changed:
            if self._stopping:
                raise StoppingError("The server is shutting down; send the request to another one.")
            waiting = len(self._waiting)
            if waiting + len(answers) > self.config.max_queue:
                raise BusyError(f"{waiting} requests are waiting already; try again in a moment.")
            self._waiting.put(tenant, answers)
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._stopping:
                    self._changed.wait()
                if not self._waiting:
                    return
                batch = self._take()
            self._running = len(batch)
            try:
                if batch:
                    decode(self.backbone, batch)
            except BaseException as error:
                for answering in batch:
                    # `tell` takes what failed as well: whoever waits must hear of it.
                    tell: Callable[[Piece | BaseException], None] = answering.tell  # type: ignore[assignment]
                    tell(error)
            finally:
                self._running = 0

    def _take(self) -> list[Answering]:
        """Take waiting sequences in turns between tenants, while they fit into a batch."""
        batch: list[Answering] = []
        longest = 0
        while self._waiting and len(batch) < self.config.max_batch:
            following = self._waiting.peek()
            if not following.cancelled():
                longest = max(longest, following.length)
                if batch and longest * (len(batch) + 1) > self.config.max_batch_tokens:
                    break
                batch.append(following)
            self._waiting.pop()
        return batch

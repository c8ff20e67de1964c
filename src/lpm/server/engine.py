"""The in-process engine: many users' requests in one batch, fair between tenants, bounded."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial

from torch import Tensor

from lpm.backbone import Backbone
from lpm.errors import LPMError
from lpm.nn.injection import Prompt
from lpm.server.batch import Answering, Piece, decode
from lpm.server.sampling import Sampling


class BusyError(LPMError, RuntimeError):
    """The queue is full; try again later."""


class StoppingError(LPMError, RuntimeError):
    """The server is shutting down and takes nothing new."""


@dataclass(frozen=True)
class EngineConfig:
    """max_batch: sequences decoded together. max_queue: sequences that may wait.

    max_batch_tokens: prompt tokens and rows of a batch, padding included.
    """

    max_batch: int = 16
    max_queue: int = 256
    max_batch_tokens: int = 32_768


class LocalEngine:
    """Decodes in one thread. Waiting requests are taken in turns, a tenant at a time."""

    def __init__(self, backbone: Backbone, config: EngineConfig | None = None) -> None:
        self.backbone = backbone
        self.config = config or EngineConfig()
        self._waiting: OrderedDict[str, deque[Answering]] = OrderedDict()
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
            return sum(map(len, self._waiting.values()))

    @property
    def num_running(self) -> int:
        """Count the sequences of the batch that runs."""
        return self._running

    async def generate(
        self, tenant: str, prompt: Prompt, rows: Tensor | None, samplings: list[Sampling]
    ) -> AsyncIterator[tuple[int, Piece]]:
        """Yield (choice, piece) of one request with a choice for each sampling.

        Leaving the iteration cancels what is left. Raises BusyError when the queue is full,
        StoppingError after `stop`, and whatever failed in the engine's thread.
        """
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[tuple[int, Piece | BaseException]] = asyncio.Queue()
        gone = threading.Event()

        def tell(choice: int, piece: Piece | BaseException) -> None:
            loop.call_soon_threadsafe(pieces.put_nowait, (choice, piece))

        answers = [
            Answering(prompt, rows, sampling, partial(tell, index), gone.is_set)
            for index, sampling in enumerate(samplings)
        ]
        self._put(tenant, answers)
        left = len(answers)
        try:
            while left:
                choice, piece = await pieces.get()
                if isinstance(piece, BaseException):
                    raise piece
                left -= piece.finished is not None
                yield choice, piece
        finally:
            gone.set()

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
            waiting = sum(map(len, self._waiting.values()))
            if waiting + len(answers) > self.config.max_queue:
                raise BusyError(f"{waiting} requests are waiting already; try again in a moment.")
            self._waiting.setdefault(tenant, deque()).extend(answers)
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
            tenant, queue = next(iter(self._waiting.items()))
            following = queue[0]
            if following.cancelled():
                queue.popleft()
            else:
                longest = max(longest, following.length)
                if batch and longest * (len(batch) + 1) > self.config.max_batch_tokens:
                    break
                batch.append(queue.popleft())
            self._waiting.move_to_end(tenant)
            if not queue:
                del self._waiting[tenant]
        return batch

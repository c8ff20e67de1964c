"""The in-process engine: many users' requests in one batch, fair between tenants, bounded."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from functools import partial

from lpm.backbone import Backbone
from lpm.methods.decoding import end_tokens
from lpm.server.admission import check_line
from lpm.server.batch import Answering, Batch
from lpm.server.engine import EngineConfig, EngineError, EngineRequest, Pieces, check_rows
from lpm.server.fair_queue import FairQueue
from lpm.server.mailbox import Mailbox, Told, wake
from lpm.server.sampling import TokenLogprob
from lpm.server.transcript import Transcript

# A prompt read alone takes nearly as long as several together, and all others wait for it.
GATHERED_SHARE, GATHERED_STEPS = 8, 8
"""Newcomers wait until they are this share of those who are being answered, or so many steps."""


class LocalEngine:
    """Decodes in one thread, with transformers."""

    def __init__(self, backbone: Backbone, config: EngineConfig | None = None) -> None:
        self.backbone = backbone
        self.config = config or EngineConfig()
        self._ends = end_tokens(backbone)
        self._waiting: FairQueue[Answering] = FairQueue()
        self._changed = threading.Condition()
        self._stopping = False
        self._batch = Batch(backbone)
        self._running = 0
        self._to_wake: list[Mailbox] = []
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
            return self._count_waiting()

    @property
    def num_running(self) -> int:
        """Count the sequences of the batch that runs."""
        return self._running

    async def generate(self, request: EngineRequest) -> AsyncIterator[Pieces]:
        """Yield pieces; see `Engine`."""
        check_rows(request.rows, self.backbone.hidden_size)
        told = Mailbox(request.n)
        gone = [threading.Event() for _ in range(request.n)]
        transcripts = [
            Transcript(self.backbone.tokenizer, self._ends, request.sampling)
            for _ in range(request.n)
        ]
        self._put(
            request.tenant,
            [
                Answering(
                    request.prompt,
                    request.rows,
                    replace(request.sampling, seed=request.sampling.seed + choice),
                    self._ends,
                    partial(self._tell, told, choice),
                    partial(self._fail, told),
                    gone[choice].is_set,
                )
                for choice in range(request.n)
            ],
        )
        # A stop string is found here, so it is looked for at every token.
        whole, interval_s = not request.streamed, self.config.stream_interval_s
        try:
            if whole and not request.sampling.stop:
                await told.all()
            while True:
                pieces = _pieces(await told.some(), transcripts)
                for choice, piece in pieces:
                    if piece.finished:
                        gone[choice].set()
                yield pieces
                if all(one.finished for one in transcripts):
                    return
                if interval_s and not whole and not request.sampling.stop:
                    await told.pause(interval_s)
        finally:
            for one in gone:
                one.set()

    def _tell(
        self, told: Mailbox, choice: int, token: int, score: TokenLogprob | None, last: bool
    ) -> None:
        if told.put(choice, token, score, last):
            self._to_wake.append(told)

    def _fail(self, told: Mailbox, failure: BaseException) -> None:
        told.fail(failure)
        self._to_wake.append(told)

    def _wake(self) -> None:
        """Wake who waits, once for all that one step has told."""
        woken, self._to_wake = self._to_wake, []
        wake(woken)

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
            check_line(
                len(answers),
                waiting=max(0, self._count_waiting() - self._free),
                most=self.config.max_queue,
                closed=self._stopping,
            )
            self._waiting.put(tenant, answers)
            self._changed.notify_all()

    def _count_waiting(self) -> int:
        """Count those who wait and have not left; with the lock held."""
        self._waiting.drop(lambda one: one.cancelled())
        return len(self._waiting)

    @property
    def _free(self) -> int:
        """Count the places of the batch that those who wait are about to take."""
        return max(0, self.config.max_batch - self._running) if self._batch.is_open else 0

    def _work(self) -> None:
        batch, steps = self._batch, 0
        while True:
            with self._changed:
                while not batch and not self._waiting and not self._stopping:
                    self._changed.wait()
                if not batch and not self._waiting:
                    return
                gathered = len(self._waiting) * GATHERED_SHARE >= len(batch)
                newcomers = self._take(batch) if gathered or steps >= GATHERED_STEPS else []
                self._running = len(batch) + len(newcomers)
            steps += 1
            if newcomers:
                self._join(batch, newcomers)
                steps = 0
            if batch:
                self._advance(batch)
            self._running = len(batch)

    def _join(self, batch: Batch, newcomers: list[Answering]) -> None:
        try:
            batch.join(newcomers)
        except BaseException as error:
            for answering in newcomers:
                answering.fail(error)
            self._wake()

    def _advance(self, batch: Batch) -> None:
        try:
            batch.advance(self._wake)
        except BaseException as error:
            batch.fail(error)
            self._wake()

    def _take(self, batch: Batch) -> list[Answering]:
        """Take waiting sequences in turns between tenants, while they fit into the batch."""
        newcomers: list[Answering] = []
        if not batch.is_open:
            return newcomers
        longest = batch.width
        while self._waiting and len(batch) + len(newcomers) < self.config.max_batch:
            following = self._waiting.peek()
            if not following.cancelled():
                count = len(batch) + len(newcomers)
                longest = max(longest, following.length)
                if count and longest * (count + 1) > self.config.max_batch_tokens:
                    break
                newcomers.append(following)
            self._waiting.pop()
        return newcomers


def _pieces(told: Sequence[Told], transcripts: Sequence[Transcript]) -> Pieces:
    """Return one piece of each choice that was told something and had not ended."""
    tokens: dict[int, list[int]] = {}
    scores: dict[int, list[TokenLogprob]] = {}
    for choice, token, score in told:
        tokens.setdefault(choice, []).append(token)
        if score is not None:
            scores.setdefault(choice, []).append(score)
    return [
        (choice, transcripts[choice].add(new, scores.get(choice, ())))
        for choice, new in tokens.items()
        if transcripts[choice].finished is None
    ]

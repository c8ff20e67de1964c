"""The worker: takes jobs from the queue and writes what they say into memories."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from lpm.errors import InputError, LPMError, OvertakenError, StoreError
from lpm.model import LatentPersonalMemory
from lpm.modeling import LPMModel
from lpm.server.errors import unforeseen
from lpm.server.schemas import RememberRequest
from lpm.store import JobGoneError, MemoryStore, Ticket

log = logging.getLogger("lpm.server")
LEASE_S = 10.0
BEAT_S = 2.0
POLL_S = 1.0
PRUNE_EVERY_S = 3600.0
ENDED_KEPT = timedelta(days=7)
LONGEST_WAIT_S = 3600.0


class _StoppingError(Exception):
    """The server stops; the job goes back into the queue."""


class Worker:
    """Threads that work jobs off. tell: called with the kind and the end of each job."""

    def __init__(
        self,
        store: MemoryStore,
        model: LPMModel,
        *,
        threads: int = 1,
        tell: Callable[[str, str], None] = lambda kind, end: None,
    ) -> None:
        self._store, self._model, self._tell = store, model, tell
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._after = ""
        self._pruned = 0.0
        self._threads = [
            threading.Thread(target=self._work, name=f"lpm-worker-{n}", daemon=True)
            for n in range(threads)
        ]

    def start(self) -> None:
        """Begin to work."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Look for work now; jobs of other processes are found by looking every second."""
        self._wake.set()

    def stop(self, *, timeout_s: float) -> None:
        """Put back what is being fitted, finish what cannot be stopped, and end."""
        self._stopping.set()
        self._wake.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(timeout_s)

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                self._prune()
                ticket = self._store.queue.claim(lease_s=LEASE_S, after=self._after)
            except Exception as error:
                # A thread that ended here would let the queue stand still.
                log.error("the queue cannot be read: %s", type(error).__name__)
                ticket = None
            if ticket is None:
                self._wake.wait(POLL_S)
                self._wake.clear()
            else:
                self._after = ticket.tenant
                self._tell(ticket.kind, self._do(ticket))

    def _do(self, ticket: Ticket) -> str:
        """Do one job; return how it ended."""
        try:
            return self._attempt(ticket)
        except JobGoneError:
            return "cancelled"
        except StoreError as error:
            # Without the store nothing can be noted: the job is handed out when its lease ends.
            log.error("a job cannot be noted: %s", type(error).__name__)
            return "retried"

    def _attempt(self, ticket: Ticket) -> str:
        queue = self._store.queue
        try:
            asked = RememberRequest.model_validate_json(queue.payload(ticket))
            ticket = replace(ticket, erase=asked.keep_history != "full")
            memories = LatentPersonalMemory(self._store.for_job(ticket), self._model)
            with _Watch(self._store, ticket, self._stopping) as watch:
                memories.remember(
                    ticket.user, asked.history(), progress=watch.progress, **asked.options()
                )
            queue.finish(ticket, "done")
        except JobGoneError:
            raise
        except (_StoppingError, OvertakenError):
            queue.retry(ticket, datetime.now(UTC), "It was interrupted and begins anew.")
            return "retried"
        except (InputError, ValidationError) as error:
            told = str(error) if isinstance(error, InputError) else "The job's text is damaged."
            queue.finish(ticket, "failed", told)
            return "failed"
        except Exception as error:
            if isinstance(error, LPMError):
                told = str(error)
            else:
                told = str(unforeseen(error)[1]["error"]["message"])
            wait_s = min(2.0 ** min(ticket.failures, 30), LONGEST_WAIT_S)
            queue.retry(ticket, datetime.now(UTC) + timedelta(seconds=wait_s), told)
            return "retried"
        return "done"

    def _prune(self) -> None:
        if time.monotonic() - self._pruned > PRUNE_EVERY_S or not self._pruned:
            self._pruned = time.monotonic()
            self._store.queue.prune(datetime.now(UTC) - ENDED_KEPT)


class _Watch:
    """Renews a job's lease from a thread of its own, notes progress, and hears of its end."""

    def __init__(self, store: MemoryStore, ticket: Ticket, stopping: threading.Event) -> None:
        self._queue, self._ticket, self._stopping = store.queue, ticket, stopping
        self._reached: tuple[int, int, float | None] = (0, 0, None)
        self._gone, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._renew, name="lpm-job-watch", daemon=True)

    def progress(self, step: int, steps: int, loss: float) -> None:
        """Note a step; raises JobGoneError when the job is no longer ours."""
        self._reached = (step, steps, loss)
        if self._stopping.is_set():
            raise _StoppingError
        if step in (1, steps):
            self._beat()
        if self._gone.is_set():
            raise JobGoneError("The job was cancelled.")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _renew(self) -> None:
        while not self._over.wait(BEAT_S) and not self._gone.is_set():
            try:
                self._beat()
            except JobGoneError:
                self._gone.set()
            except StoreError as error:
                # The lease may still be renewed in time.
                log.warning("a job's lease was not renewed: %s", type(error).__name__)

    def _beat(self) -> None:
        step, steps, loss = self._reached
        self._queue.beat(self._ticket, lease_s=LEASE_S, step=step, steps=steps, loss=loss)

"""Who may have a prompt read: no more than the engine would take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lpm.server.admission import check_line
from lpm.server.engine import Engine


class Entrance:
    """Counts the sequences whose prompts are being read, before the engine knows them.

    For one event loop. max_batch, max_queue: of the engine, sequences that it decodes together and
    that may wait.
    """

    def __init__(self, engine: Engine, *, max_batch: int, max_queue: int) -> None:
        self._engine = engine
        self._max_batch = max_batch
        self._max_queue = max_queue
        self._reading = 0

    @contextmanager
    def place(self, count: int) -> Iterator[None]:
        """Hold places for `count` sequences while their prompt is read.

        Raises what the engine would raise, as far as can be told before: BusyError, StoppingError,
        and InputError for more sequences than may ever wait.
        """
        free = max(0, self._max_batch - self._engine.num_running)
        check_line(
            count,
            waiting=max(0, self._engine.num_waiting + self._reading - free),
            most=self._max_queue,
            closed=self._engine.stopping,
        )
        self._reading += count
        try:
            yield
        finally:
            self._reading -= count

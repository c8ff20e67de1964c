"""The contract of engines, and what may go wrong in one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from lpm.errors import IncompatibleMemoryError, LPMError
from lpm.nn.injection import Prompt
from lpm.server.sampling import Sampling
from lpm.server.transcript import Piece

MAX_ROWS = 4096
Pieces = Sequence[tuple[int, Piece]]
"""What there is of some choices of a request, each by its number."""


class BusyError(LPMError, RuntimeError):
    """The queue is full; try again later."""


class StoppingError(LPMError, RuntimeError):
    """The server is shutting down and takes nothing new."""


class EngineError(LPMError, RuntimeError):
    """The engine answers, but not as it should; whoever runs it must act."""


class EngineUnavailableError(EngineError):
    """The engine cannot be reached or failed on the way; try again later."""


@dataclass(frozen=True)
class EngineConfig:
    """max_batch: sequences decoded together. max_queue: sequences that may wait.

    max_batch_tokens: prompt tokens and rows of a batch, padding included; for the in-process
    engine only. stream_interval_s: how long tokens of a stream are let come together after each
    piece; 0 tells each by itself.
    """

    max_batch: int = 16
    max_queue: int = 256
    max_batch_tokens: int = 32_768
    stream_interval_s: float = 0.0


@dataclass(frozen=True, eq=False)
class EngineRequest:
    """One prompt and how to answer it.

    tenant, user: whose it is; user is None for nobody's. rows: (soft_tokens, hidden), None without
    a memory. n: answers to make, each with a seed of its own. streamed: whether pieces are wanted
    as they come.
    """

    tenant: str
    user: str | None
    prompt: Prompt
    rows: Tensor | None
    sampling: Sampling
    n: int = 1
    streamed: bool = True

    @property
    def length(self) -> int:
        """Return the tokens and rows read before the answer."""
        return self.prompt.num_tokens + (0 if self.rows is None else len(self.rows))


class Engine(Protocol):
    """What answers the requests of many tenants' users, all at once.

    - What one request gets depends on nothing but itself: greedy answers equal those that
      `LatentPersonalMemory.chat` gives alone, whoever else is answered meanwhile.
    - Without rows it is exactly the plain backbone that answers.
    - Rows that are not finite, or not of the backbone's width, are refused before they are read.
    - Nothing computed from one user's rows or prompt serves another user.
    - Tenants that wait are served in turns. More than `max_queue` waiting sequences are refused.
    - No penalty is ever applied.
    """

    @property
    def stopping(self) -> bool:
        """Say whether nothing new is taken."""
        ...

    @property
    def num_waiting(self) -> int:
        """Count the sequences that wait."""
        ...

    @property
    def num_running(self) -> int:
        """Count the sequences being decoded."""
        ...

    def generate(self, request: EngineRequest) -> AsyncIterator[Pieces]:
        """Yield pieces until each of the choices 0 to n - 1 has finished.

        Choice i draws from the sampling's seed + i. Leaving the iteration cancels what is left.
        Raises BusyError when the queue is full, StoppingError after `stop`, InputError for what
        the engine's context cannot hold and for more choices than may ever wait,
        IncompatibleMemoryError for rows that are no rows,
        EngineError and EngineUnavailableError when the engine itself fails.
        """
        ...

    async def check(self) -> None:
        """Raise EngineError unless the engine can answer now."""
        ...

    def stop(self, *, timeout_s: float = 60.0) -> None:
        """Take nothing new and return when what was begun has ended, or after the timeout.

        Blocks: on no account call it from the event loop.
        """
        ...


def check_rows(rows: Tensor | None, hidden_size: int) -> None:
    """Raise IncompatibleMemoryError unless rows are finite and as wide as the backbone."""
    if rows is None:
        return
    if rows.ndim != 2 or rows.shape[1] != hidden_size or not 0 < len(rows) <= MAX_ROWS:
        raise IncompatibleMemoryError(
            f"The memory gives rows of shape {tuple(rows.shape)}, but 1 to {MAX_ROWS} rows of "
            f"{hidden_size} are expected; load the projector that belongs to this backbone."
        )
    if not torch.isfinite(rows).all():
        raise IncompatibleMemoryError(
            "The memory gives rows that are not finite numbers; go back to an earlier version of "
            "it, or forget it and remember the sessions again."
        )

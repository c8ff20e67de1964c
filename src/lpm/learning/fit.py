"""Fit the slots of one or many users in one batch; the projector and the frozen LLM stay put."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from lpm.errors import ConfigError, DivergedError
from lpm.learning.checkpoint import load_checkpoint, save_checkpoint
from lpm.learning.examples import AnswerScorer, Example
from lpm.learning.losses import Teacher, example_losses
from lpm.nn.projector import Projector

Progress = Callable[[int, int, float], None]


@dataclass(frozen=True)
class FitConfig:
    """Settings of a fit.

    steps: optimiser steps. rows_per_step: examples a user a step. learning_rate: Adam's, decaying
    linearly to a tenth. held_out_share: part of the examples kept for choosing the best slots.
    check_every: steps between those checks. patience: checks without gain before stopping (0:
    never). seed: of the split and of the order of examples.
    """

    steps: int = 100
    rows_per_step: int = 8
    learning_rate: float = 0.02
    held_out_share: float = 0.15
    check_every: int = 10
    patience: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps < 0 or self.rows_per_step < 1 or self.learning_rate <= 0:
            raise ConfigError(
                "A fit needs steps >= 0, rows_per_step >= 1 and learning_rate > 0, but got "
                f"{self.steps}, {self.rows_per_step} and {self.learning_rate}."
            )
        if not 0 <= self.held_out_share < 1:
            raise ConfigError(f"`held_out_share` must be in [0, 1), but is {self.held_out_share}.")


@dataclass(frozen=True)
class FitExample:
    """One example with its e(x) and, for distillation, the teacher's distribution."""

    example: Example
    query: Float[Tensor, " query_dim"]
    teacher: Teacher | None = None


@dataclass(frozen=True)
class FitResult:
    """The best slots of every user, the mean loss of every step, and why the fit ended."""

    slots: tuple[Float[Tensor, "groups _slots slot_dim"], ...]
    losses: tuple[float, ...]
    held_out: tuple[float, ...]
    interrupted: bool


class _Plan:
    """Which examples of a user are fitted and which are held out; batches by a seeded stream."""

    def __init__(self, examples: Sequence[FitExample], config: FitConfig) -> None:
        # The place in the batch takes no part, or a user alone would get other examples.
        self.generator = torch.Generator().manual_seed(config.seed * 1_000_003 % 2**63)
        order = torch.randperm(len(examples), generator=self.generator).tolist()
        count = int(len(examples) * config.held_out_share)
        self.held_out = [examples[i] for i in order[:count]]
        self.fitted = [examples[i] for i in order[count:]]
        self.rows = config.rows_per_step

    def batch(self) -> list[FitExample]:
        order = torch.randperm(len(self.fitted), generator=self.generator)[: self.rows]
        return [self.fitted[i] for i in order.tolist()]


def fit_slots(
    projector: Projector,
    scorer: AnswerScorer,
    start: Sequence[Float[Tensor, "groups _slots slot_dim"]],
    examples: Sequence[Sequence[FitExample]],
    config: FitConfig,
    *,
    progress: Progress | None = None,
    checkpoint: Path | None = None,
) -> FitResult:
    """Fit every user's slots to that user's examples.

    Users never share a slot, and Adam works element by element: a batch of users gives each what
    they would get alone. Ctrl-C keeps the best slots so far. With `checkpoint` an interrupted fit
    continues where it was. Raises DivergedError on a NaN; ConfigError when a user has no example.
    """
    if not start or any(not rows for rows in examples):
        raise ConfigError("Every user of a fit needs at least one example; got a user with none.")
    plans = [_Plan(rows, config) for rows in examples]
    slots = [part.detach().clone().float().requires_grad_(True) for part in start]
    optimiser = torch.optim.Adam(slots, lr=config.learning_rate, betas=(0.9, 0.95))
    best = _Best(slots, config.patience)
    losses: list[float] = []
    first = load_checkpoint(checkpoint, slots, optimiser, plans, best, losses) if checkpoint else 0
    with _stop_on_interrupt() as stopped:
        for step in range(first, config.steps):
            if step % config.check_every == 0:
                # Saved before the check, which a resumed fit then makes itself.
                if checkpoint:
                    save_checkpoint(checkpoint, step, slots, optimiser, plans, best, losses)
                best.check(projector, scorer, plans, slots)
                if best.finished:
                    break
            optimiser.param_groups[0]["lr"] = config.learning_rate * max(
                0.1, 1 - step / config.steps
            )
            losses.append(_step(projector, scorer, plans, slots, optimiser))
            if progress:
                progress(step + 1, config.steps, losses[-1])
            if stopped.is_set():
                break
        best.check(projector, scorer, plans, slots)
    if checkpoint and not stopped.is_set():
        checkpoint.unlink(missing_ok=True)
    return FitResult(tuple(best.slots), tuple(losses), tuple(best.scores), stopped.is_set())


def _step(
    projector: Projector,
    scorer: AnswerScorer,
    plans: list[_Plan],
    slots: list[Tensor],
    optimiser: torch.optim.Optimizer,
) -> float:
    batches = [plan.batch() for plan in plans]
    per_user = _user_losses(projector, scorer, slots, batches)
    total = per_user.sum()
    _check_finite("loss", total)
    optimiser.zero_grad()
    # Of the slots alone: the projector's weights would only pile up gradients nobody wants.
    total.backward(inputs=slots)
    for part in slots:
        torch.nn.utils.clip_grad_norm_([part], 1.0)
    optimiser.step()
    for part in slots:
        _check_finite("slots", part)
    return float(per_user.detach().mean())


def _check_finite(what: str, values: Tensor) -> None:
    if not torch.isfinite(values).all():
        raise DivergedError(
            f"The fit's {what} became NaN or infinite; nothing was saved. Lower the learning rate."
        )


def _user_losses(
    projector: Projector,
    scorer: AnswerScorer,
    slots: Sequence[Tensor],
    batches: Sequence[Sequence[FitExample]],
) -> Float[Tensor, " users"]:
    owner = torch.tensor([user for user, batch in enumerate(batches) for _ in batch])
    flat = [example for batch in batches for example in batch]
    stacked, mask = stack_slots(slots)
    query = torch.stack([item.query for item in flat])
    rows, _ = projector(stacked[owner], query, mask[owner])
    scored = scorer([item.example for item in flat], rows)
    losses = example_losses(scored, [item.teacher for item in flat]).to(rows.device)
    counts = torch.tensor([max(1, len(batch)) for batch in batches])
    return losses.new_zeros(len(batches)).index_add(0, owner, losses) / counts


def stack_slots(slots: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Return (slots, mask) of memories of different sizes, padded to the largest."""
    width = max(part.shape[1] for part in slots)
    padded = [torch.nn.functional.pad(part, (0, 0, 0, width - part.shape[1])) for part in slots]
    mask = torch.zeros(len(slots), width, dtype=torch.bool)
    for index, part in enumerate(slots):
        mask[index, : part.shape[1]] = True
    return torch.stack(padded), mask


class _Best:
    """The slots with the lowest held-out loss of each user, or the last ones without held-out.

    A user whose loss did not fall for `patience` checks is done: nothing later counts, as if they
    had been fitted alone and the fit had stopped.
    """

    def __init__(self, slots: Sequence[Tensor], patience: int) -> None:
        self.slots = [part.detach().clone() for part in slots]
        self.loss = [float("inf")] * len(slots)
        self.stale = [0] * len(slots)
        self.scores: list[float] = []
        self.patience = patience

    def _done(self, user: int) -> bool:
        return 0 < self.patience <= self.stale[user]

    @property
    def finished(self) -> bool:
        """Whether every user is done."""
        return all(self._done(user) for user in range(len(self.slots)))

    def check(
        self,
        projector: Projector,
        scorer: AnswerScorer,
        plans: Sequence[_Plan],
        slots: Sequence[Tensor],
    ) -> None:
        """Score the held-out examples of all users who are not done; keep what got better."""
        waiting = [user for user in range(len(plans)) if not self._done(user)]
        current = {user: float("-inf") for user in waiting}
        with_held_out = [user for user in waiting if plans[user].held_out]
        if with_held_out:
            with torch.no_grad():
                scores = _user_losses(
                    projector,
                    scorer,
                    [slots[user] for user in with_held_out],
                    [plans[user].held_out[:16] for user in with_held_out],
                )
            current.update(zip(with_held_out, scores.tolist(), strict=True))
            self.scores.append(float(scores.mean()))
        for user, loss in current.items():
            better = loss <= self.loss[user]
            self.stale[user] = 0 if better else self.stale[user] + 1
            if better:
                self.slots[user], self.loss[user] = slots[user].detach().clone(), loss


@contextmanager
def _stop_on_interrupt() -> Iterator[threading.Event]:
    """Turn Ctrl-C into a flag while the body runs; a second Ctrl-C interrupts at once."""
    stopped = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stopped
        return
    previous = signal.getsignal(signal.SIGINT)

    def stop(signum: int, frame: object) -> None:
        stopped.set()
        signal.signal(signal.SIGINT, previous)

    signal.signal(signal.SIGINT, stop)
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, previous)

"""The loop that trains writer and projector together, resumable at every checkpoint."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from lpm.errors import ConfigError, DivergedError
from lpm.learning.examples import AnswerScorer
from lpm.learning.joint import JointConfig, TrainingUser, joint_step
from lpm.learning.retrieval import hit_rate, retrieval_user, train_retrieval
from lpm.modeling import LPMModel

_WARMUP_STEPS = 30
_LOGGED = ("total", "answer", "salience", "retrieval", "likeness")


@dataclass(frozen=True)
class TrainPlan:
    """How long and how fast to train.

    first_stage: steps without the LLM. steps: steps through it. first_rate, rate: peak learning
    rates of AdamW in the two stages, with 30 steps of warm-up and cosine decay to a twentieth.
    retrieval_steps: steps of retrieval alone after each stage. log_every, save_every: in steps.
    """

    first_stage: int = 300
    steps: int = 900
    first_rate: float = 2e-3
    rate: float = 7e-4
    log_every: int = 20
    retrieval_steps: int = 1500
    save_every: int = 100
    seed: int = 0

    @property
    def total(self) -> int:
        """Return the number of steps of both stages."""
        return self.first_stage + self.steps

    def learning_rate(self, step: int) -> float:
        """Return the rate of a step."""
        first = step < self.first_stage
        place, length, peak = (
            (step, self.first_stage, self.first_rate)
            if first
            else (step - self.first_stage, self.steps, self.rate)
        )
        if place < _WARMUP_STEPS:
            return peak * (place + 1) / _WARMUP_STEPS
        return peak * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * place / length)))


class JointTrainer:
    """Train a model on a growing list of users; logs to `folder`/log.jsonl."""

    def __init__(
        self, model: LPMModel, plan: TrainPlan, settings: JointConfig, folder: Path
    ) -> None:
        self.model = model.train()
        self.plan = plan
        self.settings = settings
        self.folder = folder
        self.table = model.backbone.model.get_input_embeddings().weight.detach().cpu()
        self.optimiser = torch.optim.AdamW(model.parameters(), lr=plan.rate, weight_decay=0.01)
        self.generator = torch.Generator().manual_seed(plan.seed)
        self.scorer = AnswerScorer(model.backbone)
        self.step = 0
        folder.mkdir(parents=True, exist_ok=True)

    def run(
        self,
        users: Callable[[int], Sequence[TrainingUser]],
        *,
        checkpoint: Callable[[], dict[str, float]] | None = None,
        progress: Callable[[int, int, float], None] | None = None,
    ) -> None:
        """Train to the end of the plan.

        users: gives the users that take part at a step. checkpoint: measures something whenever
        the state is saved; its result is logged. Raises DivergedError before a NaN reaches a file.
        """
        sums, begin = torch.zeros(len(_LOGGED) + 1), time.time()
        while self.step < self.plan.total:
            sums += self._one(users(self.step))
            self.step += 1
            if progress:
                progress(self.step, self.plan.total, float(sums[0]) / float(sums[-1]))
            if self.step % self.plan.log_every == 0:
                means = (sums[:-1] / sums[-1]).tolist()
                logged = dict(zip(_LOGGED, means, strict=True))
                self.log(seconds=round(time.time() - begin), **logged)
                sums.zero_()
            at_end = self.step in (self.plan.first_stage, self.plan.total)
            if at_end:
                self._look(users(self.step - 1))
            if at_end or self.step % self.plan.save_every == 0:
                if checkpoint:
                    self.log(**checkpoint())
                self.save()

    def _one(self, users: Sequence[TrainingUser]) -> torch.Tensor:
        chosen = torch.randperm(len(users), generator=self.generator)
        batch = [users[i] for i in chosen[: self.settings.users_per_step].tolist()]
        self.optimiser.param_groups[0]["lr"] = self.plan.learning_rate(self.step)
        losses = joint_step(
            self.model.writer,
            self.model.projector,
            self.table,
            batch,
            self.settings,
            self.generator,
            None if self.step < self.plan.first_stage else self.scorer,
        )
        if not torch.isfinite(losses.total):
            raise DivergedError(
                f"The training loss became NaN or infinite at step {self.step}; nothing was saved "
                "since the last checkpoint. Lower the rate and resume."
            )
        self.optimiser.zero_grad()
        losses.total.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        return torch.tensor(
            [
                float(losses.total.detach()),
                losses.answer,
                losses.salience,
                losses.retrieval,
                losses.likeness,
                1.0,
            ]
        )

    def _look(self, users: Sequence[TrainingUser]) -> None:
        """Train retrieval on what the memories hold now."""
        ready = [retrieval_user(self.model, user) for user in users]
        steps = self.plan.retrieval_steps
        losses = train_retrieval(self.model, ready, steps=steps, seed=self.plan.seed)
        recent = losses[-100:]
        self.log(
            retrieval_alone=sum(recent) / max(1, len(recent)), hit_rate=hit_rate(self.model, ready)
        )

    def log(self, **record: object) -> None:
        """Append a line to the log."""
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps({"step": self.step, **record}) + "\n")

    def save(self) -> None:
        """Write the model, then atomically the state to go on from."""
        self.model.save_pretrained(self.folder / "model")
        state = {"generator": self.generator.get_state(), "step": torch.tensor(self.step)}
        for name, parameter in self.model.named_parameters():
            state[f"weight/{name}"] = parameter.detach().clone()
            held = self.optimiser.state.get(parameter, {})
            state |= {f"{key}/{name}": value.clone() for key, value in held.items()}
        half = self.folder / "state.part"
        save_file(state, half)
        os.replace(half, self.folder / "state.safetensors")

    def resume(self) -> bool:
        """Go on from the last checkpoint; return whether there was one."""
        path = self.folder / "state.safetensors"
        if not path.exists():
            return False
        state = load_file(path)
        for name, parameter in self.model.named_parameters():
            saved = state.get(f"weight/{name}")
            if saved is None or saved.shape != parameter.shape:
                raise ConfigError(
                    f"'{path}' was written for a model of other sizes. Give another output folder."
                )
            with torch.no_grad():
                parameter.copy_(saved)
            keys = [k for k in ("step", "exp_avg", "exp_avg_sq") if f"{k}/{name}" in state]
            if keys:
                self.optimiser.state[parameter] = {k: state[f"{k}/{name}"] for k in keys}
        self.generator.set_state(state["generator"])
        self.step = int(state["step"])
        return True

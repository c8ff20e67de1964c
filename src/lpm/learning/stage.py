"""One stage of training: the loop that all stages share, resumable at every checkpoint."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from lpm.errors import ConfigError, DivergedError

StageProgress = Callable[[str, int, int, float], None]


@dataclass(frozen=True)
class StageConfig:
    """How long and how fast a stage trains.

    steps: optimiser steps of AdamW. rate: peak learning rate; warm-up steps lead up to it, a cosine
    down to a fiftieth. log_every, save_every: in steps.
    """

    steps: int
    rate: float
    warmup: int = 15
    weight_decay: float = 0.0
    log_every: int = 20
    save_every: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps < 1 or self.rate <= 0:
            raise ConfigError(
                f"A stage needs steps >= 1 and rate > 0, but got {self.steps} and {self.rate}."
            )

    def learning_rate(self, step: int) -> float:
        """Return the rate of a step."""
        rise = min(1.0, (step + 1) / self.warmup)
        return self.rate * rise * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / self.steps)))


class Stage:
    """Train some parameters of a model; logs to `folder`/log.jsonl, checkpoints beside it.

    parameters: by name, as the checkpoint keeps them. rates: factors of the rate for some names.
    """

    def __init__(
        self,
        name: str,
        parameters: Mapping[str, nn.Parameter],
        config: StageConfig,
        folder: Path,
        *,
        rates: Mapping[str, float] | None = None,
    ) -> None:
        self.name = name
        self.parameters = dict(parameters)
        self.config = config
        self.folder = folder
        self.step = 0
        self.generator = torch.Generator().manual_seed(config.seed)
        factors = dict(rates or {})
        self._factors = [factors.get(key, 1.0) for key in self.parameters]
        self.optimiser = torch.optim.AdamW(
            [{"params": [parameter]} for parameter in self.parameters.values()],
            lr=config.rate,
            betas=(0.9, 0.99),
            weight_decay=config.weight_decay,
        )
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def finished(self) -> bool:
        """Whether every step has been made."""
        return self.step >= self.config.steps

    def run(
        self,
        loss: Callable[[torch.Generator], Tensor],
        *,
        checkpoint: Callable[[], Mapping[str, object]] | None = None,
        progress: StageProgress | None = None,
    ) -> None:
        """Minimise `loss` to the end of the stage.

        loss: draws its batch from the generator that it is given, so that a resumed run goes on
        with the same batches. checkpoint: measures something whenever the state is saved, for the
        log. Raises DivergedError before a NaN reaches a file.
        """
        recent, begin = [], time.perf_counter()
        while not self.finished:
            recent.append(self._one(loss))
            self.step += 1
            if progress:
                progress(self.name, self.step, self.config.steps, sum(recent) / len(recent))
            if self.step % self.config.log_every == 0 or self.finished:
                seconds = round(time.perf_counter() - begin, 1)
                self.log(seconds=seconds, loss=sum(recent) / len(recent))
                recent = []
            if self.step % self.config.save_every == 0 or self.finished:
                if checkpoint:
                    self.log(**checkpoint())
                self.save()

    def _one(self, loss: Callable[[torch.Generator], Tensor]) -> float:
        rate = self.config.learning_rate(self.step)
        for group, factor in zip(self.optimiser.param_groups, self._factors, strict=True):
            group["lr"] = rate * factor
        value = loss(self.generator)
        if not torch.isfinite(value):
            raise DivergedError(
                f"The loss of stage '{self.name}' became NaN or infinite at step {self.step}; "
                "nothing was saved since the last checkpoint. Lower the rate and resume."
            )
        self.optimiser.zero_grad()
        value.backward(inputs=list(self.parameters.values()))
        torch.nn.utils.clip_grad_norm_(list(self.parameters.values()), 1.0)
        self.optimiser.step()
        return float(value.detach())

    def log(self, **record: object) -> None:
        """Append a line to the log."""
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps({"stage": self.name, "step": self.step, **record}) + "\n")

    @property
    def _path(self) -> Path:
        return self.folder / f"{self.name}.safetensors"

    def save(self) -> None:
        """Write, atomically, all that is needed to go on from here."""
        state = {"generator": self.generator.get_state(), "step": torch.tensor(self.step)}
        for name, parameter in self.parameters.items():
            state[f"weight/{name}"] = parameter.detach().clone()
            held = self.optimiser.state.get(parameter, {})
            state |= {f"{key}/{name}": value.clone() for key, value in held.items()}
        half = self._path.with_suffix(".part")
        save_file(state, half)
        os.replace(half, self._path)

    def resume(self) -> bool:
        """Go on from the last checkpoint; return whether there was one."""
        if not self._path.exists():
            return False
        state = load_file(self._path)
        for name, parameter in self.parameters.items():
            saved = state.get(f"weight/{name}")
            if saved is None or saved.shape != parameter.shape:
                raise ConfigError(
                    f"'{self._path}' was written for a model of other sizes. Give another output "
                    "folder."
                )
            with torch.no_grad():
                parameter.copy_(saved)
            if f"step/{name}" in state:
                moments = ("exp_avg", "exp_avg_sq")
                self.optimiser.state[parameter] = {
                    "step": state[f"step/{name}"],
                    **{k: state[f"{k}/{name}"].to(parameter.device) for k in moments},
                }
        self.generator.set_state(state["generator"])
        self.step = int(state["step"])
        return True


def named(**modules: nn.Module | nn.Parameter) -> dict[str, nn.Parameter]:
    """Return the parameters of modules and parameters, named by where they are."""
    found: dict[str, nn.Parameter] = {}
    for name, part in modules.items():
        if isinstance(part, nn.Parameter):
            found[name] = part
        else:
            found |= {f"{name}.{key}": value for key, value in part.named_parameters()}
    return found

"""Save and restore a fit between steps, as one safetensors file written atomically."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from lpm.errors import InputError

if TYPE_CHECKING:
    from lpm.learning.fit import _Best, _Plan


def save_checkpoint(
    path: Path,
    step: int,
    slots: Sequence[Tensor],
    optimiser: torch.optim.Optimizer,
    plans: Sequence[_Plan],
    best: _Best,
    losses: Sequence[float],
) -> None:
    """Write everything that the next step depends on."""
    tensors: dict[str, Tensor] = {}
    for user, part in enumerate(slots):
        tensors[f"slots.{user}"] = part.detach().clone()
        tensors[f"best.{user}"] = best.slots[user]
        tensors[f"generator.{user}"] = plans[user].generator.get_state()
        state = optimiser.state.get(part, {})
        if state:
            tensors[f"mean.{user}"] = state["exp_avg"]
            tensors[f"variance.{user}"] = state["exp_avg_sq"]
    facts = {"step": step, "best_loss": best.loss, "scores": best.scores, "stale": best.stale}
    # Infinity is no JSON; a loss that was never measured is stored as null.
    facts["best_loss"] = [None if abs(x) == float("inf") else x for x in best.loss]
    metadata = {"facts": json.dumps(facts), "losses": json.dumps(list(losses))}
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(path.suffix + ".part")
    save_file(tensors, half, metadata=metadata)
    os.replace(half, path)


def load_checkpoint(
    path: Path,
    slots: Sequence[Tensor],
    optimiser: torch.optim.Optimizer,
    plans: Sequence[_Plan],
    best: _Best,
    losses: list[float],
) -> int:
    """Restore a saved fit in place; return the step to go on with (0 without a file)."""
    if not path.exists():
        return 0
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        facts = json.loads(metadata["facts"])
        _restore(tensors, facts, slots, optimiser, plans, best)
        losses.extend(json.loads(metadata["losses"]))
    except (SafetensorError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise InputError(
            f"Checkpoint '{path}' belongs to another fit or is damaged. Delete it and fit again."
        ) from error
    return int(facts["step"])


def _restore(
    tensors: dict[str, Tensor],
    facts: dict[str, object],
    slots: Sequence[Tensor],
    optimiser: torch.optim.Optimizer,
    plans: Sequence[_Plan],
    best: _Best,
) -> None:
    for user, part in enumerate(slots):
        with torch.no_grad():
            part.copy_(tensors[f"slots.{user}"])
        best.slots[user] = tensors[f"best.{user}"]
        plans[user].generator.set_state(tensors[f"generator.{user}"])
        if f"mean.{user}" in tensors:
            optimiser.state[part] = {
                "step": torch.tensor(float(facts["step"])),  # type: ignore[arg-type]
                "exp_avg": tensors[f"mean.{user}"],
                "exp_avg_sq": tensors[f"variance.{user}"],
            }
    losses = facts["best_loss"]
    best.loss = [float("inf") if x is None else float(x) for x in losses]  # type: ignore[attr-defined]
    best.scores = list(facts["scores"])  # type: ignore[call-overload]
    best.stale = list(facts["stale"])  # type: ignore[call-overload]

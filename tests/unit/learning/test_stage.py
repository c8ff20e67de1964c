"""A stage of training resumes where it was, and never saves what has diverged."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

from lpm.errors import ConfigError, DivergedError
from lpm.learning.stage import Stage, StageConfig, named


def problem() -> tuple[nn.Linear, callable]:
    torch.manual_seed(0)
    layer = nn.Linear(3, 2)

    def loss(generator: torch.Generator) -> torch.Tensor:
        given = torch.randn(8, 3, generator=generator)
        return (layer(given) - given[:, :2]).pow(2).mean()

    return layer, loss


def stage(layer: nn.Module, folder, steps: int = 12, **options) -> Stage:
    config = StageConfig(steps, 0.05, log_every=4, save_every=4, **options)
    return Stage("fold", named(layer=layer), config, folder)


def test_the_loss_falls_and_is_logged(tmp_path):
    layer, loss = problem()
    stage(layer, tmp_path, 200).run(loss, checkpoint=lambda: {"seen": 1})
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    losses = [line["loss"] for line in lines if "loss" in line]
    assert losses[-1] < 0.2 * losses[0]
    assert {line["stage"] for line in lines} == {"fold"}
    assert sum(line.get("seen", 0) for line in lines) == 50


def test_an_interrupted_stage_goes_on_as_if_nothing_had_happened(tmp_path):
    whole, loss = problem()
    stage(whole, tmp_path / "whole").run(loss)

    broken, loss = problem()
    calls = iter(range(100))

    def failing(generator: torch.Generator) -> torch.Tensor:
        if next(calls) == 9:
            raise KeyboardInterrupt
        return loss(generator)

    with pytest.raises(KeyboardInterrupt):
        stage(broken, tmp_path / "broken").run(failing)
    resumed, loss = problem()
    again = stage(resumed, tmp_path / "broken")
    assert again.resume() and again.step == 8
    again.run(loss)
    assert torch.equal(resumed.weight, whole.weight)
    assert again.finished and not stage(problem()[0], tmp_path / "new").resume()


def test_a_loss_that_is_not_finite_stops_before_anything_is_saved(tmp_path):
    layer, _ = problem()
    with pytest.raises(DivergedError, match="stage 'fold' became NaN or infinite at step 0"):
        stage(layer, tmp_path).run(lambda generator: layer.weight.sum() * float("nan"))
    assert not (tmp_path / "fold.safetensors").exists()


def test_a_checkpoint_of_other_sizes_is_refused(tmp_path):
    layer, loss = problem()
    stage(layer, tmp_path).run(loss)
    with pytest.raises(ConfigError, match="other sizes"):
        stage(nn.Linear(4, 2), tmp_path).resume()


@pytest.mark.parametrize(("steps", "rate"), [(0, 0.1), (3, 0.0)])
def test_a_stage_without_steps_or_rate_is_refused(steps, rate):
    with pytest.raises(ConfigError, match="steps >= 1 and rate > 0"):
        StageConfig(steps, rate)

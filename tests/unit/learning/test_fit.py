"""A fit moves slots alone, gives every user what they would get alone, and can be stopped."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import pytest
import torch

from lpm.errors import ConfigError, DivergedError, InputError
from lpm.learning.examples import AnswerScorer
from lpm.learning.fit import FitConfig, fit_slots
from lpm.learning.self_study import question_answer_examples
from lpm.testing import make_memory, tiny_model

PAIRS = [
    [("What is my dog called?", "Rufus"), ("Where do I live?", "Porto"), ("My job?", "Baker")],
    [("What do I drink?", "Tea"), ("My sister?", "Ines"), ("My car?", "A red van"), ("Age?", "41")],
]
CONFIG = FitConfig(steps=12, rows_per_step=2, held_out_share=0.3, check_every=3, patience=0)


class Fit:
    """A projector, its tiny backbone, and the examples and first slots of two users."""

    def __init__(self, backbone) -> None:
        self.backbone = backbone
        self.model = tiny_model(backbone)
        self.examples = [question_answer_examples(self.model, pairs) for pairs in PAIRS]
        # Memories of different sizes: the shorter one is padded and masked in a batch.
        self.start = [
            make_memory(model=self.model, seed=user, num_slots=2 + user).slots for user in (0, 1)
        ]

    def __call__(self, users=(0, 1), config=CONFIG, **options):
        return fit_slots(
            self.model.projector,
            AnswerScorer(self.backbone),
            [self.start[user] for user in users],
            [self.examples[user] for user in users],
            config,
            **options,
        )


@pytest.fixture
def fit(tiny) -> Fit:
    return Fit(tiny)


def same(one, other) -> bool:
    slots = all(torch.equal(a, b) for a, b in zip(one.slots, other.slots, strict=True))
    return slots and one.losses == other.losses and one.held_out == other.held_out


def test_only_slots_move(fit):
    frozen = [*fit.backbone.model.parameters(), *fit.model.parameters()]
    before = [weight.detach().clone() for weight in frozen]
    given = [slots.clone() for slots in fit.start]
    result = fit()
    assert all(torch.equal(a, b) for a, b in zip(frozen, before, strict=True))
    assert all(weight.grad is None for weight in fit.backbone.model.parameters())
    assert not any(weight.requires_grad for weight in fit.backbone.model.parameters())
    assert all(weight.grad is None for weight in fit.model.parameters())
    assert all(weight.requires_grad for weight in fit.model.parameters())
    assert all(torch.equal(a, b) for a, b in zip(fit.start, given, strict=True))
    for slots, start in zip(result.slots, fit.start, strict=True):
        assert slots.shape == start.shape and slots.dtype == torch.float32
        assert not slots.requires_grad and not torch.equal(slots, start)


def test_the_loss_falls(fit):
    result = fit(config=FitConfig(steps=40, learning_rate=0.3, held_out_share=0.0, patience=0))
    assert result.losses[-1] < 0.95 * result.losses[0]
    assert len(result.losses) == 40 and not result.interrupted


@pytest.mark.parametrize("patience", [0, 1])
def test_a_batch_of_users_gives_each_what_they_get_alone(fit, patience):
    config = replace(CONFIG, patience=patience, steps=24)
    together = fit(config=config)
    for user in (0, 1):
        alone = fit((user,), config)
        assert torch.allclose(together.slots[user], alone.slots[0], atol=1e-5)


def test_a_user_without_held_out_examples_is_fitted_like_alone(fit):
    config = replace(CONFIG, held_out_share=0.25, patience=1, steps=24)
    together, alone = fit(config=config), fit((1,), config)
    assert int(len(PAIRS[0]) * 0.25) == 0
    assert torch.allclose(together.slots[1], alone.slots[0], atol=1e-5)
    assert len(together.losses) == 24


def test_the_same_seed_gives_the_same_result_and_another_seed_another(fit):
    state = torch.get_rng_state()
    assert same(fit(), fit())
    assert not same(fit(), fit(config=replace(CONFIG, seed=1)))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("patience", [0, 2])
def test_a_resumed_fit_ends_like_an_uninterrupted_one(fit, tmp_path, patience):
    path = tmp_path / "deep" / "fit.safetensors"
    config = replace(CONFIG, patience=patience, learning_rate=0.3)

    def stop(step: int, steps: int, loss: float) -> None:
        if step == 8:
            os.kill(os.getpid(), signal.SIGINT)

    halfway = fit(config=config, checkpoint=path, progress=stop)
    assert halfway.interrupted and path.is_file()
    steps: list[int] = []
    resumed = fit(config=config, checkpoint=path, progress=lambda step, *_: steps.append(step))
    assert same(resumed, fit(config=config))
    assert steps[0] == 7
    assert list(path.parent.iterdir()) == []


def test_a_checkpoint_of_another_fit_is_refused(fit, tmp_path):
    path = tmp_path / "fit.safetensors"

    def stop(step: int, steps: int, loss: float) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    fit((0,), checkpoint=path, progress=stop)
    with pytest.raises(InputError, match="belongs to another fit"):
        fit((1,), checkpoint=path)
    path.write_bytes(b"no checkpoint")
    with pytest.raises(InputError, match="damaged"):
        fit((0,), checkpoint=path)


def test_ctrl_c_keeps_the_best_slots_so_far(fit):
    previous = signal.getsignal(signal.SIGINT)

    def stop(step: int, steps: int, loss: float) -> None:
        if step == 5:
            os.kill(os.getpid(), signal.SIGINT)

    result = fit(progress=stop)
    assert result.interrupted and len(result.losses) == 5
    assert all(torch.isfinite(slots).all() for slots in result.slots)
    assert signal.getsignal(signal.SIGINT) is previous


def test_without_held_out_examples_the_last_slots_are_kept(fit):
    config = replace(CONFIG, held_out_share=0.0)
    shorter, longer = fit(config=config), fit(config=replace(config, check_every=100))
    assert all(torch.equal(a, b) for a, b in zip(shorter.slots, longer.slots, strict=True))
    assert shorter.held_out == ()


def test_no_steps_give_the_slots_back(fit):
    result = fit(config=replace(CONFIG, steps=0))
    assert all(torch.equal(a, b) for a, b in zip(result.slots, fit.start, strict=True))


def test_nan_slots_are_a_divergence(fit):
    fit.start[1] = torch.full_like(fit.start[1], float("nan"))
    with pytest.raises(DivergedError, match="Lower the learning rate"):
        fit()


def test_slots_that_overflow_are_a_divergence(fit):
    config = replace(CONFIG, learning_rate=1e30)
    with pytest.raises(DivergedError, match="nothing was saved"):
        fit(config=config)


def test_the_best_slots_are_kept_however_wild_the_steps(fit):
    result = fit(config=replace(CONFIG, learning_rate=1e9))
    assert all(torch.isfinite(slots).all() for slots in result.slots)
    fit.start = list(result.slots)
    again = fit(config=replace(CONFIG, steps=0))
    assert again.held_out[0] <= min(result.held_out) + 1e-5


def test_a_user_without_examples_is_refused(fit):
    fit.examples[1] = []
    with pytest.raises(ConfigError, match="at least one example"):
        fit()


@pytest.mark.parametrize(
    "wrong", [{"steps": -1}, {"rows_per_step": 0}, {"learning_rate": 0.0}, {"held_out_share": 1.0}]
)
def test_impossible_settings_are_refused_by_name(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        FitConfig(**wrong)

"""Training examples: drawn ahead by other processes or one by one, they are the same."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoTokenizer

from lpm.embedded import embedded_backbone_path
from lpm.learning.shared import trainable_model
from lpm.learning.speaking import ABSTENTION
from lpm.testing import tiny_backbone


@pytest.fixture(scope="module")
def model():
    tokenizer = AutoTokenizer.from_pretrained(embedded_backbone_path())
    return trainable_model(tiny_backbone(tokenizer=tokenizer))


def test_examples_drawn_ahead_are_the_same_examples(recipe, model):
    speech = recipe("prepare").Speech(model, users=2)
    ahead = recipe("prefetch").Prefetched(speech, workers=2)
    one, other = (torch.Generator().manual_seed(7) for _ in range(2))
    for _ in range(3):
        assert ahead(4, one) == speech(4, other)
    assert torch.equal(one.get_state(), other.get_state())


def test_a_slot_that_tells_something_else_is_answered_as_never_told(recipe, model):
    speech = recipe("prepare").Speech(model, users=3)
    drawn = speech(300, torch.Generator().manual_seed(0))
    untold = [spoken for spoken in drawn if spoken.answer == ABSTENTION]
    assert sum(not spoken.tokens for spoken in untold) > 10
    assert sum(bool(spoken.tokens) for spoken in untold) > 10

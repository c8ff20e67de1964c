"""Sharing the prefix's KV-cache saves time and changes no logit."""

from __future__ import annotations

import pytest
import torch

from lpm.errors import InputError
from lpm.learning.examples import AnswerScorer, build_example
from lpm.learning.losses import Teacher, example_losses

PAIRS = [("What is my dog called?", "Rufus"), ("Where?", "In Porto, by the sea"), ("Age?", "41")]
# Longer than the sliding window of the families that have one.
SYSTEM = "You are a careful assistant that answers from memory."


def plain_logits(backbone, example, rows) -> torch.Tensor:
    """Return the answer's logits from one forward pass over the whole text, alone."""
    before, after, answer = (
        backbone.embed(torch.tensor(part, dtype=torch.long))
        for part in (example.prompt.before, example.prompt.after, example.answer)
    )
    whole = torch.cat([before, rows, after, answer])[None]
    logits = backbone.model(inputs_embeds=whole).logits[0]
    return logits[-len(answer) - 1 : -1]


@torch.no_grad()
@pytest.mark.parametrize("count", [0, 3])
@pytest.mark.parametrize("placement", ["message", "front"])
def test_logits_equal_a_plain_forward_pass(family, placement, count):
    examples = [build_example(family, q, a, placement) for q, a in PAIRS]
    rows = torch.randn(3, count, family.hidden_size, generator=torch.Generator().manual_seed(0))
    scorer = AnswerScorer(family)
    for _ in range(2):  # the second call finds the prefix in the cache
        scored = scorer(examples, rows)
        for index, example in enumerate(examples):
            own = scored.example == index
            assert scored.targets[own].tolist() == list(example.answer)
            expected = plain_logits(family, example, rows[index])
            assert torch.allclose(scored.logits[own], expected, atol=1e-4)


@torch.no_grad()
def test_a_prefix_longer_than_a_sliding_window(family):
    template = family.tokenizer.chat_template
    family.tokenizer.chat_template = f"<|im_start|>system\n{SYSTEM}<|im_end|>\n" + template
    try:
        examples = [build_example(family, q, a) for q, a in PAIRS]
    finally:
        family.tokenizer.chat_template = template
    assert len(examples[0].prompt.before) > 50
    rows = torch.randn(3, 4, family.hidden_size, generator=torch.Generator().manual_seed(0))
    scored = AnswerScorer(family)(examples, rows)
    for index, example in enumerate(examples):
        expected = plain_logits(family, example, rows[index])
        assert torch.allclose(scored.logits[scored.example == index], expected, atol=1e-4)


def test_an_answer_ends_with_the_end_of_turn(tiny):
    example = build_example(tiny, *PAIRS[0])
    assert tiny.tokenizer.decode(list(example.answer)) == "Rufus<|im_end|>"


def test_gradients_reach_the_rows_and_not_the_backbone(tiny):
    examples = [build_example(tiny, q, a) for q, a in PAIRS]
    rows = torch.randn(3, 2, tiny.hidden_size, requires_grad=True)
    AnswerScorer(tiny)(examples, rows).logits.logsumexp(dim=-1).sum().backward()
    assert (rows.grad.abs().amax(dim=-1) > 0).all()
    assert all(weight.grad is None for weight in tiny.model.parameters())


def test_an_examples_loss_is_its_mean_cross_entropy(tiny):
    examples = [build_example(tiny, q, a) for q, a in PAIRS]
    scored = AnswerScorer(tiny)(examples, torch.randn(3, 2, tiny.hidden_size))
    losses = example_losses(scored, [None] * 3)
    for index, example in enumerate(examples):
        own = scored.logits[scored.example == index]
        expected = torch.nn.functional.cross_entropy(own, torch.tensor(example.answer))
        assert torch.allclose(losses[index], expected, atol=1e-5)


def test_a_sure_teacher_is_the_answer_itself(tiny):
    examples = [build_example(tiny, q, a) for q, a in PAIRS]
    scored = AnswerScorer(tiny)(examples, torch.randn(3, 2, tiny.hidden_size))
    answers = [torch.tensor(example.answer)[:, None] for example in examples]
    teachers = [Teacher(tokens, torch.full(tokens.shape, 0.5)) for tokens in answers]
    expected = example_losses(scored, [None] * 3)
    assert torch.allclose(example_losses(scored, teachers), expected, atol=1e-5)
    assert torch.allclose(example_losses(scored, [teachers[0], None, None]), expected, atol=1e-5)


def test_examples_with_other_beginnings_are_refused(tiny):
    examples = [build_example(tiny, *PAIRS[0], placement) for placement in ("message", "front")]
    assert examples[0].prompt.before != examples[1].prompt.before
    with pytest.raises(InputError, match="share the text before the rows"):
        AnswerScorer(tiny)(examples, torch.zeros(2, 1, tiny.hidden_size))

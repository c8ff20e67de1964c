"""e(x) is what a full forward pass would give at its layer, and a message's alone."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from lpm.errors import ConfigError
from lpm.nn.pooling import Pooling
from lpm.nn.query_encoder import QUERY_KINDS, encode_queries
from lpm.testing import tiny_backbone

MESSAGES = ["What is my dog called?", "Hi", "Where do I go on Sundays, and with whom? I forgot."]


def full_states(backbone, message: str) -> tuple[torch.Tensor, ...]:
    ids = torch.tensor([backbone.tokenizer.encode(message, add_special_tokens=False)])
    with torch.no_grad():
        return backbone.model(ids, output_hidden_states=True).hidden_states


def layer_normed(states: torch.Tensor) -> torch.Tensor:
    return functional.layer_norm(states[0], states.shape[-1:])


@pytest.mark.parametrize("layers", [(1,), (2, 3), (3, 1)])
def test_early_exit_is_the_state_of_a_full_forward_pass_at_each_layer(family, layers):
    states, mask = encode_queries(family, MESSAGES, "early-exit", layers)
    for message, query, kept in zip(MESSAGES, states, mask, strict=True):
        full = full_states(family, message)
        for place, layer in enumerate(layers):
            assert torch.allclose(query[kept, place], layer_normed(full[layer]), atol=1e-4)


def test_last_hidden_is_the_last_token_after_all_layers(family):
    states, mask = encode_queries(family, MESSAGES, "last-hidden", [1])
    assert mask.shape == (len(MESSAGES), 1)
    for message, query in zip(MESSAGES, states, strict=True):
        last = full_states(family, message)[-1][0, -1]
        assert torch.allclose(query[0, 0], functional.layer_norm(last, last.shape), atol=1e-4)


def test_embedding_is_made_of_the_input_embeddings(tiny):
    ids = torch.tensor([tiny.tokenizer.encode(MESSAGES[0])])
    states, mask = encode_queries(tiny, MESSAGES, "embedding", [1])
    assert torch.allclose(states[0, mask[0], 0], layer_normed(tiny.embed(ids)), atol=1e-5)


@pytest.mark.parametrize("kind", QUERY_KINDS)
def test_other_messages_of_the_batch_do_not_matter(family, kind):
    together, mask = encode_queries(family, MESSAGES, kind, [2])
    for index, message in enumerate(MESSAGES):
        alone, _ = encode_queries(family, [message], kind, [2])
        assert torch.allclose(together[index, mask[index]], alone[0], atol=1e-4)


def test_a_fresh_pooling_is_the_mean_of_the_real_tokens():
    states, mask = torch.randn(2, 5, 3, 4), torch.tensor([[True] * 5, [True, True] + [False] * 3])
    pooled = Pooling(12)(states, mask)
    assert torch.allclose(pooled[0], states[0].mean(dim=0), atol=1e-6)
    assert torch.allclose(pooled[1], states[1, :2].mean(dim=0), atol=1e-6)


def test_pooling_leans_to_the_tokens_of_high_score_and_never_sees_padding():
    pooling = Pooling(12)
    torch.nn.init.normal_(pooling.score.weight)
    states, mask = torch.randn(1, 4, 3, 4), torch.tensor([[True, True, True, False]])
    scores = pooling.score(states[0, :3].flatten(1))[:, 0].softmax(0)
    expected = (scores[:, None, None] * states[0, :3]).sum(dim=0)
    assert torch.allclose(pooling(states, mask)[0], expected, atol=1e-5)
    states[0, 3] = 1e6
    assert torch.allclose(pooling(states, mask)[0], expected, atol=1e-5)


@pytest.mark.parametrize("kind", QUERY_KINDS)
def test_a_query_is_float32_and_finite_even_of_an_empty_message(kind):
    backbone = tiny_backbone(dtype=torch.bfloat16)
    states, mask = encode_queries(backbone, ["", "Hi"], kind, [2])
    pooled = Pooling(backbone.hidden_size)(states, mask)
    assert pooled.shape == (2, 1, backbone.hidden_size)
    assert pooled.dtype == torch.float32
    assert torch.isfinite(pooled).all() and not pooled[0].any()


def test_an_unknown_kind_is_refused_by_name(tiny):
    with pytest.raises((ConfigError, TypeError), match="attention"):
        encode_queries(tiny, ["Hi"], "attention", [2])


@pytest.mark.parametrize("layer", [-1, 4])
def test_a_layer_that_is_not_there_is_refused(tiny, layer):
    with pytest.raises(ConfigError, match=r"0\.\.3"):
        encode_queries(tiny, ["Hi"], "early-exit", [layer])

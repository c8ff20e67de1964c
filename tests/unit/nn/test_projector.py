"""The projector is the paper's equations, whatever its sizes, and treats a memory as a set."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from lpm.errors import ConfigError
from lpm.nn.projector import Projector, ProjectorConfig

SIZES = [(1, 1, 4, 2, 1), (1, 5, 4, 2, 1), (3, 1, 7, 5, 1), (3, 4, 6, 4, 3), (5, 9, 3, 1, 5)]


def projector(heads=3, slot=6, head_dim=4, groups=1, *, hidden=8, query=5, seed=0) -> Projector:
    torch.manual_seed(seed)
    made = Projector(
        ProjectorConfig(hidden, query, slot, heads, head_dim, mlp_dim=10, slot_groups=groups)
    )
    for weight in made.parameters():
        # A fresh projector has zeros and ones in it, which would hide mistakes.
        weight.data = torch.randn_like(weight) * 0.5
    return made


def inputs(made: Projector, batch: int, count: int, seed: int = 1):
    torch.manual_seed(seed)
    config = made.config
    slots = torch.randn(batch, config.slot_groups, count, config.slot_dim)
    return slots, torch.randn(batch, config.query_dim)


def dot(left, right) -> float:
    return sum(float(a) * float(b) for a, b in zip(left, right, strict=True))


def times(matrix, vector) -> list[float]:
    return [dot(row, vector) for row in matrix]


def gelu(x: float) -> float:
    return 0.5 * x * (1 + math.erf(x / math.sqrt(2)))


def literal_row(made: Projector, head: int, slots, query) -> tuple[list[float], list[float]]:
    """Return (row, attention) of one head for one user, written as the paper writes it."""
    query_h = times(made.w_q[head], query)
    scores = [
        dot(query_h, times(made.w_k[head], slot)) / math.sqrt(made.config.head_dim)
        for slot in slots
    ]
    exponents = [math.exp(score - max(scores)) for score in scores]
    attention = [e / sum(exponents) for e in exponents]
    mixed = [0.0] * made.config.hidden_size
    for weight, slot in zip(attention, slots, strict=True):
        for place, value in enumerate(times(made.w_v[head], slot)):
            mixed[place] += weight * value
    first, last = made.mlp[0], made.mlp[2]
    inner = [
        gelu(x + float(b)) for x, b in zip(times(first.weight, mixed), first.bias, strict=True)
    ]
    outer = [x + float(b) for x, b in zip(times(last.weight, inner), last.bias, strict=True)]
    summed = [a + b for a, b in zip(mixed, outer, strict=True)]
    mean = sum(summed) / len(summed)
    variance = sum((x - mean) ** 2 for x in summed) / len(summed)
    row = [
        (x - mean) / math.sqrt(variance + 1e-5) * float(gain) + float(bias)
        for x, gain, bias in zip(summed, made.gain[head], made.bias[head], strict=True)
    ]
    return row, attention


@torch.no_grad()
@pytest.mark.parametrize(("heads", "count", "slot", "head_dim", "groups"), SIZES)
def test_it_computes_the_equations_of_the_paper(heads, count, slot, head_dim, groups):
    made = projector(heads, slot, head_dim, groups)
    slots, query = inputs(made, 2, count)
    rows, attention = made(slots, query)
    for user in range(2):
        for head in range(heads):
            own = slots[user, head if groups > 1 else 0]
            row, weights = literal_row(made, head, own, query[user])
            assert torch.allclose(rows[user, head], torch.tensor(row), atol=1e-5)
            assert torch.allclose(attention[user, head], torch.tensor(weights), atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("groups", [1, 3])
def test_the_order_of_slots_does_not_matter(groups):
    made = projector(groups=groups)
    slots, query = inputs(made, 2, 7)
    order = torch.randperm(7)
    rows, attention = made(slots, query)
    shuffled_rows, shuffled = made(slots[:, :, order], query)
    assert torch.allclose(shuffled_rows, rows, atol=1e-5)
    assert torch.allclose(shuffled, attention[:, :, order], atol=1e-6)


@torch.no_grad()
def test_masked_slots_take_no_part_at_all():
    made = projector()
    slots, query = inputs(made, 2, 5)
    mask = torch.tensor([[True, True, False, True, False], [False, True, False, False, False]])
    rows, attention = made(slots, query, mask)
    other = torch.where(mask[:, None, :, None], slots, torch.full_like(slots, 1e6))
    other_rows, other_attention = made(other, query, mask)
    assert torch.equal(other_rows, rows) and torch.equal(other_attention, attention)
    assert (attention.masked_select(~mask[:, None]) == 0).all()
    only, _ = made(slots[:1, :, mask[0]], query[:1])
    assert torch.allclose(only, rows[:1], atol=1e-5)


@torch.no_grad()
def test_the_attention_of_a_head_sums_to_one():
    made = projector()
    slots, query = inputs(made, 3, 6)
    mask = torch.tensor([[True] * 6, [True] * 2 + [False] * 4, [False] * 5 + [True]])
    for given in (None, mask):
        _, attention = made(50 * slots, query, given)
        assert (attention >= 0).all()
        assert torch.allclose(attention.sum(dim=-1), torch.ones(3, 3), atol=1e-6)


@torch.no_grad()
def test_each_user_of_a_batch_gets_what_they_get_alone():
    made = projector()
    slots, query = inputs(made, 4, 5)
    together, _ = made(slots, query)
    alone = torch.cat([made(slots[i : i + 1], query[i : i + 1])[0] for i in range(4)])
    assert torch.allclose(together, alone, atol=1e-6)


@torch.no_grad()
def test_it_contains_prompt_tuning():
    heads, hidden = 4, 8
    made = Projector(ProjectorConfig(hidden, 5, hidden, heads, 2, 6, slot_groups=heads))
    made.w_v.copy_(torch.eye(hidden).expand(heads, -1, -1))
    slots, query = torch.randn(2, heads, 1, hidden), torch.randn(2, 5)
    rows, _ = made(slots, query)
    assert torch.allclose(rows, functional.layer_norm(slots[:, :, 0], (hidden,)), atol=1e-6)


def test_a_fresh_projector_makes_rows_at_the_scale_it_was_given():
    made = Projector(ProjectorConfig(32, 5, 6, 3, 4, 10), row_scale=0.05)
    slots, query = inputs(made, 2, 5)
    rows, _ = made(slots, query)
    assert torch.allclose(rows.pow(2).mean(dim=-1).sqrt(), torch.full((2, 3), 0.05), rtol=1e-2)


@pytest.mark.parametrize("groups", [1, 3])
def test_gradients_reach_every_slot_that_is_read(groups):
    made = projector(groups=groups)
    slots, query = inputs(made, 2, 4)
    slots.requires_grad_(True)
    mask = torch.tensor([[True, True, True, False]] * 2)
    made(slots, query, mask)[0].pow(3).sum().backward()
    assert (slots.grad[:, :, :3].abs().amax(dim=-1) > 0).all()
    assert (slots.grad[:, :, 3] == 0).all()


@pytest.mark.parametrize("shape", [(2, 1, 4, 7), (2, 3, 4, 6), (2, 2, 4, 6)])
def test_slots_of_another_shape_are_refused(shape):
    made = projector()
    with pytest.raises(ConfigError, match=r"projector expects \(1, 6\)\. Load the projector"):
        made(torch.zeros(shape), torch.zeros(2, 5))


def test_shapes_in_signatures_are_checked_under_test():
    pytest.importorskip("beartype", reason="shapes are checked with beartype")
    # PyTorch itself would spread the one memory over both queries.
    with pytest.raises(TypeError, match="batch query_dim"):
        projector()(torch.zeros(1, 1, 4, 6), torch.zeros(2, 5))


@pytest.mark.parametrize("sizes", [{"head_dim": 0}, {"mlp_dim": -1}, {"slot_groups": 2}])
def test_impossible_sizes_are_refused_by_name(sizes):
    with pytest.raises(ConfigError, match=next(iter(sizes))):
        ProjectorConfig(**({"hidden_size": 8, "query_dim": 8} | sizes))


def test_the_fingerprint_names_the_exact_weights():
    made, same = projector(), projector()
    name = made.fingerprint()
    assert len(name) == 16 and same.fingerprint() == name
    for weight in same.parameters():
        with torch.no_grad():
            kept = weight.flatten()[-1].clone()
            weight.view(-1)[-1] += 1e-4
            assert same.fingerprint() != name
            weight.view(-1)[-1] = kept
    assert same.fingerprint() == name
    assert projector(groups=3).fingerprint() != name

"""The projector is the paper's equations, whatever its sizes, and treats a memory as a set."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from lpm.errors import ConfigError
from lpm.nn.projector import Projector, ProjectorConfig
from lpm.nn.vocabulary import OUTPUT_SCALE, VocabularyMLP

SIZES = [(1, 1, 4, 2, 1), (1, 5, 4, 2, 1), (3, 1, 7, 5, 1), (3, 4, 6, 4, 3), (5, 9, 3, 1, 5)]


def projector(
    heads=3, slot=6, head_dim=4, groups=1, *, hidden=8, query=5, seed=0, **options
) -> Projector:
    torch.manual_seed(seed)
    sizes = {"mlp_dim": 10, "slot_groups": groups} | options
    made = Projector(ProjectorConfig(hidden, query, slot, heads, head_dim, **sizes))
    for weight in made.parameters():
        # A fresh projector has zeros and ones in it, which would hide mistakes.
        weight.data = torch.randn_like(weight) * 0.5
    if isinstance(made.mlp, VocabularyMLP):
        made.mlp.attach(torch.randn(40, hidden))
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


def literal_mlp(mlp, mixed: list[float]) -> list[float]:
    if isinstance(mlp, VocabularyMLP):
        scores = times(mlp.table, mixed)
        exponents = [math.exp(score - max(scores)) for score in scores]
        shares = [e / sum(exponents) for e in exponents]
        return [OUTPUT_SCALE * x for x in times(mlp.table.t(), shares)]
    first, last = mlp[0], mlp[2]
    inner = [
        gelu(x + float(b)) for x, b in zip(times(first.weight, mixed), first.bias, strict=True)
    ]
    return [x + float(b) for x, b in zip(times(last.weight, inner), last.bias, strict=True)]


def literal_row(made: Projector, head: int, slots, query) -> tuple[list[float], list[float]]:
    """Return (row, attention) of one head for one user, written as the paper writes it."""
    config = made.config
    shared = head * config.attention_width // config.num_heads
    query_h = times(made.w_q[shared], query)
    keys = [times(made.w_k[shared], slot[config.key_start :]) for slot in slots]
    scores = [dot(query_h, key) / math.sqrt(config.head_dim) for key in keys]
    if made.sink is not None:
        # One more slot, with a key of its own and a value of zero.
        scores.append(dot([*query_h, 1.0], made.sink[shared]) / math.sqrt(config.head_dim))
    exponents = [math.exp(score - max(scores)) for score in scores]
    attention = [e / sum(exponents) for e in exponents][: len(slots)]
    mixed = [0.0] * config.hidden_size
    begin = head * config.head_width if config.sliced else 0
    for weight, slot in zip(attention, slots, strict=True):
        own = slot[begin : begin + config.head_width]
        for place, value in enumerate(times(made.w_v[head], own)):
            mixed[place] += weight * value
    outer = literal_mlp(made.mlp, mixed)
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
@pytest.mark.parametrize(
    "options",
    [
        {"sink": True},
        {"sink": True, "attention_groups": 1},
        {"value_dim": 6},
        {"value_dim": 6, "sliced": True},
        {"sliced": True},
        {"attention_groups": 1},
        {"mlp": "vocabulary"},
        {"value_dim": 6, "sliced": True, "attention_groups": 1, "mlp": "vocabulary"},
    ],
)
def test_shared_attention_slices_and_a_tied_mlp_are_the_same_equations(options):
    made = projector(3, 9, 4, **options)
    slots, query = inputs(made, 2, 5)
    rows, attention = made(slots, query)
    for user in range(2):
        for head in range(3):
            row, weights = literal_row(made, head, slots[user, 0], query[user])
            assert torch.allclose(rows[user, head], torch.tensor(row), atol=1e-5)
            assert torch.allclose(attention[user, head], torch.tensor(weights), atol=1e-5)


@torch.no_grad()
def test_constant_rows_stand_around_those_of_the_heads_whatever_the_memory():
    made = projector(rows_before=2, rows_after=1)
    slots, query = inputs(made, 2, 4)
    rows, attention = made(slots, query)
    assert rows.shape == (2, 6, 8) and attention.shape == (2, 3, 4)
    assert torch.equal(rows[:, :2], made.before.expand(2, -1, -1))
    assert torch.equal(rows[:, 5:], made.after.expand(2, -1, -1))
    plain = projector()
    plain.load_state_dict(
        made.state_dict() | {k: plain.state_dict()[k] for k in ("before", "after")}
    )
    assert torch.equal(plain(slots, query)[0], rows[:, 2:5])


@torch.no_grad()
def test_a_tied_mlp_gives_the_embedding_of_the_token_that_a_value_points_at():
    made = projector(mlp="vocabulary")
    table = functional.normalize(made.mlp.table, dim=1)
    made.mlp.attach(table)
    read = made.mlp(60 * table[[3, 17]])
    assert torch.allclose(read, OUTPUT_SCALE * table[[3, 17]], atol=0.05)
    assert torch.allclose(made.mlp(torch.zeros(1, 8)), OUTPUT_SCALE * table.mean(0), atol=1e-4)


def test_a_tied_mlp_ships_nothing_of_the_backbone():
    made = projector(mlp="vocabulary")
    assert not any("mlp" in name for name in made.state_dict())
    with pytest.raises(ConfigError, match="no backbone is attached"):
        VocabularyMLP()(torch.zeros(1, 8))


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


@pytest.mark.parametrize(
    "sizes",
    [
        {"head_dim": 0},
        {"mlp_dim": -1},
        {"slot_groups": 2},
        {"attention_groups": 5},
        {"value_dim": 448},
        {"rows_after": -1},
        {"num_heads": 5, "sliced": True},
    ],
)
def test_impossible_sizes_are_refused_by_name(sizes):
    with pytest.raises(ConfigError, match=next(iter(sizes))):
        ProjectorConfig(**({"hidden_size": 8, "query_dim": 8} | sizes))


def test_the_fingerprint_names_the_exact_weights():
    made, same = projector(), projector()
    name = made.fingerprint()
    assert len(name) == 16 and same.fingerprint() == name
    for weight in (weight for weight in same.parameters() if weight.numel()):
        with torch.no_grad():
            kept = weight.flatten()[-1].clone()
            weight.view(-1)[-1] += 1e-4
            assert same.fingerprint() != name
            weight.view(-1)[-1] = kept
    assert same.fingerprint() == name
    assert projector(groups=3).fingerprint() != name


def test_a_table_that_is_cast_once_reads_what_one_that_is_cast_in_parts_reads(monkeypatch):
    table = torch.randn(50, 8, generator=torch.Generator().manual_seed(0)).bfloat16()
    values = torch.randn(3, 8, generator=torch.Generator().manual_seed(1))
    once, in_parts = VocabularyMLP(), VocabularyMLP()
    once.attach(table)
    monkeypatch.setattr("lpm.nn.vocabulary._CAST_ONCE_BYTES", 0)
    in_parts.attach(table)
    assert (once.table.dtype, in_parts.table.dtype) == (torch.float32, torch.bfloat16)
    assert torch.equal(once(values), in_parts(values))

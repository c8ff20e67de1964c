"""The writer gives every chunk its own slot, whatever stands beside it, always the same."""

from __future__ import annotations

import pytest
import torch

from lpm.chunking import Chunk
from lpm.errors import ConfigError
from lpm.nn.writer import Writer, WriterConfig
from lpm.testing import tiny_model
from lpm.writing import write_slots

TEXTS = [
    "My dog is called Rufus and he is nine years old.",
    "I never eat fish.",
    "On Sundays I row on the lake with my sister Ines.",
    "We moved to Porto in May.",
    "The weather is fine today.",
    "I am allergic to penicillin, by the way.",
]
CHUNKS = [Chunk(f"s{n // 2}", n % 2, text, "") for n, text in enumerate(TEXTS)]


@pytest.fixture
def writer() -> Writer:
    torch.manual_seed(0)
    made = Writer(WriterConfig(16, num_tokens=4, code_dim=3, key_dim=5, scorer_dim=8))
    torch.nn.init.normal_(made.context_code.weight)
    return made


def features(lengths=(9, 2, 6), *, width=9):
    torch.manual_seed(1)
    embeddings, hidden = torch.randn(len(lengths), width, 16), torch.randn(len(lengths), width, 16)
    mask = torch.arange(width) < torch.tensor(lengths)[:, None]
    return embeddings, hidden, mask


def padded(tensor: torch.Tensor, count: int, value: float) -> torch.Tensor:
    rest = torch.full((len(tensor), count, *tensor.shape[2:]), value, dtype=tensor.dtype)
    return torch.cat([tensor, rest], dim=1)


@torch.no_grad()
def test_a_chunk_gives_the_same_slot_in_any_order(writer):
    given = features()
    made = writer(*given)
    order = torch.tensor([2, 0, 1])
    shuffled = writer(*(part[order] for part in given))
    assert torch.allclose(shuffled.slots, made.slots[order], atol=1e-6)
    assert torch.allclose(shuffled.salience, made.salience[order], atol=1e-6)


@torch.no_grad()
def test_padding_changes_nothing(writer):
    embeddings, hidden, mask = features()
    made = writer(embeddings, hidden, mask)
    wider = writer(padded(embeddings, 7, 9.0), padded(hidden, 7, -9.0), padded(mask, 7, False))
    assert torch.allclose(wider.slots, made.slots, atol=1e-6)
    assert torch.allclose(wider.salience, made.salience, atol=1e-6)


@torch.no_grad()
def test_the_same_input_gives_the_same_bits(writer):
    assert torch.equal(writer(*features()).slots, writer(*features()).slots)


@torch.no_grad()
def test_a_chunk_shorter_than_a_slot_leaves_the_rest_zero(writer):
    made = writer(*features((1, 2, 0), width=2))
    codes = made.slots[:, : 4 * 3].view(3, 4, 3)
    assert made.slots.shape == (3, writer.config.slot_dim)
    assert (codes[0, 0] != 0).all() and (codes[1, :2] != 0).all()
    assert (codes[0, 1:] == 0).all() and (codes[1, 2:] == 0).all() and (codes[2] == 0).all()


@torch.no_grad()
def test_the_most_memorable_tokens_are_kept_in_their_order(writer):
    embeddings, hidden, mask = features()
    made = writer(embeddings, hidden, mask)
    for chosen, scores, real in zip(made.chosen, made.token_salience, mask, strict=True):
        assert chosen.tolist() == sorted(chosen.tolist())
        best = scores.masked_fill(~real, -1e9).topk(min(4, int(real.sum()))).indices
        assert set(best.tolist()) <= set(chosen.tolist())


def test_gradients_reach_every_part_of_the_writer(writer):
    made = writer(*features())
    (made.slots.pow(2).sum() + made.salience.sum()).backward()
    for name, weight in writer.named_parameters():
        assert weight.grad is not None and weight.grad.abs().sum() > 0, name


@pytest.mark.parametrize("name", ["hidden_size", "code_dim", "num_tokens"])
def test_impossible_sizes_are_refused_by_name(name):
    with pytest.raises(ConfigError, match=name):
        WriterConfig(**({"hidden_size": 8} | {name: 0}))


def slot_of(written) -> dict[str, torch.Tensor]:
    return {c.text: s for c, s in zip(written.chunks, written.slots[0], strict=True)}


def test_chunks_may_be_written_in_any_order(tiny):
    model = tiny_model(tiny)
    one, other = write_slots(model, CHUNKS, 3), write_slots(model, CHUNKS[::-1], 3)
    assert [c.text for c in other.chunks] == [c.text for c in one.chunks][::-1]
    for text, slot in slot_of(one).items():
        assert torch.allclose(slot_of(other)[text], slot, atol=1e-5)


def test_sessions_written_one_by_one_keep_the_same_slots(tiny):
    model = tiny_model(tiny)
    whole = write_slots(model, CHUNKS, 3)
    tops = [c for n in (0, 2, 4) for c in write_slots(model, CHUNKS[n : n + 2], 3).chunks]
    assert write_slots(model, tops, 3).chunks == whole.chunks


def test_the_same_chunk_said_twice_is_kept_once_and_names_its_source(tiny):
    model = tiny_model(tiny)
    again = [Chunk("later", 0, CHUNKS[0].text, CHUNKS[0].context)]
    written = write_slots(model, CHUNKS[:2] + again, 4)
    assert written.chunks == tuple(CHUNKS[:2])
    sources = [(s.session_id, s.turn, s.share) for (s,) in written.provenance()]
    assert sources == [("s0", 0, 1.0), ("s0", 1, 1.0)]

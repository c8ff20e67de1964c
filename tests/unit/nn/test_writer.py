"""The writer gives every chunk its own slot, whatever stands beside it, always the same."""

from __future__ import annotations

import pytest
import torch

from lpm.chunking import Chunk
from lpm.errors import ConfigError
from lpm.learning.features import word_numbers
from lpm.nn.writer import Writer, WriterConfig, arrange, by_word, choose
from lpm.testing import tiny_model
from lpm.writing import WORTH_KEEPING, write_slots

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
    sizes = {"coder_dim": 8, "keyer_dim": 8, "scorer_dim": 8, "num_roles": 2}
    made = Writer(WriterConfig(16, 2, num_tokens=4, code_dim=3, key_dim=5, **sizes))
    torch.nn.init.normal_(made.code_detail[2].weight)
    made.markers = torch.randn(1, 16)
    return made


def features(lengths=(9, 2, 6), *, width=9):
    torch.manual_seed(1)
    embeddings, states = (
        torch.randn(len(lengths), width, 16),
        torch.randn(len(lengths), width, 2, 16),
    )
    mask = torch.arange(width) < torch.tensor(lengths)[:, None]
    return embeddings, states, mask


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
    embeddings, states, mask = features()
    made = writer(embeddings, states, mask)
    wider = writer(padded(embeddings, 7, 9.0), padded(states, 7, -9.0), padded(mask, 7, False))
    assert torch.allclose(wider.slots, made.slots, atol=1e-6)
    assert torch.allclose(wider.salience, made.salience, atol=1e-6)


@torch.no_grad()
def test_the_same_input_gives_the_same_bits(writer):
    assert torch.equal(writer(*features()).slots, writer(*features()).slots)


@torch.no_grad()
def test_a_slot_holds_the_codes_of_the_kept_tokens_by_role_and_zeros(writer):
    embeddings, _, _ = features()
    roles = torch.tensor([[1, -1, 0, -1, 0, -1, -1, -1, -1], [-1] * 9, [0] + [-1] * 8])
    packed = writer.packed(embeddings, roles)
    codes = writer.codes(torch.cat([embeddings[0, [2, 4]], writer.markers, embeddings[0, [0]]]))
    assert torch.allclose(packed[0], codes, atol=1e-6)
    assert (packed[1] == 0).all()
    assert torch.allclose(packed[2, 0], writer.codes(embeddings[2, 0]), atol=1e-6)
    assert (packed[2, 1:] == 0).all()


def test_the_best_tokens_are_kept_and_none_that_is_not_worth_it():
    scores = torch.tensor([[[2.0, 1.0], [-1.0, -2.0], [0.5, 3.0], [1.0, 0.0], [0.1, 0.0]]])
    assert choose(scores, 9).tolist() == [[0, -1, 1, 0, 0]]
    assert choose(scores, 2).tolist() == [[0, -1, 1, -1, -1]]
    assert choose(-scores.abs(), 9).tolist() == [[-1] * 5]


def test_a_word_is_kept_whole_by_its_best_piece():
    scores = torch.tensor([[[-1.0], [3.0], [-2.0], [-1e4]]])
    spread = by_word(scores, torch.tensor([[0, 1, 1, 0]]))
    assert spread[0, :, 0].tolist() == [-1.0, 3.0, 3.0, -1e4]


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ([" B", "umble", " sleeps", "."], [0, 0, 1, 2]),
        ([" at", " 5", ":", "52", "!"], [0, 1, 1, 1, 2]),
        ([" it", "'s", " J", "ean", "-", "Luc", ","], [0, 0, 1, 1, 1, 1, 2]),
        ([], []),
    ],
)
def test_pieces_are_counted_into_words(pieces, words):
    assert word_numbers(pieces) == words


@pytest.mark.parametrize(
    ("kept", "limit", "expected"),
    [
        ([], 4, []),
        ([(0, 3), (0, 5)], 4, [3, 5]),
        ([(2, 1), (0, 3), (1, 4), (2, 6)], 9, [3, -1, 4, -2, 1, 6]),
        ([(1, 7)], 4, [-1, 7]),
        ([(0, 1), (0, 2), (1, 3)], 3, [1, 2]),
        ([(0, 1), (0, 2), (1, 3)], 2, [1, 2]),
        ([(1, 7)], 1, []),
    ],
)
def test_tokens_are_arranged_by_role_behind_its_marker(kept, limit, expected):
    assert arrange(kept, limit) == expected


def test_gradients_reach_every_part_of_the_writer(writer):
    embeddings, states, mask = features()
    made = writer(embeddings, states, mask)
    packed = writer.packed(embeddings, torch.zeros(mask.shape, dtype=torch.long))
    scores = writer.token_scores(states).sum() + made.salience.sum()
    (scores + (packed**3).sum() + (made.slots**3).sum()).backward()
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


def test_the_same_chunk_said_twice_is_kept_once_where_it_was_said_last(tiny):
    model = tiny_model(tiny)
    again = Chunk("later", 0, CHUNKS[0].text, CHUNKS[0].context)
    written = write_slots(model, [*CHUNKS[:2], again], 4)
    assert written.chunks == (CHUNKS[1], again)
    sources = [(s.session_id, s.turn, s.share) for (s,) in written.provenance()]
    assert sources == [("s0", 1, 1.0), ("later", 0, 1.0)]


@torch.no_grad()
def test_a_trained_writer_leaves_out_what_is_not_worth_keeping(tiny):
    model = tiny_model(tiny, num_slots=6, trained=True)
    everything = write_slots(tiny_model(tiny, num_slots=6), CHUNKS, 6)
    scores = sorted(everything.salience)
    middle = (scores[2] + scores[3]) / 2
    last = model.writer.chunk_scorer[-1]
    last.bias -= middle - WORTH_KEEPING
    kept = write_slots(model, CHUNKS, 6)
    worth = [c for c, s in zip(everything.chunks, everything.salience, strict=True) if s > middle]
    assert list(kept.chunks) == worth and len(worth) == 3
    last.bias -= 1e4
    assert len(write_slots(model, CHUNKS, 6).chunks) == 1, "a memory has at least one slot"

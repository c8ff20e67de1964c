"""How tokens are named beside their scores: text, bytes, and where they begin."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer, decoders, models
from transformers import PreTrainedTokenizerFast

from lpm.server.naming import Offsets, TokenNames
from lpm.testing import tiny_tokenizer

TOKENIZER = tiny_tokenizer()
TEXT = "Gdańsk – ok 🚣!"


def named(names: TokenNames, text: str) -> list[tuple[str, list[int]]]:
    return [(one.text, list(one.data)) for one in map(names.of, TOKENIZER.encode(text))]


def test_part_of_a_character_has_bytes_of_its_own():
    names = TokenNames(TOKENIZER)
    assert named(names, "añ") == [("a", [97]), ("\ufffd", [0xC3]), ("\ufffd", [0xB1])]
    together = bytes(byte for _, data in named(names, TEXT) for byte in data)
    assert together.decode() == TEXT


def test_every_byte_has_its_token():
    names = TokenNames(TOKENIZER)
    assert sorted(names.of(token).data for token in range(256)) == [
        bytes([value]) for value in range(256)
    ]


def test_a_special_token_is_named_as_it_is_written():
    one = TokenNames(TOKENIZER).of(TOKENIZER.eos_token_id)
    assert one.text == "<|im_end|>" and one.data == b"<|im_end|>"


def pieces() -> PreTrainedTokenizerFast:
    """Return a tokenizer as SentencePiece's are: a blank before a word belongs to it."""
    words = ["\u2581Lena", "\u2581lives", "\u2581in", "\u2581Leip", "zig", "."]
    inner = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="."))
    inner.decoder = decoders.Metaspace()
    return PreTrainedTokenizerFast(tokenizer_object=inner)


def test_elsewhere_the_bytes_are_those_of_the_text():
    names = TokenNames(pieces())
    assert (names.of(4).text, names.of(4).data) == ("zig", b"zig")


def test_a_token_is_decoded_once(monkeypatch):
    tokenizer, seen = tiny_tokenizer(), []
    decode = tokenizer.decode
    monkeypatch.setattr(tokenizer, "decode", lambda ids, **how: seen.append(ids) or decode(ids))
    names = TokenNames(tokenizer)
    for token in (65, 66, 65, 65, 66):
        names.of(token)
    assert seen == [[65], [66]]


@pytest.mark.parametrize("step", [1, 3, 99])
def test_offsets_are_places_in_the_text_however_tokens_come(step):
    tokens = TOKENIZER.encode(TEXT)
    offsets = Offsets(TOKENIZER)
    found = [
        place for n in range(0, len(tokens), step) for place in offsets.of(tokens[n : n + step])
    ]
    expected = [place for place, one in enumerate(TEXT) for _ in one.encode()]
    assert found == expected


def test_offsets_count_the_blank_that_belongs_to_a_word():
    assert Offsets(pieces()).of(range(6)) == [0, 4, 10, 13, 18, 21]

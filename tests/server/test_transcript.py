"""An answer's text is the same however its tokens come in."""

from __future__ import annotations

import random

import pytest
from tokenizers import Tokenizer, decoders, models
from transformers import PreTrainedTokenizerFast

from lpm.server.sampling import Sampling, TokenLogprob
from lpm.server.transcript import Transcript
from lpm.testing import tiny_tokenizer

TOKENIZER = tiny_tokenizer()
END = TOKENIZER.eos_token_id
TEXT = "Lena lives in Gdańsk, she says – and rows."


def told(tokens: list[int], step: int, **sampling: object) -> tuple[str, str | None, int]:
    """Return text, end and number of tokens when `step` tokens come at a time."""
    transcript = Transcript(TOKENIZER, frozenset([END]), Sampling(**{"max_tokens": 99, **sampling}))
    text, count = "", 0
    for place in range(0, len(tokens), step):
        piece = transcript.add(tokens[place : place + step])
        text, count = text + piece.text, piece.tokens
        assert "\ufffd" not in piece.text, "half a character was told"
        if piece.finished:
            break
    return text, transcript.finished, count


@pytest.mark.parametrize("step", [1, 2, 5, 99])
def test_the_end_token_ends_and_is_no_part(step):
    tokens = TOKENIZER.encode(TEXT)
    assert told([*tokens, END, *tokens], step) == (TEXT, "stop", len(tokens))


@pytest.mark.parametrize("step", [1, 2, 5, 99])
@pytest.mark.parametrize("stop", [(" she",), ("ows", "ńs"), ("Lena",)])
def test_a_stop_string_ends_and_what_follows_is_dropped(step, stop):
    tokens = TOKENIZER.encode(TEXT)
    text, finished, count = told(tokens, step, stop=stop)
    assert TEXT.startswith(text) and finished == "stop"
    assert text == TEXT[: min(TEXT.index(word) for word in stop)]
    # One token a byte: those of the text and of the stop string itself.
    assert count == len((text + next(w for w in stop if w in TEXT[len(text) :][:4])).encode())


def test_the_limit_ends():
    tokens = TOKENIZER.encode("abcdef")
    assert told(tokens, 1, max_tokens=3) == ("abc", "length", 3)


def test_what_was_held_back_is_told_at_an_end_of_the_engines_own():
    transcript = Transcript(TOKENIZER, frozenset([END]), Sampling(max_tokens=99, stop=("xyz",)))
    assert transcript.add(TOKENIZER.encode("ab xy")).text == "ab "
    last = transcript.end()
    assert (last.text, last.finished, last.tokens) == ("xy", "stop", 5)


def test_scores_go_with_their_tokens():
    tokens = [*TOKENIZER.encode("ab"), END]
    scores = [TokenLogprob(token, -1.0, ()) for token in tokens]
    transcript = Transcript(TOKENIZER, frozenset([END]), Sampling(max_tokens=99))
    assert transcript.add(tokens, scores).logprobs == tuple(scores[:2])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("step", [1, 3])
def test_what_is_told_is_the_text_of_all_tokens(seed, step):
    """Of random bytes, most of which are no characters, as of text."""
    tokens = random.Random(seed).choices(range(256), k=60)
    transcript = Transcript(TOKENIZER, frozenset([END]), Sampling(max_tokens=60))
    text = "".join(transcript.add(tokens[n : n + step]).text for n in range(0, 60, step))
    assert text == TOKENIZER.decode(tokens, skip_special_tokens=True)
    assert transcript.finished == "length"


@pytest.mark.parametrize("step", [2, 5, 99])
@pytest.mark.parametrize("seed", range(5))
def test_where_a_stop_string_ends_does_not_depend_on_how_tokens_come(seed, step):
    tokens = random.Random(seed).choices(range(256), k=60)
    text = TOKENIZER.decode(tokens, skip_special_tokens=True)
    word = next(text[n : n + 2] for n in range(9, 60) if "\ufffd" not in text[n : n + 2])
    sampling = Sampling(max_tokens=99, stop=(word, "never said"))

    def add(step: int) -> tuple[str, int]:
        transcript = Transcript(TOKENIZER, frozenset([END]), sampling)
        said = ""
        for place in range(0, 60, step):
            piece = transcript.add(tokens[place : place + step])
            said += piece.text
            if piece.finished:
                return said, piece.tokens
        raise AssertionError("the stop string was not found")

    assert add(step) == add(1)
    assert add(step)[0] == text[: text.index(word)]


@pytest.mark.parametrize("step", [1, 2, 5])
def test_blanks_that_a_tokenizer_leaves_out_at_the_start_are_kept_within(step):
    """As SentencePiece's tokenizers do: the blank before a word belongs to it."""
    words = ["\u2581Lena", "\u2581lives", "\u2581in", "\u2581Leip", "zig", "."]
    inner = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="."))
    inner.decoder = decoders.Metaspace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner)
    transcript = Transcript(tokenizer, frozenset(), Sampling(max_tokens=99))
    pieces = [transcript.add([*range(6)][n : n + step]).text for n in range(0, 6, step)]
    assert "".join([*pieces, transcript.end().text]) == "Lena lives in Leipzig."
    assert pieces[0] == "Lena lives in Leipzig."[: len(pieces[0])] and pieces[0]

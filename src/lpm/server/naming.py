"""How tokens are named beside their scores: as text, as bytes, and where they begin."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tokenizers.decoders import ByteLevel

from lpm.server.sampling import Sampling, TokenLogprob
from lpm.server.transcript import Transcript

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_KEPT = 2**15


@dataclass(frozen=True)
class Name:
    """A token by itself; data: its bytes, which may be part of a character."""

    text: str
    data: bytes


class TokenNames:
    """Names the tokens of a tokenizer, and keeps those that were named lately."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        backend = getattr(tokenizer, "backend_tokenizer", None)
        self._is_byte_level = isinstance(getattr(backend, "decoder", None), ByteLevel)
        self._written_out = frozenset(tokenizer.added_tokens_decoder)
        self.of = lru_cache(_KEPT)(self._named)

    def _named(self, token: int) -> Name:
        text = str(self._tokenizer.decode([token]))
        data = self._data(token) if self._is_byte_level else None
        return Name(text, text.encode() if data is None else data)

    def _data(self, token: int) -> bytes | None:
        """Return the bytes that a vocabulary writes as characters; None for what is written out."""
        written = self._tokenizer.convert_ids_to_tokens(token)
        if token in self._written_out or not isinstance(written, str):
            return None
        try:
            return bytes(_BYTES[character] for character in written)
        except KeyError:
            return None


class Offsets:
    """Where the tokens of one answer begin in its text.

    A token within a character begins where the character does.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._transcript = Transcript(tokenizer, frozenset(), Sampling(max_tokens=sys.maxsize))
        self._length = 0

    def of(self, tokens: Sequence[int]) -> list[int]:
        """Return the places of the next tokens."""
        found = []
        for token in tokens:
            found.append(self._length)
            self._length += len(self._transcript.add([token]).text)
        return found


def chat_logprobs(names: TokenNames, scores: Sequence[TokenLogprob]) -> dict[str, Any]:
    """Return the scores of tokens as chat completions tell them."""

    def named(token: int, logprob: float) -> dict[str, Any]:
        name = names.of(token)
        return {"token": name.text, "logprob": logprob, "bytes": list(name.data)}

    return {
        "content": [
            named(one.token, one.logprob) | {"top_logprobs": [named(*top) for top in one.top]}
            for one in scores
        ],
        "refusal": None,
    }


def text_logprobs(
    names: TokenNames, offsets: Offsets, scores: Sequence[TokenLogprob]
) -> dict[str, Any]:
    """Return the scores of the next tokens of an answer as text completions tell them."""
    return {
        "tokens": [names.of(one.token).text for one in scores],
        "token_logprobs": [one.logprob for one in scores],
        "top_logprobs": [
            {names.of(token).text: logprob for token, logprob in one.top} for one in scores
        ],
        "text_offset": offsets.of([one.token for one in scores]),
    }


def _byte_alphabet() -> dict[str, int]:
    """Return the bytes by the characters that byte-level vocabularies write them as.

    Those that can be seen in Latin-1 are written as themselves, all others from U+0100 on.
    """
    seen = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = sorted({*range(256)} - {*seen})
    return {chr(byte): byte for byte in seen} | {
        chr(0x100 + place): byte for place, byte in enumerate(others)
    }


_BYTES = _byte_alphabet()

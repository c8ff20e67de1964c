"""Cut a history into chunks: a sentence or two of what the user said, with what came before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lpm.types import History

_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"')\]]*\s+|\n+")


@dataclass(frozen=True)
class Chunk:
    """One or two sentences of a user turn, and the text just before them."""

    session_id: str
    turn: int
    text: str
    context: str


def chunk_history(history: History, *, min_words: int = 6, max_words: int = 36) -> list[Chunk]:
    """Cut every user turn into chunks of about min_words to max_words words.

    The context of a chunk is what was said right before it: the sentence before in the same turn,
    or the turn before. Assistant turns become context only.
    """
    chunks = []
    for session in history.sessions:
        previous = ""
        for index, turn in enumerate(session.turns):
            if turn.role == "user":
                for text in split_text(turn.content, min_words, max_words):
                    chunks.append(Chunk(session.session_id, index, text, previous))
                    previous = text
            previous = turn.content
    return chunks


def split_text(text: str, min_words: int, max_words: int) -> Iterator[str]:
    """Yield pieces of whole sentences; a sentence longer than max_words is cut."""
    held: list[str] = []
    for sentence in _SENTENCE_END.split(text):
        words = (sentence or "").split()
        if held and len(held) + len(words) > max_words:
            yield " ".join(held)
            held = []
        held += words
        while len(held) > max_words:
            yield " ".join(held[:max_words])
            held = held[max_words:]
        if len(held) >= min_words:
            yield " ".join(held)
            held = []
    if held:
        yield " ".join(held)

"""One answer's text as its tokens come: what no later token can change is told at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lpm.server.sampling import Sampling, TokenLogprob, cut_at_stop, sure_length

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

FinishReason = Literal["stop", "length"]


@dataclass(frozen=True)
class Piece:
    """What comes next of one answer; finished is set on the last.

    logprobs: of the tokens that came, when asked for. tokens: of the answer up to here.
    """

    text: str
    logprobs: tuple[TokenLogprob, ...] = ()
    finished: FinishReason | None = None
    tokens: int = 0


class Transcript:
    """The tokens of one answer. Every engine tells its text and its end by these rules alone."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, ends: frozenset[int], sampling: Sampling
    ) -> None:
        self._tokenizer = tokenizer
        self._ends = ends
        self._sampling = sampling
        self._tokens: list[int] = []
        # Whole characters of the tokens before `_read`, in which those from `_context` tell how
        # what comes next is written: tokenizers drop a blank before the first.
        self._text = ""
        self._context = self._read = 0
        self._told = 0
        self.finished: FinishReason | None = None

    def add(self, tokens: Sequence[int], logprobs: Sequence[TokenLogprob] = ()) -> Piece:
        """Add the next tokens and return what is sure now; an end token is no part of the text.

        Tokens behind the one that completes a stop string are dropped.
        """
        before = len(self._tokens)
        count = next((n for n, token in enumerate(tokens) if token in self._ends), len(tokens))
        ended = count < len(tokens)
        if self._sampling.stop:
            ended = self._add_to_stop(tokens[:count]) or ended
        else:
            self._tokens += tokens[:count]
        return self._piece(tuple(logprobs[: len(self._tokens) - before]), ended)

    def end(self) -> Piece:
        """Return what was held back, for an engine that ends by a rule of its own."""
        return self._piece((), True)

    def _piece(self, logprobs: tuple[TokenLogprob, ...], ended: bool) -> Piece:
        stop = self._sampling.stop
        if ended:
            self.finished = "stop"
        elif len(self._tokens) >= self._sampling.max_tokens:
            self.finished = "length"
        if self.finished:
            text, _ = cut_at_stop(self._decoded(self._tokens), stop)
            sure = len(text)
        else:
            text = self._read_on()
            sure = sure_length(text, stop)
        new = text[self._told : sure]
        self._told = max(self._told, sure)
        return Piece(new, logprobs, self.finished, len(self._tokens))

    def _add_to_stop(self, tokens: Sequence[int]) -> bool:
        """Add tokens up to the one that completes a stop string; return whether there is one."""
        for token in tokens:
            self._tokens.append(token)
            if cut_at_stop(self._read_on(), self._sampling.stop)[1]:
                return True
        return False

    def _read_on(self) -> str:
        """Return the text, an unfinished character at its end included; decodes what is new."""
        known = self._decoded(self._tokens[self._context : self._read])
        text = self._decoded(self._tokens[self._context :])
        new = text[len(known) :]
        if not new or text.endswith("\ufffd"):
            return self._text + new
        self._text += new
        self._context, self._read = self._read, len(self._tokens)
        return self._text

    def _decoded(self, tokens: list[int]) -> str:
        return str(self._tokenizer.decode(tokens, skip_special_tokens=True))

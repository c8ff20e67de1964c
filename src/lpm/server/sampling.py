"""How one sequence chooses its tokens, and when it ends."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

# vLLM draws no colder than this; what is meant to be colder is greedy for all that can be told.
GREEDY_BELOW = 0.01


@dataclass(frozen=True)
class Sampling:
    """Settings of one answer. logprobs: alternatives a token, or None.

    stop: strings that end the answer and are no part of it.
    """

    max_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    stop: tuple[str, ...] = ()
    logprobs: int | None = None

    @property
    def is_greedy(self) -> bool:
        """Say whether the likeliest token is taken, without chance."""
        return self.temperature < GREEDY_BELOW


def choose(
    logits: Float[Tensor, " vocabulary"], sampling: Sampling, generator: torch.Generator
) -> int:
    """Return the next token of one sequence."""
    if sampling.is_greedy:
        return int(logits.argmax())
    scaled = (logits.float() / sampling.temperature).softmax(dim=-1).cpu()
    if sampling.top_p < 1:
        ordered, order = scaled.sort(descending=True, stable=True)
        # The token that crosses the threshold stays.
        beyond = ordered.cumsum(0) - ordered >= sampling.top_p
        # A threshold may be so small that it is none in float32.
        beyond[0] = False
        scaled = scaled.index_fill(0, order[beyond], 0.0)
    return int(torch.multinomial(scaled, 1, generator=generator))


@dataclass(frozen=True)
class TokenLogprob:
    """The log-probability of a chosen token and of the likeliest ones."""

    token: int
    logprob: float
    top: tuple[tuple[int, float], ...]


def logprob_of(logits: Float[Tensor, " vocabulary"], token: int, alternatives: int) -> TokenLogprob:
    """Return what the model, before temperature, thought of a token."""
    scores = logits.float().log_softmax(dim=-1)
    best = scores.topk(alternatives) if alternatives else None
    top = tuple(zip(best.indices.tolist(), best.values.tolist(), strict=True)) if best else ()
    return TokenLogprob(token, float(scores[token]), top)


def cut_at_stop(text: str, stop: tuple[str, ...]) -> tuple[str, bool]:
    """Return the text before the first stop string, and whether there was one."""
    found = [place for word in stop if (place := text.find(word)) >= 0]
    return (text[: min(found)], True) if found else (text, False)


def sure_length(text: str, stop: tuple[str, ...]) -> int:
    """Return how much of a text no later token can take back.

    A stop string may have begun at its end, and an incomplete character ends in U+FFFD.
    """
    end = len(text.rstrip("\ufffd"))
    for word in stop:
        for held in range(min(len(word) - 1, end), 0, -1):
            if text[:end].endswith(word[:held]):
                end -= held
                break
    return end

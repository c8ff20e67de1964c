"""Exchanges with nothing in them worth remembering about the user."""

from __future__ import annotations

import random
from collections import deque

from lpm.benchmarks.synthetic.templates import Split
from lpm.benchmarks.synthetic.values_chatter import (
    ASK_CAPITAL,
    CAPITALS,
    DEFINE,
    IDEAS,
    SMALL_TALK,
    SUMS,
    WORDS,
)
from lpm.benchmarks.synthetic.world import POOLS

_WEIGHTS = {"small talk": 5, "word": 3, "capital": 2, "sum": 2, "ideas": 2}
_RECENT = 60


class Chatter:
    """A user's small talk; what was said lately is not said again at once."""

    def __init__(self, split: Split, rng: random.Random) -> None:
        """Start with nothing said; all draws come from `rng`."""
        self.split: Split = split
        self.rng = rng
        self.recent: deque[str] = deque(maxlen=_RECENT)

    def draw(self) -> tuple[str, str]:
        """Draw what the user says and what the assistant replies.

        Some replies name cities, dishes or jobs: they look like facts of the user and are not.
        """
        user, reply = self._draw_any()
        while user in self.recent or reply in self.recent:
            user, reply = self._draw_any()
        self.recent += [user, reply]
        return user, reply

    def _draw_any(self) -> tuple[str, str]:
        split, rng = self.split, self.rng
        kind = rng.choices(list(_WEIGHTS), weights=list(_WEIGHTS.values()))[0]
        if kind == "word":
            word, meaning = rng.choice(list(WORDS[split].items()))
            return rng.choice(DEFINE[split]).format(word=word), f"'{word.capitalize()}': {meaning}."
        if kind == "capital":
            country, city = rng.choice(list(CAPITALS[split].items()))
            return rng.choice(ASK_CAPITAL[split]).format(country=country), f"That's {city}."
        if kind == "sum":
            a, b = rng.randint(3, 99), rng.randint(3, 30)
            return rng.choice(SUMS[split]).format(a=a, b=b), f"The result is {a * b}."
        if kind == "ideas":
            pool, user, reply = rng.choice(IDEAS[split])
            x, y = rng.sample(POOLS[pool][split], 2)
            return user, reply.format(x=x, y=y)
        return rng.choice(SMALL_TALK[split])


def fixed_lines(split: Split) -> frozenset[str]:
    """Return every user line of chatter that holds no random number."""
    return frozenset(
        [line for line, _ in SMALL_TALK[split]]
        + [line for _, line, _ in IDEAS[split]]
        + [frame.format(word=word) for frame in DEFINE[split] for word in WORDS[split]]
        + [frame.format(country=name) for frame in ASK_CAPITAL[split] for name in CAPITALS[split]]
    )

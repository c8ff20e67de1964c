"""Draw training examples in other processes, so that a fast device does not wait for them."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from prepare import Speech, next_seed
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from lpm.learning.speaking import Spoken


class Prefetched:
    """`Speech`, some batches ahead; gives the same examples as `Speech` itself does."""

    def __init__(self, speech: Speech, workers: int) -> None:
        self.speech = speech
        self.workers = workers
        self._batches: Iterator[list[Spoken]] | None = None

    def __call__(self, count: int, generator: torch.Generator) -> list[Spoken]:
        """Draw examples."""
        if self._batches is None:
            ahead = _Ahead(self.speech, count, generator.get_state())
            self._batches = iter(DataLoader(ahead, batch_size=None, num_workers=self.workers))
        next_seed(generator)
        return next(self._batches)


class _Ahead(IterableDataset[list[Spoken]]):
    """The batches that a generator in this state will ask for; each worker makes its part."""

    def __init__(self, speech: Speech, count: int, state: torch.Tensor) -> None:
        self.speech = speech
        self.count = count
        self.state = state

    def __iter__(self) -> Iterator[list[Spoken]]:
        generator = torch.Generator()
        generator.set_state(self.state)
        worker = get_worker_info()
        place, workers = (worker.id, worker.num_workers) if worker else (0, 1)
        number = 0
        while True:
            seed = next_seed(generator)
            if number % workers == place:
                yield self.speech.drawn(self.count, seed)
            number += 1

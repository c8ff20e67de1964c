"""What the backbone reads for chats that come at the same time, prepared in one pass of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lpm.answering import Reading
from lpm.checked_store import CheckedStore
from lpm.dating import session_dates, with_date
from lpm.memory import Memory
from lpm.modeling import LPMModel
from lpm.nn.injection import build_prompt
from lpm.store import MemoryStore
from lpm.types import Message

# Beyond these a batch costs what its chats cost alone, and the first of them waits for the last.
MOST_TOGETHER, SHORT_CHARACTERS = 8, 2_000


@dataclass(frozen=True, eq=False)
class Asked:
    """One chat to be read with its user's memory."""

    tenant: str
    user: str
    messages: Sequence[Message]

    @property
    def texts(self) -> list[str]:
        """Return what the messages say."""
        return [message["content"] for message in self.messages]

    @property
    def is_short(self) -> bool:
        """Say whether others may be made to wait for it: short, and nothing in it to refuse."""
        short = sum(map(len, self.texts)) <= SHORT_CHARACTERS
        return short and all(text.strip() for text in self.texts)


class Reader:
    """Reads chats of many users; each gets what it would get alone."""

    def __init__(self, store: MemoryStore, model: LPMModel) -> None:
        self._model = model
        self._checked = CheckedStore.for_model(store, model)
        self._store = store

    def read(self, chats: Sequence[Asked]) -> list[Reading]:
        """Return prompt and rows of each chat; without rows for who is not known yet.

        Raises IncompatibleMemoryError for a memory that another backbone or projector wrote.
        """
        memories = self._memories(chats)
        known = {index: memory for index, memory in enumerate(memories) if memory is not None}
        rows: list[Tensor | None] = [None] * len(chats)
        told = [list(chat.messages) for chat in chats]
        if known:
            texts = [chats[index].messages[-1]["content"] for index in known]
            made, attention = self._rows([*known.values()], texts)
            for place, (index, memory) in enumerate(known.items()):
                rows[index] = made[place]
                told[index] = with_date(
                    told[index],
                    texts[place],
                    attention[place],
                    memory.provenance,
                    session_dates(memory),
                )
        placement = self._model.config.placement
        return [
            (
                build_prompt(
                    self._model.backbone,
                    messages,
                    "front" if own is None else placement,
                    rows=own is not None,
                ),
                own,
            )
            for messages, own in zip(told, rows, strict=True)
        ]

    def _memories(self, chats: Sequence[Asked]) -> list[Memory | None]:
        users: dict[str, set[str]] = defaultdict(set)
        for chat in chats:
            users[chat.tenant].add(chat.user)
        found = {
            tenant: self._store.for_tenant(tenant).get_many(sorted(names))
            for tenant, names in users.items()
        }
        memories = [found[chat.tenant].get(chat.user) for chat in chats]
        for memory in memories:
            if memory is not None:
                self._checked.check(memory)
        return memories

    @torch.no_grad()
    def _rows(self, memories: Sequence[Memory], texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        most = max(memory.slots.shape[1] for memory in memories)
        first = memories[0].slots
        slots = first.new_zeros(len(memories), first.shape[0], most, first.shape[2])
        present = torch.zeros(len(memories), most, dtype=torch.bool)
        for index, memory in enumerate(memories):
            count = memory.slots.shape[1]
            slots[index, :, :count] = memory.slots
            present[index, :count] = True
        mask = None if bool(present.all()) else present
        rows, attention = self._model.projector(slots, self._model.queries(texts), mask)
        return rows, attention

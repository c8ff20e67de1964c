"""A store whose memories are refused unless the loaded backbone and projector wrote them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from lpm.errors import InputError, UnknownUserError
from lpm.memory import Memory
from lpm.modeling import LPMModel
from lpm.store import MemoryStore
from lpm.types import History, UserSummary


@dataclass(frozen=True)
class CheckedStore:
    """Memories of one store, each checked before it is used.

    backbone, projector: the fingerprints that a memory must name; slot_dim: the width of its slots.
    """

    store: MemoryStore
    backbone: str
    projector: str
    slot_dim: int

    @classmethod
    def for_model(cls, store: MemoryStore, model: LPMModel) -> Self:
        """Return a store for what a model, as it is now, wrote and can read."""
        slot_dim = model.projector.config.slot_dim
        return cls(store, model.backbone.fingerprint, model.fingerprint, slot_dim)

    def check(self, memory: Memory) -> None:
        """Raise IncompatibleMemoryError unless the memory fits."""
        memory.check_fits(self.backbone, self.projector, self.slot_dim)

    def get(self, user: str) -> Memory:
        """Return the newest memory of a user; UnknownUserError without one."""
        memory = self.store.get(user)
        self.check(memory)
        return memory

    def find(self, user: str) -> Memory | None:
        """Return the newest memory of a user, None without one."""
        try:
            return self.get(user)
        except UnknownUserError:
            return None

    def add(self, memory: Memory) -> None:
        """Store the first memory of a user; InputError for one that is stored already."""
        self.check(memory)
        try:
            # Not checked: a memory of another backbone is not overwritten either.
            self.store.get(memory.user)
        except UnknownUserError:
            self.store.put(memory.updated(version=1))
        else:
            raise InputError(
                f"User '{memory.user}' is already stored. Run `lpm forget {memory.user}` first."
            )

    def rollback(self, user: str, version: int) -> None:
        """Make an old version that fits the newest again."""
        self.check(self.store.get(user, version))
        self.store.rollback(user, version)

    def history(self, user: str) -> History:
        """Return the kept text of a user; UnknownUserError without any."""
        history = self.store.get_history(user)
        if history is None:
            raise UnknownUserError(
                f"No history of user '{user}' is stored. Run `lpm remember {user} FILE` first."
            )
        return history

    def summary(self, user: str) -> UserSummary:
        """Return the sizes and times of a user's memory."""
        # The name itself comes before all others that begin with it.
        (summary,) = self.store.users(prefix=user, limit=1)
        return summary

"""A queue in which no tenant waits behind another's crowd."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """First in, first out within a tenant, and in turns between tenants. Holds no lock."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, deque[T]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def put(self, tenant: str, items: Iterable[T]) -> None:
        """Append items to a tenant's line."""
        line = self._waiting.setdefault(tenant, deque())
        before = len(line)
        line.extend(items)
        self._count += len(line) - before
        if not line:
            del self._waiting[tenant]

    def peek(self) -> T:
        """Return what `pop` would; IndexError when nothing waits."""
        return self._next()[1][0]

    def pop(self) -> T:
        """Take the first item of the tenant whose turn it is; IndexError when nothing waits."""
        tenant, line = self._next()
        item = line.popleft()
        self._count -= 1
        self._waiting.move_to_end(tenant)
        if not line:
            del self._waiting[tenant]
        return item

    def drop(self, gone: Callable[[T], bool]) -> None:
        """Take out the items that are gone; all others keep their turns."""
        for tenant, line in list(self._waiting.items()):
            if not any(map(gone, line)):
                continue
            left = deque(item for item in line if not gone(item))
            self._count -= len(line) - len(left)
            if left:
                self._waiting[tenant] = left
            else:
                del self._waiting[tenant]

    def _next(self) -> tuple[str, deque[T]]:
        if not self._waiting:
            raise IndexError("nothing waits")
        return next(iter(self._waiting.items()))

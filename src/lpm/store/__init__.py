"""Where memories are kept: one contract, SQLite behind it."""

from __future__ import annotations

from pathlib import Path

from lpm.store.base import MemoryStore

__all__ = ["MemoryStore", "open_store"]


def open_store(home: Path) -> MemoryStore:
    """Open the SQLite store under `home`."""
    from lpm.store.sqlite import SQLiteStore

    return SQLiteStore(home)

"""Every store backend, opened on an empty home."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lpm.store import open_store
from lpm.store.base import MemoryStore


@pytest.fixture(params=[open_store], ids=["sqlite"])
def opener(request: pytest.FixtureRequest) -> Callable[[Path], MemoryStore]:
    return request.param


@pytest.fixture
def store(opener: Callable[[Path], MemoryStore], tmp_path: Path) -> Iterator[MemoryStore]:
    opened = opener(tmp_path / "home")
    yield opened
    opened.close()

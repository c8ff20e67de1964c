"""Import the recipe's modules as its scripts do."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

RECIPE = Path(__file__).resolve().parents[2] / "recipes" / "embedded_projector"


@pytest.fixture(scope="session")
def recipe() -> Iterator[Any]:
    """Return a function that imports a module of the recipe."""
    sys.path.insert(0, str(RECIPE))
    yield import_module
    sys.path.remove(str(RECIPE))

"""Latent Personal Memory: a frozen LLM that remembers each of its users.

Importing this package loads no PyTorch; the names that need it are imported when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from lpm.errors import (
    BackboneError,
    ConfigError,
    DivergedError,
    DownloadError,
    ExpiryError,
    HistoryError,
    IncompatibleMemoryError,
    InputError,
    LPMError,
    MemoryFileError,
    MissingExtraError,
    OvertakenError,
    QueueFullError,
    StoreError,
    UnknownJobError,
    UnknownUserError,
)
from lpm.types import History, Message, QuestionAnswer, Session, Turn

if TYPE_CHECKING:
    from lpm.backbone import Backbone
    from lpm.histories import load_history
    from lpm.memory import Memory
    from lpm.model import LatentPersonalMemory
    from lpm.modeling import LPMConfig, LPMModel

__version__ = "0.1.0"

__all__ = [
    "Backbone",
    "BackboneError",
    "ConfigError",
    "DivergedError",
    "DownloadError",
    "ExpiryError",
    "History",
    "HistoryError",
    "IncompatibleMemoryError",
    "InputError",
    "LPMConfig",
    "LPMError",
    "LPMModel",
    "LatentPersonalMemory",
    "Memory",
    "MemoryFileError",
    "Message",
    "MissingExtraError",
    "OvertakenError",
    "QuestionAnswer",
    "QueueFullError",
    "Session",
    "StoreError",
    "Turn",
    "UnknownJobError",
    "UnknownUserError",
    "__version__",
    "load_history",
]

_HOMES = {
    "Backbone": "lpm.backbone",
    "LPMConfig": "lpm.modeling",
    "LPMModel": "lpm.modeling",
    "LatentPersonalMemory": "lpm.model",
    "Memory": "lpm.memory",
    "load_history": "lpm.histories",
}


def __getattr__(name: str) -> object:
    """Import a public name from its module when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'lpm' has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

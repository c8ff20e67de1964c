"""The error tree: every error the library raises on purpose.

LPMError
├── InputError (ValueError)          what the caller gave cannot be used
│   ├── HistoryError                 a history file or object
│   ├── ConfigError                  a configuration value
│   └── MemoryFileError              a memory file that cannot be read
├── IncompatibleMemoryError (ValueError)   written by another backbone or projector
├── UnknownUserError (KeyError)      no memory is stored for this user
├── UnknownJobError (KeyError)       no such job is known
├── QueueFullError (RuntimeError)    too many jobs are waiting
├── BackboneError (RuntimeError)     the frozen LLM cannot be loaded or fetched
├── DownloadError (OSError)          a public file cannot be fetched, or is another
├── DivergedError (ArithmeticError)  a loss or a slot became NaN or infinite
├── ExpiryError (RuntimeError)       some expired sessions could not be forgotten
├── StoreError (RuntimeError)        the memory store cannot be read or written
│   └── OvertakenError               another writer of the same user was faster
└── MissingExtraError (ImportError)  an optional dependency is not installed
"""

from __future__ import annotations

from typing import Any


class LPMError(Exception):
    """Base of every error raised on purpose; its text is one sentence for a person."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else type(self).__name__


class InputError(LPMError, ValueError):
    """What the caller gave cannot be used; nothing was changed."""


class HistoryError(InputError):
    """A history file or object is malformed, empty or too large."""


class ConfigError(InputError):
    """A configuration value is unknown or out of range."""


class MemoryFileError(InputError):
    """A memory file is damaged, too large or of an unknown schema version."""


class IncompatibleMemoryError(LPMError, ValueError):
    """A memory was written by another backbone or projector."""


class UnknownUserError(LPMError, KeyError):
    """No memory is stored for this user."""


class UnknownJobError(LPMError, KeyError):
    """No such job is known."""


class QueueFullError(LPMError, RuntimeError):
    """Too many jobs are waiting; nothing was queued."""


class BackboneError(LPMError, RuntimeError):
    """The frozen LLM cannot be fetched, verified or loaded."""


class DownloadError(LPMError, OSError):
    """A public file cannot be fetched or is not what it should be."""


class DivergedError(LPMError, ArithmeticError):
    """A loss or a slot became NaN or infinite; nothing was saved."""


class ExpiryError(LPMError, RuntimeError):
    """Some sessions whose time has come could not be forgotten; the others are.

    receipts: of those that are.
    """

    def __init__(self, message: str, receipts: tuple[Any, ...]) -> None:
        super().__init__(message)
        self.receipts = receipts


class StoreError(LPMError, RuntimeError):
    """The memory store cannot be read or written."""


class OvertakenError(StoreError):
    """Another writer of the same user was faster; nothing was written, and trying again helps."""


class MissingExtraError(LPMError, ImportError):
    """An optional dependency is not installed."""

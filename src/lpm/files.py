"""Files that are either whole or absent."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from lpm.errors import StoreError


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file so that it is either whole or absent, even when the power fails."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    except OSError as error:
        raise StoreError(f"'{path}' cannot be written ({error.strerror}).") from error
    try:
        with open(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
        sync_folder(path.parent)
    except BaseException as error:
        # What went wrong first is what to tell, even if the part cannot be removed either.
        with suppress(OSError):
            Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise StoreError(f"'{path}' cannot be written ({error.strerror}).") from error
        raise


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power failure; raises OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

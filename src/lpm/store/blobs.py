"""Memory bytes as objects in any store that fsspec reaches: S3, a folder, memory, …"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lpm.errors import InputError, MissingExtraError, StoreError
from lpm.files import sync_folder

_NAME = re.compile(r"[0-9a-f]{32}\.safetensors")


class Blobs:
    """A folder of objects with random names; names say nothing of whose they are.

    Removing an object removes what the object store shows. A bucket that keeps old versions or
    replicas keeps them: switch that off, or encrypt.
    """

    def __init__(self, url: str, **options: Any) -> None:
        """url: such as s3://bucket/folder or file:///folder. options: for fsspec's file system.

        Raises InputError for an unknown protocol, MissingExtraError when its package is missing.
        """
        if find_spec("fsspec") is None:
            raise _missing(url)
        import fsspec

        self._shown = url.split("@")[-1]
        try:
            self._fs, self._root = fsspec.core.url_to_fs(url, use_listings_cache=False, **options)
        except ImportError:
            raise _missing(url) from None
        except ValueError:
            raise InputError(
                f"Memories cannot be kept under '{self._shown}': the protocol is unknown; give an "
                "address such as s3://BUCKET/FOLDER or file:///FOLDER."
            ) from None
        self._local = "file" in _protocols(self._fs)
        if self._local:
            with self._told("opened"):
                Path(self._root).mkdir(parents=True, exist_ok=True, mode=0o700)

    @staticmethod
    def new_name() -> str:
        """Return a name that no object has."""
        return f"{secrets.token_hex(16)}.safetensors"

    def put(self, name: str, data: bytes) -> None:
        """Store an object; it survives a crash once this has returned."""
        path = self._path(name)
        with self._told("written"):
            if self._local:
                _write(Path(path), data)
            else:
                self._fs.pipe_file(path, data)

    def get(self, name: str) -> bytes | None:
        """Return an object, None without it."""
        path = self._path(name)
        with self._told("read"):
            try:
                data: bytes = self._fs.cat_file(path)
            except FileNotFoundError:
                return None
            return data

    def remove(self, name: str) -> None:
        """Remove an object; one that is not there is no error."""
        path = self._path(name)
        with self._told("removed"):
            try:
                self._fs.rm_file(path)
            except FileNotFoundError:
                return

    def _path(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise StoreError("A stored version names an object of an impossible name; restore it.")
        return f"{self._root}/{name}"

    @contextmanager
    def _told(self, verb: str) -> Iterator[None]:
        try:
            yield
        except StoreError:
            raise
        # Every protocol has errors of its own, with no base but this one.
        except Exception as error:
            raise StoreError(
                f"The objects under '{self._shown}' could not be {verb} ({type(error).__name__}). "
                "Check the address, the rights and that the object store answers."
            ) from error


def _write(path: Path, data: bytes) -> None:
    # In place: nobody knows the name yet, and a part under another name could outlive a crash.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def _protocols(fs: Any) -> tuple[str, ...]:
    return (fs.protocol,) if isinstance(fs.protocol, str) else tuple(fs.protocol)


def _missing(url: str) -> MissingExtraError:
    return MissingExtraError(
        f"Objects at {url.split(':')[0]}:// need the extra `objects` (or that protocol's package "
        "of fsspec): pip install 'latent-personal-memory[objects]'."
    )

"""From a folder or an address to a store."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from lpm.errors import InputError, StoreError
from lpm.memory import validate_user
from lpm.store.base import MemoryStore

if TYPE_CHECKING:
    from lpm.store.blobs import Blobs
    from lpm.store.encryption import MasterKeys

DATABASE_NAME = "lpm.sqlite3"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


def open_store(
    place: Path | str | None = None,
    *,
    tenant: str = "",
    blobs: str | None = None,
    master_keys: MasterKeys | None = None,
    hot_bytes: int = 0,
) -> MemoryStore:
    """Open a store, making it when absent.

    place: a folder, `sqlite:///FILE`, or `postgresql://user:password@host:port/database`; by
    default the user's data folder. tenant: a namespace of users. blobs: the address of an object
    store for the bytes of memories (s3://BUCKET/FOLDER, file:///FOLDER, …); sessions stay in the
    database. master_keys: encrypt what is stored. hot_bytes: keep that much of the memories asked
    for last in this process. Raises InputError for another address, StoreError for a store that
    cannot be used.
    """
    if hot_bytes < 0:
        raise InputError(f"`hot_bytes` must be 0 or more, but is {hot_bytes}.")
    objects = None
    if blobs is not None:
        from lpm.store.blobs import Blobs

        objects = Blobs(blobs)
    if tenant:
        validate_user(tenant)
    store = _open(place or _default_folder(), objects, master_keys)
    store.tenant = tenant
    if not hot_bytes:
        return store
    from lpm.store.cached import CachedStore

    return CachedStore(store, hot_bytes)


def _default_folder() -> Path:
    from platformdirs import user_data_path

    return user_data_path("latent-personal-memory")


def _open(place: Path | str, blobs: Blobs | None, master_keys: MasterKeys | None) -> MemoryStore:
    found = _SCHEME.match(place) if isinstance(place, str) else None
    if found is None:
        folder = Path(place)
        return _open_sqlite(folder, folder / DATABASE_NAME, blobs, master_keys)
    scheme = found[1].lower()
    if scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        from lpm.store.postgres import PostgresStore

        url = f"postgresql{str(place)[len(scheme) :]}"
        return PostgresStore(url, blobs=blobs, master_keys=master_keys)
    rest = str(place)[found.end() :]
    if scheme != "sqlite" or not rest.startswith("/") or rest.strip("/") in ("", ":memory:"):
        raise InputError(
            f"A store is opened by a folder, sqlite:///FILE or postgresql://HOST/DATABASE, but not "
            f"by {scheme}://…; give one of these."
        )
    path = Path(rest[1:])
    file = path / DATABASE_NAME if path.is_dir() else path
    return _open_sqlite(path.parent, file, blobs, master_keys)


def _open_sqlite(
    folder: Path, file: Path, blobs: Blobs | None, master_keys: MasterKeys | None
) -> MemoryStore:
    from lpm.store.sqlite import SQLiteStore

    try:
        # A folder that was there keeps its rights: it may hold more than memories.
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreError(
            f"'{folder}' cannot be used as a home for memories ({error.strerror}); give a folder "
            "that you may write to."
        ) from error
    return SQLiteStore(file, blobs=blobs, master_keys=master_keys)

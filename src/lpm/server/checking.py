"""`lpm serve --check`: every fault at once, before anything is served."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager

from lpm.errors import LPMError
from lpm.server.engine import Engine
from lpm.server.engines import build_engine
from lpm.server.opening import open_keys, open_memories, open_model, open_quotas
from lpm.server.settings import ServerSettings, unknown_variables


def faults(settings: ServerSettings) -> list[str]:
    """Open all that the settings name, and close it; return one sentence a fault."""
    found = unknown_variables(os.environ)
    with _noted(found):
        open_keys(settings)
    # Database and object store by themselves: the fault of one must not hide the other's.
    alone = settings.model_copy(update={"blobs": None})
    with _noted(found), closing(open_memories(alone)) as store:
        store.users(limit=1)
    with _noted(found):
        _check_objects(settings)
    with _noted(found):
        open_quotas(settings).check()
    with _noted(found):
        asyncio.run(_checked(build_engine(settings, open_model(settings).backbone)))
    return found


@contextmanager
def _noted(found: list[str]) -> Iterator[None]:
    try:
        yield
    except (LPMError, OSError) as error:
        sentence = " ".join(str(error).split())
        if sentence not in found:
            found.append(sentence)


def _check_objects(settings: ServerSettings) -> None:
    """Write an object and remove it."""
    if settings.blobs is None:
        return
    from lpm.store.blobs import Blobs

    objects, name = Blobs(settings.blobs), Blobs.new_name()
    objects.put(name, b"")
    objects.remove(name)


async def _checked(engine: Engine) -> None:
    try:
        await engine.check()
    finally:
        await asyncio.to_thread(engine.stop)

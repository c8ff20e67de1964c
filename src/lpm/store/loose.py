"""Objects that no version names: reserved by a writer, or left behind to be removed.

A writer notes the names of its objects in a transaction of their own, then writes them in the one
that stores the version, where it first strikes the note out. That locks the note: a sweeper either
comes before, and the writer fails, or waits or passes until the writer is done. So a crash at any
point leaves each object named by a version or by a note.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import Connection, and_, or_, select

from lpm.errors import StoreError
from lpm.store.blobs import Blobs
from lpm.store.schema import LOOSE_BLOBS

# A note of this age is of a dead writer; a slow one fails and may try again.
DEAD_AFTER_S = 60
_L = LOOSE_BLOBS.c


def reserve(db: Connection, names: Sequence[str], tenant: str, user: str) -> None:
    """Note objects that are about to be written."""
    for name in names:
        row = {"name": name, "tenant": tenant, "user_id": user, "since": int(time.time())}
        db.execute(LOOSE_BLOBS.insert().values(**row))


def claim(db: Connection, name: str, user: str) -> None:
    """Strike out a note before its object is written; raises StoreError when it was swept."""
    if db.execute(LOOSE_BLOBS.delete().where(_L.name == name)).rowcount != 1:
        raise StoreError(
            f"The memory of user '{user}' could not be written: another process cleaned up "
            "meanwhile. Try again."
        )


def sweep(
    db: Connection, blobs: Blobs, names: Sequence[str], of_user: tuple[str, str] | None
) -> None:
    """Remove the noted objects of these names, of one (tenant, user) and of dead writers."""
    wanted = or_(_L.since < int(time.time()) - DEAD_AFTER_S, _L.name.in_(names))
    if of_user is not None:
        wanted = or_(wanted, and_(_L.tenant == of_user[0], _L.user_id == of_user[1]))
    query = select(_L.name).where(wanted).with_for_update(skip_locked=True)
    for name in db.execute(query).scalars().all():
        blobs.remove(name)
        db.execute(LOOSE_BLOBS.delete().where(_L.name == name))

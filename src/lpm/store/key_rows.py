"""The data keys of users, as rows: made with the first memory, removed with the last."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, and_, select

from lpm.store.encryption import PLAIN, Cipher, MasterKeys, UserCipher, new_data_key
from lpm.store.schema import KEYS

_K = KEYS.c


def key_of(tenant: str, user: str) -> ColumnElement[bool]:
    """Return the condition that picks a user's key."""
    return and_(_K.tenant == tenant, _K.user_id == user)


def find_cipher(db: Connection, masters: MasterKeys | None, tenant: str, user: str) -> Cipher:
    """Return the cipher of a user; `PLAIN` for one without a key."""
    if masters is None:
        return PLAIN
    row = db.execute(select(_K.master, _K.wrapped).where(key_of(tenant, user))).one_or_none()
    if row is None:
        return PLAIN
    return UserCipher(masters.unwrap(row.wrapped, row.master, _place(tenant, user)))


def make_cipher(db: Connection, masters: MasterKeys, tenant: str, user: str) -> Cipher:
    """Give a user a new data key, in place of the old one if there is one."""
    key = new_data_key()
    db.execute(KEYS.delete().where(key_of(tenant, user)))
    db.execute(
        KEYS.insert().values(
            tenant=tenant,
            user_id=user,
            master=masters.name,
            wrapped=masters.wrap(key, _place(tenant, user)),
        )
    )
    return UserCipher(key)


def rewrap(db: Connection, masters: MasterKeys, tenant: str, user: str) -> bool:
    """Wrap a user's data key by the current master key; return False where it was already."""
    row = db.execute(select(_K.master, _K.wrapped).where(key_of(tenant, user))).one_or_none()
    if row is None or row.master == masters.name:
        return False
    key = masters.unwrap(row.wrapped, row.master, _place(tenant, user))
    db.execute(
        KEYS.update()
        .where(key_of(tenant, user))
        .values(master=masters.name, wrapped=masters.wrap(key, _place(tenant, user)))
    )
    return True


def _place(tenant: str, user: str) -> str:
    return f"key of {tenant}\0{user}"

"""Lists of users: filters, orders and the marks between their pages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from lpm.errors import InputError
from lpm.store.rows import check_text, end_of_prefix, utc_text
from lpm.store.schema import MEMORIES
from lpm.types import USER_ORDERS, UserOrder

_M = MEMORIES.c


def users_query(
    tenant: str, prefix: str, after: str, updated_since: datetime | None, order: UserOrder
) -> Select[Any]:
    """Return the query behind `MemoryStore.users`; raises InputError for what it cannot hold."""
    check_text(prefix, "`prefix`")
    check_text(after, "`after`")
    if order not in USER_ORDERS:
        raise InputError(f"`order` must be one of {USER_ORDERS}, but is {order!r}.")
    last = MEMORIES.alias()
    newest = select(func.max(last.c.version)).where(
        last.c.tenant == _M.tenant, last.c.user_id == _M.user_id
    )
    query = (
        select(_M.user_id.label("user"), _M.version, _M.num_slots, _M.num_sessions, _M.size_bytes)
        .add_columns(_M.created_at, _M.updated_at)
        .where(_M.tenant == tenant, _M.version == newest.scalar_subquery())
        .order_by(*((_M.updated_at.desc(), _M.user_id) if order == "updated" else (_M.user_id,)))
    )
    if after:
        query = query.where(_later(after) if order == "updated" else _M.user_id > after)
    if updated_since is not None:
        utc_text(updated_since, "updated_since")
        query = query.where(_M.updated_at >= updated_since.astimezone(UTC).isoformat())
    if prefix:
        query = query.where(_M.user_id >= prefix)
        if (end := end_of_prefix(prefix)) is not None:
            query = query.where(_M.user_id < end)
    return query


def _later(mark: str) -> ColumnElement[bool]:
    time, _, user = mark.partition(" ")
    if not user:
        raise InputError("`after` is no mark of a page by time; give `next` of the page before.")
    return or_(_M.updated_at < time, and_(_M.updated_at == time, _M.user_id > user))

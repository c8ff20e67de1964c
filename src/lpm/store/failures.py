"""Database errors as one sentence of this project, without SQL, values or text."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from lpm.errors import StoreError, UnknownUserError


@contextmanager
def told(place: str, verb: str) -> Iterator[None]:
    """Turn a failure of the database into a StoreError that names the place and what to check."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        # `from None`: drivers add the failing row, which may hold what users said.
        raise StoreError(
            f"The store at '{place}' could not be {verb} ({_reason(error)}). Check free space, "
            "rights and whether another process holds it."
        ) from None


def unknown_user(user: str, version: int | None = None) -> UnknownUserError:
    """Return the error for a user, or a version of theirs, that is not stored."""
    if version is not None:
        return UnknownUserError(
            f"Version {version} of user '{user}' is not stored; ask the store for `versions` to "
            "see which are."
        )
    return UnknownUserError(
        f"Nothing is stored for user '{user}'. Run `lpm users` to see who is, or "
        f"`lpm remember {user} FILE`."
    )


def _reason(error: BaseException) -> str:
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, sqlite3.Error):
        return str(cause)
    if isinstance(cause, OSError):
        return cause.strerror or type(cause).__name__
    primary = getattr(getattr(cause, "diag", None), "message_primary", None)
    if primary:
        return str(primary)
    if cause is error:
        return type(error).__name__
    # A driver that could not connect: its first line names the server, never a row.
    return str(cause).strip().split("\n")[0] or type(cause).__name__

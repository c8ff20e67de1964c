"""Bring a database to the newest schema, once, in one transaction of the caller."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Table, inspect, select
from sqlalchemy.schema import Column, MetaData
from sqlalchemy.types import Text

from lpm.errors import StoreError
from lpm.store.schema import VERSION_TABLE

HEAD = "0002"
# The one migration of the first layout; newer ones live in `migrations/`.
LEGACY = {"0001-memories-and-sessions", "0002-alembic"}


def migrate(connection: Connection, place: str, home: Path | None = None) -> None:
    """Upgrade to the newest schema; home: where files of the first layout lie.

    The caller holds a lock, so that two openers never migrate at once. Raises StoreError for a
    database of a newer release.
    """
    names = set(inspect(connection).get_table_names())
    found = _column(connection, VERSION_TABLE, "version_num") if VERSION_TABLE in names else set()
    if found == {HEAD}:
        return
    if not found and "migrations" in names:
        _refuse_newer(_column(connection, "migrations", "name") - LEGACY, place)
    # alembic is loaded only when there is something to do: most openings find the newest schema.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "lpm.store:migrations")
    config.set_main_option("path_separator", "os")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    _refuse_newer(found - known, place)
    config.attributes.update(connection=connection, home=home)
    command.upgrade(config, "head")


def _column(connection: Connection, table: str, column: str) -> set[str]:
    of = Table(table, MetaData(), Column(column, Text))
    return set(connection.execute(select(of.c[column])).scalars())


def _refuse_newer(unknown: set[str], place: str) -> None:
    if unknown:
        raise StoreError(
            f"'{place}' was written by a newer release (migration {min(unknown)}). Install that "
            "release."
        )

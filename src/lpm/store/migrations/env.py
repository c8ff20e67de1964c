"""What alembic runs: the migrations, on the connection it was handed."""

from __future__ import annotations

from alembic import context

from lpm.store.schema import METADATA, VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()

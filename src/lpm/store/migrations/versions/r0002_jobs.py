"""Make the table of jobs: work that is acknowledged now and done later."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _text() -> Any:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "lpm_jobs",
        sa.Column("job_id", _text(), primary_key=True),
        sa.Column("tenant", _text(), nullable=False),
        sa.Column("user_id", _text(), nullable=False),
        sa.Column("kind", _text(), nullable=False),
        sa.Column("state", _text(), nullable=False),
        sa.Column("payload", sa.LargeBinary),
        sa.Column("note", sa.LargeBinary),
        sa.Column("created_at", _text(), nullable=False),
        sa.Column("updated_at", _text(), nullable=False),
        sa.Column("due_at", _text(), nullable=False),
        sa.Column("holder", _text()),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("crashes", sa.Integer, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("steps", sa.Integer, nullable=False),
        sa.Column("loss", sa.Double),
        sa.Column("error", _text()),
        sa.Column("version", sa.Integer),
    )
    op.create_index("lpm_jobs_by_user", "lpm_jobs", ["tenant", "user_id"])
    op.create_index("lpm_jobs_by_time", "lpm_jobs", ["state", "due_at"])

"""Leases, so that two processes on one store never pay for the same answer."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """From a store of replies alone."""
    op.create_table(
        "leases",
        sa.Column("key", sa.LargeBinary(32), primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sqlite_with_rowid=False,
    )

"""Requests that were written down to be asked elsewhere, until their answers are brought."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the table ``requested``."""
    op.create_table(
        "requested",
        sa.Column("key", sa.LargeBinary(32), primary_key=True),
        sa.Column("engine", sa.BigInteger, nullable=False),
        sa.Column("shape", sa.BigInteger, nullable=False),
        sa.Column("prompt", sa.LargeBinary, nullable=False),
        sa.Column("sample", sa.Integer, nullable=False),
        sa.Column("failure", sa.Text),
        sa.Column("created_at", sa.Double, nullable=False),
        sqlite_with_rowid=False,
    )

"""Replies and the texts of their prompts."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """From an empty database."""
    op.create_table(
        "texts",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "replies",
        sa.Column("key", sa.LargeBinary(32), primary_key=True),
        sa.Column("engine", sa.BigInteger, nullable=False),
        sa.Column("shape", sa.BigInteger, nullable=False),
        sa.Column("prompt", sa.LargeBinary, nullable=False),
        sa.Column("sample", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("first_token", sa.Text),
        sa.Column("finish_reason", sa.Text, nullable=False),
        sa.Column("input_tokens", sa.Integer),
        sa.Column("output_tokens", sa.Integer),
        sa.Column("latency_s", sa.Double, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
    )

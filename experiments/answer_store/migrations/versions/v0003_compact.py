"""First tokens as bytes and replies in one tree: half the size, and half the reading."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_COLUMNS = (
    "key, engine, shape, prompt, sample, text, {first_token}, finish_reason, input_tokens, output_tokens, "
    "latency_s, created_at"
)


def upgrade() -> None:
    """From JSON beside a table of row numbers. The JSON of old replies stays as it is, as bytes."""
    if op.get_bind().dialect.name == "postgresql":
        to_bytes = "convert_to(first_token, 'UTF8')"
        op.alter_column("replies", "first_token", type_=sa.LargeBinary, postgresql_using=to_bytes)
        return
    op.rename_table("replies", "replies_0002")
    op.create_table(
        "replies",
        sa.Column("key", sa.LargeBinary(32), primary_key=True),
        sa.Column("engine", sa.BigInteger, nullable=False),
        sa.Column("shape", sa.BigInteger, nullable=False),
        sa.Column("prompt", sa.LargeBinary, nullable=False),
        sa.Column("sample", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("first_token", sa.LargeBinary),
        sa.Column("finish_reason", sa.Text, nullable=False),
        sa.Column("input_tokens", sa.Integer),
        sa.Column("output_tokens", sa.Integer),
        sa.Column("latency_s", sa.Double, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sqlite_with_rowid=False,
    )
    into, of = (
        _COLUMNS.format(first_token="first_token"),
        _COLUMNS.format(first_token="CAST(first_token AS BLOB)"),
    )
    # In the order of the keys, so that the new tree grows at one place.
    op.execute(f"INSERT INTO replies ({into}) SELECT {of} FROM replies_0002 ORDER BY key")
    op.drop_table("replies_0002")

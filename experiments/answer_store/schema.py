"""The tables of the answer store, as of the newest migration."""

from sqlalchemy import BigInteger, Column, Double, Integer, LargeBinary, MetaData, Table, Text

VERSION_TABLE = "value_personas_schema"
"""Alembic's own default name would clash with MLflow's when both share one database."""

HEAD = "0004"
"""The newest migration; a test compares it with the scripts."""

metadata = MetaData()

texts = Table(
    "texts",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),  # 64 bits of the text's own hash
    Column("body", Text, nullable=False),
)
"""Paragraphs of prompts, each once: a persona's text is shared by all its questions, and so on."""

replies = Table(
    "replies",
    metadata,
    Column("key", LargeBinary(32), primary_key=True),
    Column("engine", BigInteger, nullable=False),  # a text: the identity
    Column("shape", BigInteger, nullable=False),  # a text: the request as JSON, its texts taken out
    Column("prompt", LargeBinary, nullable=False),  # ids of those texts, 8 bytes each, little-endian
    Column("sample", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("first_token", LargeBinary),  # as ``records.packed`` writes it; up to version 0002, JSON
    Column("finish_reason", Text, nullable=False),
    Column("input_tokens", Integer),
    Column("output_tokens", Integer),
    Column("latency_s", Double, nullable=False),
    Column("created_at", Double, nullable=False),  # seconds since 1970, UTC
    sqlite_with_rowid=False,  # found by key alone: one tree to read and to change, not two
)

requested = Table(
    "requested",
    metadata,
    Column("key", LargeBinary(32), primary_key=True),
    Column("engine", BigInteger, nullable=False),  # these four as of ``replies``
    Column("shape", BigInteger, nullable=False),
    Column("prompt", LargeBinary, nullable=False),
    Column("sample", Integer, nullable=False),
    Column("failure", Text),  # JSON, [status, words], where an error came back; else null
    Column("created_at", Double, nullable=False),  # seconds since 1970, UTC
    sqlite_with_rowid=False,
)
"""Requests that were written down to be asked elsewhere, until their answers are brought."""

leases = Table(
    "leases",
    metadata,
    Column("key", LargeBinary(32), primary_key=True),
    Column("holder", Text, nullable=False),
    Column("expires_at", Double, nullable=False),  # seconds since 1970, UTC
    sqlite_with_rowid=False,  # written and deleted for every call: one tree to change, not two
)
"""Keys that some process is asking at this moment; never more than are in flight."""

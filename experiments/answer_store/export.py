"""A store as one Parquet file: every reply with its prompt, probabilities, tokens and latency."""

import math
import os
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from value_personas.experiments.answer_store.contents import Record, records
from value_personas.experiments.answer_store.records import original, unpacked
from value_personas.experiments.answer_store.store import AnswerStore
from value_personas.signatures import StoreError

_ROWS_AT_ONCE = 5000

SCHEMA = pa.schema(
    [
        ("key", pa.string()),  # hexadecimal
        ("engine", pa.string()),
        ("model", pa.string()),
        ("system", pa.string()),
        ("prompt", pa.string()),  # the last message
        ("messages", pa.string()),  # JSON, all of them: [[role, text], ...]
        ("config", pa.string()),  # JSON
        ("sample", pa.int32()),
        ("text", pa.string()),
        ("tokens", pa.list_(pa.string())),  # of the first token and its alternatives
        ("probabilities", pa.list_(pa.float64())),
        ("finish_reason", pa.string()),
        ("input_tokens", pa.int32()),
        ("output_tokens", pa.int32()),
        ("latency_s", pa.float64()),
        ("created_at", pa.timestamp("us", tz="UTC")),
    ]
)


def export(store: AnswerStore, path: Path) -> int:
    """Write all replies to a Parquet file.

    Args:
        store: what is exported.
        path: the file; one that is there already is replaced, once the new one is whole.

    Returns:
        How many replies were written.

    Raises:
        StoreError: when the file cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    count = 0
    try:
        with pq.ParquetWriter(partial, SCHEMA, compression="zstd") as writer:
            found = records(store)
            while rows := [_row(record) for record in islice(found, _ROWS_AT_ONCE)]:
                writer.write_table(_table(rows))
                count += len(rows)
        partial.replace(path)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}; nothing was written") from None
    finally:
        partial.unlink(missing_ok=True)
    return count


def _table(rows: Iterable[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=SCHEMA)


def _row(record: Record) -> dict[str, Any]:
    row, content = record.row, record.content
    first = unpacked(row.first_token) if row.first_token is not None else None
    last = content["messages"][-1][1]
    return {
        "key": bytes(row.key).hex(),
        "engine": record.identity,
        "model": content["model"],
        "system": content.get("system"),
        "prompt": last if isinstance(last, str) else orjson.dumps(last).decode(),
        "messages": orjson.dumps(content["messages"]).decode(),
        "config": orjson.dumps(content["config"]).decode(),
        "sample": row.sample,
        "text": original(row.text),
        "tokens": first and [token for token, _ in first],
        "probabilities": first and [math.exp(lp) for _, lp in first],
        "finish_reason": original(row.finish_reason),
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "latency_s": row.latency_s,
        "created_at": round(row.created_at * 1e6),
    }

"""What is in a store: counted, checked, exported, pruned. Read in passing, never all at once."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from value_personas.experiments.answer_store.opening import store_errors
from value_personas.experiments.answer_store.records import numbers_in, original, restore_content, text_number
from value_personas.experiments.answer_store.schema import HEAD, leases, replies, requested, texts
from value_personas.experiments.answer_store.store import AnswerStore
from value_personas.programs.engines import REASONING_ONLY, key_of_content
from value_personas.signatures import StoreError

_ROWS_AT_ONCE = 2000

_HOLDS_NOTHING = replies.c.finish_reason.in_(("error", REASONING_ONLY)) | (
    (sa.func.trim(replies.c.text, " \t\r\n") == "") & replies.c.first_token.is_(None)
)
"""What reads as missing on whatever page it was asked."""


@dataclass(frozen=True, slots=True)
class Record:
    """One stored reply with the request that it answers.

    Attributes:
        row: the columns of ``replies``.
        identity: the engine.
        content: the request, as ``programs.engines.replies.request_content`` gives it.
    """

    row: Any
    identity: str
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """A store in numbers.

    Attributes:
        place: where it is.
        schema: the version of its tables.
        replies: how many replies, by (engine, model).
        input_tokens: tokens read, as far as engines said.
        output_tokens: tokens written, as far as engines said.
        texts: distinct paragraphs of prompts.
        leases: keys that are being asked at this moment.
        requested: requests written down for batches whose answers are not here yet.
        bytes: size of its file; None on a server.
    """

    place: str
    schema: str
    replies: dict[tuple[str, str], int]
    input_tokens: int
    output_tokens: int
    texts: int
    leases: int
    requested: int
    bytes: int | None

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON values."""
        by_model = [{"engine": e, "model": m, "replies": n} for (e, m), n in sorted(self.replies.items())]
        named = {name: getattr(self, name) for name in self.__slots__ if name != "replies"}
        return named | {"replies": sum(self.replies.values()), "by_model": by_model}


def info(store: AnswerStore) -> StoreInfo:
    """Count what is in a store."""
    with store_errors(store.place), store.engine.connect() as connection:
        kinds = connection.execute(
            sa.select(replies.c.engine, replies.c.shape, sa.func.count()).group_by(
                replies.c.engine, replies.c.shape
            )
        ).all()
        text_of = _texts(connection, {number for engine, shape, _ in kinds for number in (engine, shape)})
        counts: Counter[tuple[str, str]] = Counter()
        for engine, shape, n in kinds:
            model = orjson.loads(text_of[shape])["model"] if shape in text_of else "?"
            counts[(text_of.get(engine, "?"), model)] += n
        read, written = connection.execute(
            sa.select(sa.func.sum(replies.c.input_tokens), sa.func.sum(replies.c.output_tokens))
        ).one()
        n_texts = connection.scalar(sa.select(sa.func.count()).select_from(texts)) or 0
        n_leases = connection.scalar(sa.select(sa.func.count()).select_from(leases)) or 0
        n_requested = connection.scalar(sa.select(sa.func.count()).select_from(requested)) or 0
    size = Path(store.place).stat().st_size if Path(store.place).is_file() else None
    of_texts = n_texts, n_leases, n_requested
    return StoreInfo(store.place, HEAD, dict(counts), read or 0, written or 0, *of_texts, size)


def mean_latency(store: AnswerStore, identity: str) -> float | None:
    """Seconds that an engine took for a reply, over some of those that are stored; None without any."""
    some = (
        sa.select(replies.c.latency_s)
        .where(replies.c.engine == text_number(identity), replies.c.latency_s > 0.0)
        .limit(_ROWS_AT_ONCE)
        .subquery()
    )
    with store_errors(store.place), store.engine.connect() as connection:
        mean = connection.scalar(sa.select(sa.func.avg(some.c.latency_s)))
    return None if mean is None else float(mean)


def records(store: AnswerStore) -> Iterator[Record]:
    """All replies with their requests.

    Raises:
        StoreError: when a prompt's text is not there.
    """
    for record in _records(store):
        if isinstance(record, str):
            raise StoreError(f"{store.place}: {record}; run `value-personas store verify`")
        yield record


def verify(store: AnswerStore) -> list[str]:
    """Check every reply against its key, which is recomputed from the stored request.

    Returns:
        What is wrong, one line each; nothing when all is well.
    """
    problems = []
    if store.engine.dialect.name == "sqlite":
        with store_errors(store.place), store.engine.connect() as connection:
            found = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
        problems += [str(line) for line in found if line != "ok"]
    for record in _records(store):
        if isinstance(record, str):
            problems.append(record)
            continue
        row = record.row
        if key_of_content(record.identity, record.content, row.sample) != bytes(row.key):
            problems.append(
                f"reply {bytes(row.key).hex()[:16]}: its request is not the one that its key names"
            )
    return problems


def prune(
    store: AnswerStore,
    engine: str | None = None,
    older_than_days: float | None = None,
    *,
    missing: bool = False,
) -> int:
    """Remove replies for good, and the texts that no other reply refers to.

    Args:
        store: no run may be using it.
        engine: only replies of engines whose identity contains this.
        older_than_days: only replies that are older.
        missing: only replies that hold no answer to any question: an error, as earlier versions kept some;
            thinking and nothing else; or nothing at all.

    Returns:
        How many replies were removed.

    Raises:
        StoreError: when a run is using the store.
    """
    condition: sa.ColumnElement[bool] = sa.true()
    if engine is not None:
        named = sa.select(texts.c.id).where(texts.c.body.contains(engine, autoescape=True))
        condition &= replies.c.engine.in_(named)
    if older_than_days is not None:
        condition &= replies.c.created_at < time.time() - older_than_days * 86_400
    if missing:
        condition &= _HOLDS_NOTHING
    with (
        store_errors(store.place),
        store.engine.connect().execution_options(writes=True) as connection,
        connection.begin(),
    ):
        if connection.scalar(sa.select(sa.func.count()).where(leases.c.expires_at > time.time())):
            raise StoreError(f"{store.place}: a run is using the store; wait for its end")
        removed = connection.execute(replies.delete().where(condition)).rowcount
        _remove_orphans(connection)
    if store.engine.dialect.name == "sqlite":
        with store_errors(store.place), store.engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            raw.execute("VACUUM")  # not possible within a transaction
    return int(removed)


def _records(store: AnswerStore) -> Iterator[Record | str]:
    """Replies in the order of their keys; a line of text in place of one that cannot be restored."""
    last = b""
    while True:
        with store_errors(store.place), store.engine.connect() as connection:
            page = sa.select(replies).where(replies.c.key > last).order_by(replies.c.key).limit(_ROWS_AT_ONCE)
            rows = connection.execute(page).all()
            numbers = {n for row in rows for n in (row.engine, row.shape, *numbers_in(row.prompt))}
            text_of = _texts(connection, numbers)
        if not rows:
            return
        for row in rows:
            yield _record(row, text_of)
        last = bytes(rows[-1].key)


def _record(row: Any, text_of: dict[int, str]) -> Record | str:
    try:
        content = restore_content(text_of[row.shape], bytes(row.prompt), text_of)
        return Record(row, text_of[row.engine], content)
    except (KeyError, ValueError, StopIteration) as error:
        return f"reply {bytes(row.key).hex()[:16]}: a text of its prompt is missing or damaged ({error})"


def stored_texts(connection: sa.Connection, rows: Iterable[Any]) -> dict[int, str]:
    """The texts of some rows of ``replies``, by number: shapes and paragraphs of prompts."""
    return _texts(connection, {n for row in rows for n in (row.shape, *numbers_in(bytes(row.prompt)))})


def _texts(connection: sa.Connection, numbers: set[int]) -> dict[int, str]:
    wanted = sorted(numbers)
    found: dict[int, str] = {}
    for start in range(0, len(wanted), 900):
        some = sa.select(texts.c.id, texts.c.body).where(texts.c.id.in_(wanted[start : start + 900]))
        found |= {row.id: original(row.body) for row in connection.execute(some)}
    return found


def _remove_orphans(connection: sa.Connection) -> None:
    """Delete texts that no reply refers to.

    The numbers in use are noted by the database, in a table of this transaction's own: in memory they would
    be as many as there are paragraphs in the store.
    """
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(_in_use)
    _in_use.create(connection)
    for table in (replies, requested):
        last = b""
        while rows := connection.execute(_numbers_after(table, last)).all():
            numbers = (
                (engine, shape, *numbers_in(bytes(prompt))) for _, engine, shape, prompt in map(tuple, rows)
            )
            # Sorted, so that the index grows at one place after the other.
            found = sorted({number for of_row in numbers for number in of_row})
            connection.execute(insert.on_conflict_do_nothing(), [{"id": number} for number in found])
            last = bytes(rows[-1].key)
    connection.execute(texts.delete().where(texts.c.id.not_in(sa.select(_in_use.c.id))))
    _in_use.drop(connection)


_in_use = sa.Table(
    "texts_in_use",
    sa.MetaData(),
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    prefixes=["TEMPORARY"],
)


def _numbers_after(table: sa.Table, last: bytes) -> Any:
    columns = sa.select(table.c.key, table.c.engine, table.c.shape, table.c.prompt)
    return columns.where(table.c.key > last).order_by(table.c.key).limit(_ROWS_AT_ONCE)

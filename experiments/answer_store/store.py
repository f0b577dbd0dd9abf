"""The answer store, as models use it (``programs.engines.replies.AnswerStore`` is the contract)."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from dspy.lm15 import Request

from value_personas.experiments.answer_store.opening import (
    WatchedFile,
    database_url,
    open_engine,
    place_of,
    reading,
    store_errors,
)
from value_personas.experiments.answer_store.prepared import KEYS_A_QUERY, LookUp
from value_personas.experiments.answer_store.records import REPLY_COLUMNS, reply_of_row, row_of
from value_personas.experiments.answer_store.schema import replies
from value_personas.experiments.answer_store.writer import Claim, Put, Release, Writer
from value_personas.programs.engines import Reply


class AnswerStore:
    """Every reply ever paid for, on SQLite (a path) or PostgreSQL (a URL).

    Safe to use from several threads, event loops and processes at once. Its memory does not grow with
    what is stored.

    Args:
        location: a file, made if need be, or ``postgresql://user@host/database``.
        create: whether a missing file is made.

    Attributes:
        place: the store as messages name it.

    Raises:
        StoreError: when it is foreign, newer than this version, or cannot be opened. It is unharmed.

    Example:
        >>> with AnswerStore("answers.db") as store:
        ...     model = connect(settings, store)
    """

    def __init__(self, location: str | Path, *, create: bool = True) -> None:
        self._location = location
        url = database_url(location)
        self.place = place_of(url)
        self.engine = open_engine(url, create=create)
        self._reading = reading(url, self.engine)
        self._stored = LookUp(self._reading, (replies.c.key, *REPLY_COLUMNS), replies.c.key)
        watched = WatchedFile(url)
        self._writer = Writer(self.engine, self.place, watched.check)
        self._check = watched.check

    def __reduce__(self) -> tuple[type["AnswerStore"], tuple[str | Path]]:
        """Its place: whoever unpickles it opens it again."""
        return AnswerStore, (self._location,)

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, Reply]:
        """The stored replies among ``keys``; absent ones are left out."""
        self._check()
        with store_errors(self.place):
            return {bytes(row[0]): reply_of_row(row[1:]) for row in self._stored.rows(keys)}

    async def claim(self, key: bytes) -> Reply | None:
        """The stored reply, or None: the key is the caller's to ask until ``put`` or ``release``."""
        future: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()
        self._writer.submit(Claim(key, future))
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self.release(key)  # granted at the moment of the cancellation
            raise

    async def put(self, key: bytes, identity: str, request: Request, reply: Reply, sample: int = 0) -> None:
        """Make a reply durable and give up the claim; returns after the commit."""
        row, texts = row_of(key, identity, request, reply, sample)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._writer.submit(Put(row, texts, future))
        await future

    def release(self, key: bytes) -> None:
        """Give up a claim that brought no reply. Does not wait."""
        self._writer.release(Release(key))

    def forget(self, keys: Sequence[bytes]) -> int:
        """Remove replies for good, so that they are asked again; returns how many there were."""
        self._check()
        removed = 0
        with (
            store_errors(self.place),
            self.engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            for start in range(0, len(keys), KEYS_A_QUERY):
                some = list(keys[start : start + KEYS_A_QUERY])
                removed += connection.execute(replies.delete().where(replies.c.key.in_(some))).rowcount
        return removed

    def close(self) -> None:
        """Write what is queued and let go of the database."""
        self._writer.close()
        self._reading.dispose()
        self.engine.dispose()

    def __enter__(self) -> "AnswerStore":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

"""The one thread of a process that writes to the store: everything queued is one commit."""

import asyncio
import contextlib
import queue
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, DBAPIError, OperationalError, StatementError

from value_personas.experiments.answer_store.leases import LEASE_S, LeaseTable, is_gone, new_holder
from value_personas.experiments.answer_store.opening import store_errors
from value_personas.experiments.answer_store.prepared import Prepared
from value_personas.experiments.answer_store.schema import replies, texts
from value_personas.programs.engines import Reply, ReplyFailure
from value_personas.signatures import MissingReason, StoreError

_LARGEST_BATCH = 1000
_REMEMBERED = 50_000
"""Texts known to have their row: 64 bits each, so a few megabytes."""

_LINGER_A_CALL_S = 0.00003
_LONGEST_LINGER_S = 0.005
_STEPS = 40
"""Lingers before a commit, at most: .2 s."""

_WORTH_WAITING_FOR = 4
"""Jobs that came during a linger: as many make another one pay."""

_QUIET_STEPS = 3
_LOOK_S = 0.002
_LOOKS = 5
"""Looks for more before a commit that calls wait for, at most: .01 s."""

_WORTH_LOOKING_FOR = 3
"""Jobs that came between two looks."""

_ASK_AGAIN_S = 0.1
"""How often a key that another process holds is looked at."""

_RENEW_S = LEASE_S / 3

_DEADLOCK = "40P01"
"""PostgreSQL's code for it (appendix A of its manual)."""

_DEADLOCKS_IN_A_ROW = 10


@dataclass(slots=True, eq=False)
class Claim:
    """A key that somebody wants to ask. The outcome is its stored reply, or None: go ahead."""

    key: bytes
    future: asyncio.Future[Reply | None]


@dataclass(slots=True, eq=False)
class Put:
    """A reply to be made durable, as a row, with its prompt's texts by number."""

    row: dict[str, Any]
    texts: dict[int, str]
    future: asyncio.Future[None]


@dataclass(slots=True, eq=False)
class Release:
    """A claim given up."""

    key: bytes


Job = Claim | Put | Release
Outcome = tuple[Claim | Put, Reply | Exception | None]

_UNKEEPABLE = (ValueError, TypeError, OverflowError, struct.error, DataError, StatementError)
"""What a driver raises at a value that it cannot bind or its column cannot hold."""


class Writer:
    """Takes jobs from any thread and does all that are waiting in one transaction after the other.

    Batches grow by themselves under load: what arrives during one commit is the next. A lone reply waits
    for next to nothing, and commits are never as much as 0.5 s apart.

    Args:
        engine: the database.
        place: the store's name in messages.
        still_there: raises ``StoreError`` when the store was deleted or replaced.
    """

    def __init__(
        self,
        engine: sa.Engine,
        place: str,
        still_there: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._place = place
        self._still_there = still_there
        self._leases = LeaseTable(new_holder(), engine.dialect)
        self._insert_texts, self._insert_replies = insertions(engine.dialect, replies)
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._postponed: list[Claim] = []
        self._held: set[bytes] = set()
        self._known: set[int] = set()
        self._broken: StoreError | None = None
        self._ended = False
        self._renewed = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="answer-store", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Queue a job.

        Raises:
            StoreError: when an earlier one failed; nothing more is written after that.
        """
        if self._broken is not None:
            raise StoreError(str(self._broken))
        self._jobs.put(job)
        if self._ended:  # between the two lines above
            self._refuse_the_rest()

    def release(self, job: Release) -> None:
        """Queue a release; of no consequence when the store has failed."""
        self._jobs.put(job)

    def close(self) -> None:
        """Do what is queued, give up all leases, and end the thread."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        connection, closing = None, False
        try:
            while not closing:
                batch, closing = self._next_batch()
                try:
                    with store_errors(self._place):
                        if connection is None:
                            connection = self._engine.connect().execution_options(writes=True)
                        outcomes = self._do(connection, batch, closing)
                except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits for it
                    self._broken = self._broken or self._failure(error)
                    self._postponed = []
                    outcomes = [(job, self._broken) for job in batch if not isinstance(job, Release)]
                self._deliver(outcomes)
        finally:
            self._broken = self._broken or StoreError(f"{self._place}: the store is closed")
            self._ended = True
            self._refuse_the_rest()
            if connection is not None:
                connection.close()

    def _failure(self, error: Exception) -> StoreError:
        """What ended the writing, as the error that every caller knows."""
        if isinstance(error, StoreError):
            return error
        said = " ".join(f"{type(error).__name__} {error}".split())[:200]
        return StoreError(f"{self._place}: {said}; nothing more was written, run again to go on")

    def _refuse_the_rest(self) -> None:
        """Tell whoever still waits that nothing more is written."""
        waiting: list[Job] = list(self._postponed)
        with contextlib.suppress(queue.Empty):
            while True:
                if (job := self._jobs.get_nowait()) is not None:
                    waiting.append(job)
        self._postponed = []
        self._deliver([(job, self._broken) for job in waiting if not isinstance(job, Release)])

    def _do(self, connection: sa.Connection, batch: list[Job], closing: bool) -> list[Outcome]:
        """Do a batch; where one reply cannot be written, all others are, and that one is told so."""
        try:
            return self._commit_or_retry(connection, batch, closing)
        except _UNKEEPABLE as error:
            if isinstance(error, DBAPIError) and not isinstance(error, DataError):
                raise
        culprits = {
            id(job): failure
            for job in batch
            if isinstance(job, Put) and (failure := self._tried(connection, job))
        }
        sound = [job for job in batch if id(job) not in culprits]
        freed = [Release(job.row["key"]) for job in batch if isinstance(job, Put) and id(job) in culprits]
        outcomes = self._commit_or_retry(connection, [*sound, *freed], closing)
        refused = [job for job in batch if isinstance(job, Put) and id(job) in culprits]
        return [*outcomes, *((job, culprits[id(job)]) for job in refused)]

    def _tried(self, connection: sa.Connection, job: Put) -> ReplyFailure | None:
        """Why a reply cannot be written, found out in a transaction that is undone."""
        try:
            with connection.begin() as transaction:
                self._write(connection, [job], job.texts)
                transaction.rollback()
        except _UNKEEPABLE as error:
            said = str(getattr(error, "orig", None) or error)
            return ReplyFailure(MissingReason.PROVIDER_ERROR, f"the reply cannot be stored: {said}"[:300])
        return None

    def _next_batch(self) -> tuple[list[Job], bool]:
        """Everything that waits, at least one job or the time to renew; and whether to end."""
        patience = _ASK_AGAIN_S if self._postponed else _RENEW_S if self._held else None
        batch: list[Job] = []
        try:
            job = self._jobs.get(timeout=patience)
            self._linger()
            while job is not None and len(batch) < _LARGEST_BATCH:
                batch.append(job)
                job = self._jobs.get_nowait()
        except queue.Empty:
            return batch + self._postponed, False
        if job is not None:
            batch.append(job)
        return batch + self._postponed, job is None

    def _linger(self) -> None:
        """Wait for more jobs, after the first.

        While many calls are in flight, more will come at once. To wake for each of them would take the
        interpreter away from the event loop that receives them, and cost more than the writing itself. As
        long as more come than a commit is worth, the wait goes on.
        """
        waiting = self._jobs.qsize()
        time.sleep(min(_LINGER_A_CALL_S * (len(self._held) + waiting), _LONGEST_LINGER_S))
        step, steps, worth, patience = (
            (_LOOK_S, _LOOKS, _WORTH_LOOKING_FOR, 1)
            if self._held
            else (_LONGEST_LINGER_S, _STEPS, _WORTH_WAITING_FOR, _QUIET_STEPS)
        )
        quiet = patience - 1  # the first step must bring some; after that, one may be the system's hiccup
        for _ in range(steps):
            before, waiting = waiting, self._jobs.qsize()
            quiet = 0 if waiting - before >= worth else quiet + 1
            if quiet >= patience or waiting >= _LARGEST_BATCH // 2:
                return
            time.sleep(step)

    def _commit_or_retry(self, connection: sa.Connection, batch: list[Job], closing: bool) -> list[Outcome]:
        """Do a batch, again where PostgreSQL undid it.

        Rows are locked in one order by each statement, but a transaction has several: two processes may still
        come to wait for each other. PostgreSQL then undoes one of them as if it had never begun.
        """
        for _ in range(_DEADLOCKS_IN_A_ROW):
            try:
                return self._commit(connection, batch, closing)
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", None) != _DEADLOCK:
                    raise
        return self._commit(connection, batch, closing)

    def _commit(self, connection: sa.Connection, batch: list[Job], closing: bool) -> list[Outcome]:
        """Do a batch in one transaction. Nothing of it is told to anyone before the commit."""
        if self._broken is not None:
            raise self._broken
        puts = [job for job in batch if isinstance(job, Put)]
        claims = [job for job in batch if isinstance(job, Claim) and not job.future.cancelled()]
        done = {job.row["key"] for job in puts} | {job.key for job in batch if isinstance(job, Release)}
        new_texts = {number: text for job in puts for number, text in job.texts.items()}
        new_texts = {number: text for number, text in new_texts.items() if number not in self._known}
        self._still_there()
        with connection.begin():
            self._write(connection, puts, new_texts)
            if done & self._held:
                self._leases.drop(connection, done & self._held)
            held = self._held - done
            granted, postponed = self._claim(connection, claims, held)
            self._keep_leases(connection, closing)
        self._still_there()
        self._held, self._postponed = held, postponed
        self._known = new_texts.keys() | (self._known if len(self._known) < _REMEMBERED else set())
        return [*((put, None) for put in puts), *granted]

    def _write(self, connection: sa.Connection, puts: list[Put], new_texts: dict[int, str]) -> None:
        # Sorted, so that two processes on PostgreSQL lock rows in one order and seldom wait for each other.
        rows = [{"id": number, "body": text} for number, text in sorted(new_texts.items())]
        self._insert_texts.run(connection, rows)
        self._insert_replies.run(connection, sorted((job.row for job in puts), key=itemgetter("key")))

    def _claim(
        self, connection: sa.Connection, claims: list[Claim], held: set[bytes]
    ) -> tuple[list[Outcome], list[Claim]]:
        """Grant claims; adds the keys now held to ``held``. Returns what is decided and what must wait."""
        first = {claim.key: claim for claim in reversed(claims) if claim.key not in held}
        postponed = [claim for claim in claims if first.get(claim.key) is not claim]
        if not first:
            return [], postponed
        others, found = self._leases.take(connection, first.keys(), time.time())
        self._leases.drop(connection, found.keys())
        decided: list[Outcome] = []
        for key, claim in first.items():
            if key in found:
                decided.append((claim, found[key]))
            elif key in others:
                postponed.append(claim)
            else:
                held.add(key)
                decided.append((claim, None))
        for holder in filter(is_gone, set(others.values())):
            self._leases.drop_all(connection, holder)
        return decided, postponed

    def _keep_leases(self, connection: sa.Connection, closing: bool) -> None:
        if closing:
            self._leases.drop_all(connection)
        elif self._held and time.monotonic() - self._renewed > _RENEW_S:
            self._leases.renew(connection, time.time())
            self._renewed = time.monotonic()

    def _deliver(self, outcomes: Iterable[Outcome]) -> None:
        """Wake each event loop once with all that concerns it."""
        by_loop: dict[asyncio.AbstractEventLoop, list[Outcome]] = defaultdict(list)
        for job, outcome in outcomes:
            by_loop[job.future.get_loop()].append((job, outcome))
        for loop, of_loop in by_loop.items():
            try:
                loop.call_soon_threadsafe(self._settle, of_loop)
            except RuntimeError:  # the loop is closed: nobody waits any more
                self._give_up(of_loop)

    def _settle(self, outcomes: Iterable[Outcome]) -> None:
        """Runs in the loop's own thread."""
        abandoned = []
        for job, outcome in outcomes:
            if job.future.done():
                abandoned.append((job, outcome))
            elif isinstance(outcome, Exception):
                job.future.set_exception(outcome)
            else:
                job.future.set_result(outcome)  # type: ignore[arg-type] # a Put's outcome is always None
        self._give_up(abandoned)

    def _give_up(self, outcomes: Iterable[Outcome]) -> None:
        """Free keys that were granted to somebody who no longer waits."""
        for job, outcome in outcomes:
            if isinstance(job, Claim) and outcome is None:
                self.release(Release(job.key))


def insertions(dialect: sa.Dialect, table: sa.Table) -> tuple[Prepared, Prepared]:
    """How texts, and rows of a table that refers to them, are added where they are not there yet."""
    insert = (sqlite if dialect.name == "sqlite" else postgresql).insert
    into_texts, into_table = (Prepared(_once(insert(one), one), dialect) for one in (texts, table))
    return into_texts, into_table


def _once(insert: sqlite.Insert | postgresql.Insert, table: sa.Table) -> sa.Executable:
    """An insertion that leaves a row that is already there as it is."""
    values = insert.values({column.name: sa.bindparam(column.name) for column in table.columns})
    statement: sa.Executable = values.on_conflict_do_nothing()
    return statement

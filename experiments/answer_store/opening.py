"""Opening a store: where it is, whether it is one of ours, and of which version."""

import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, NoSuchModuleError

from value_personas.experiments.answer_store.schema import HEAD, VERSION_TABLE
from value_personas.signatures import StoreError

_BUSY_MS = 30_000
"""How long SQLite waits for another process's transaction. Ours take milliseconds."""

_IDLE_S = 5.0
"""A connection to a server that was used so lately is taken to be alive."""

_ADVISORY_LOCK = 0x7650_6572
"""PostgreSQL's lock around migrations; any number that other software does not use."""


def database_url(location: str | Path) -> URL:
    """A path or URL as SQLAlchemy takes it; PostgreSQL by psycopg 3.

    Raises:
        StoreError: for anything that is neither.
    """
    if isinstance(location, Path) or "://" not in location:
        return URL.create("sqlite", database=str(Path(location).expanduser().absolute()))
    try:
        url = make_url(location)
    except ArgumentError:
        raise StoreError("store: not a path or database URL; for example postgresql://host/name") from None
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise StoreError(f"store: {url.get_backend_name()} is not supported, only SQLite and PostgreSQL")
    return url.set(drivername="postgresql+psycopg") if url.get_backend_name() == "postgresql" else url


def place_of(url: URL) -> str:
    """The store as messages name it, without a password."""
    return (
        url.database or "" if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)
    )


def open_engine(url: URL, *, create: bool = True) -> sa.Engine:
    """Connect, check that the store is ours, and bring it to this version.

    Raises:
        StoreError: when it cannot be reached, is foreign, or was made by a newer version. It is unharmed.
    """
    place = place_of(url)
    sqlite = url.get_backend_name() == "sqlite"
    read_only = sqlite and _may_only_be_read(Path(url.database or ""))
    if sqlite and not create and not Path(url.database or "").is_file():
        raise StoreError(f"{place}: no such store")
    try:
        engine = sa.create_engine(_only_read(url) if read_only else url)
    except (ImportError, NoSuchModuleError):
        raise StoreError(f"{place}: needs psycopg; pip install 'value-personas[postgres]'") from None
    if sqlite:
        _tune_sqlite(engine)
    else:
        _ping_what_lay_idle(engine)
    try:
        with store_errors(place):
            _check_and_migrate(engine, place, read_only=read_only)
    except StoreError:
        engine.dispose()
        raise
    return engine


@contextmanager
def store_errors(place: str) -> Iterator[None]:
    """Turn what a database driver raises into one clear line."""
    try:
        yield
    except DBAPIError as error:
        said = " ".join(str(error.orig).split())
        raise StoreError(f"{place}: {said}; {_advice(said)}") from None


def _advice(said: str) -> str:
    advice = {
        "full": "free some space and run again, nothing stored is lost",
        "readonly": "make it writable or name another workspace",
        "unable to open": "check that its folder exists and is writable",
        "not a database": "it is some other file; name another workspace",
        "locked": "another process has held it for too long; wait for it and run again",
        "malformed": "it is damaged; run `value-personas store verify` and restore a copy",
    }
    return next((text for word, text in advice.items() if word in said), "check it and run again")


def reading(url: URL, engine: sa.Engine) -> sa.Engine:
    """The same database for look-ups: on PostgreSQL without a transaction, whose begin and end are trips."""
    if engine.dialect.name == "sqlite":
        return engine
    own = sa.create_engine(url, isolation_level="AUTOCOMMIT", pool_reset_on_return=None)
    _ping_what_lay_idle(own)
    return own


def _ping_what_lay_idle(engine: sa.Engine) -> None:
    """Try a connection that was not used for a while before it is used; another replaces one that is dead."""

    @event.listens_for(engine, "checkin")
    def _on_checkin(_connection: Any, record: Any) -> None:
        record.info["used"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _on_checkout(connection: Any, record: Any, _proxy: Any) -> None:
        if time.monotonic() - record.info.get("used", math.inf) > _IDLE_S:
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error as error:
                raise DisconnectionError(str(error)) from None


def _tune_sqlite(engine: sa.Engine) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin where SQLAlchemy says, see below
        connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        # In WAL mode a commit survives the death of the process; only a power cut may take the last
        # ones with it, and never leaves the file damaged.
        connection.execute("PRAGMA synchronous=NORMAL")
        # A key is a hash, so commits change pages all over the file; up to 32 MB are put there at once.
        connection.execute("PRAGMA wal_autocheckpoint=8000")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: sa.Connection) -> None:
        # A transaction that reads and then writes must have the lock from the start: SQLite refuses at
        # once, without waiting, to upgrade it when somebody wrote in between.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _may_only_be_read(file: Path) -> bool:
    return file.is_file() and not (os.access(file, os.W_OK) and os.access(file.parent, os.W_OK))


def _only_read(url: URL) -> URL:
    """The same file, beside which SQLite makes none where no commit waits in one."""
    file = Path(url.database or "")
    whole = {} if Path(f"{file}-wal").exists() else {"immutable": "1"}
    return url.set(database=file.as_uri(), query={"mode": "ro", "uri": "true", **whole})


def _check_and_migrate(engine: sa.Engine, place: str, *, read_only: bool = False) -> None:
    with engine.connect() as connection:
        version = _version(connection, place)
    if read_only:
        if version != HEAD:
            raise StoreError(
                f"{place}: may only be read and is of an earlier version; make it writable once, or copy it"
            )
        return
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            raw.execute("PRAGMA journal_mode=WAL")  # not possible within a transaction
    if version == HEAD:
        return
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
        if _version(connection, place) != HEAD:  # another process may have been quicker
            _upgrade(connection)


def _version(connection: sa.Connection, place: str) -> str | None:
    """The version of a store; None for an empty database."""
    tables = set(sa.inspect(connection).get_table_names())
    if VERSION_TABLE not in tables:
        ours = {"replies", "texts", "leases", "requested"}
        foreign = tables if connection.dialect.name == "sqlite" else tables & ours  # a server may be shared
        if foreign:
            raise StoreError(
                f"{place}: not an answer store (it has the table {min(foreign)!r}); name another workspace"
            )
        return None
    found = connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalars().all()
    if len(found) != 1 or not str(found[0]).isdigit() or str(found[0]) > HEAD:
        raise StoreError(
            f"{place}: made by a newer version of value-personas (schema {', '.join(map(str, found)) or '?'};"
            f" this one knows {HEAD}); upgrade value-personas"
        )
    return str(found[0])


def _upgrade(connection: sa.Connection) -> None:
    """Run Alembic's steps within the open transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)


class WatchedFile:
    """Notices when a store's file was deleted or replaced beneath the run.

    On Linux one may go on writing into a deleted file for ever, and find nothing afterwards.
    """

    def __init__(self, url: URL) -> None:
        self._path = (url.database or "") if url.get_backend_name() == "sqlite" else ""
        self._opened = self._state()

    def check(self) -> None:
        """Compare the file that lies there with the one that was opened.

        Raises:
            StoreError: when it is another or none.
        """
        if self._path and self._state() != self._opened:
            raise StoreError(
                f"{self._path}: the store was deleted or replaced during the run; "
                "what was answered since then is not kept, run again to go on"
            )

    def _state(self) -> tuple[int, int] | None:
        try:
            state = os.stat(self._path)  # noqa: PTH116 - for every commit, and Path costs more than the call
        except OSError:
            return None
        return state.st_ino, state.st_dev

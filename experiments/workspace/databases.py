"""Addresses of databases, as whoever opens one takes them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

_BARE = re.compile(r"postgres(ql)?://")


_ADVISORY_LOCK = 7_305_201
"""PostgreSQL's lock around the tables of MLflow and Optuna; any number that other software does not use."""

_PATIENCE_S = 300
"""Seconds that another process may take to make those tables, over a network."""

_opened: set[str] = set()
"""Addresses that this process has opened."""


@contextmanager
def alone_in_postgresql(address: str | None) -> Iterator[None]:
    """Within this, no other process of this package opens the same PostgreSQL database for the first time.

    MLflow and Optuna make their tables in several steps, and fail on those of another process. Nothing is
    held of any other kind of database.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: when it cannot be reached, or another is at it for minutes.
    """
    if address is None or not address.startswith("postgresql") or address in _opened:
        yield
        return
    from sqlalchemy import create_engine, text
    from sqlalchemy.pool import NullPool  # with the connection goes the lock

    engine = create_engine(address, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"set lock_timeout = '{_PATIENCE_S}s'"))
        connection.execute(text(f"select pg_advisory_lock({_ADVISORY_LOCK})"))
        yield
    _opened.add(address)


def by_psycopg(address: str) -> str:
    """An address of PostgreSQL names psycopg 3, where it names no driver; others stay as they are.

    What else would be taken changes with SQLAlchemy's version.

    Example:
        >>> by_psycopg("postgresql://me@host/answers")
        'postgresql+psycopg://me@host/answers'
    """
    return _BARE.sub("postgresql+psycopg://", address, count=1) if _BARE.match(address) else address

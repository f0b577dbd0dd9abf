"""Statements of the hot path, compiled once."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

KEYS_A_QUERY = 900
"""Older SQLite takes 999 parameters a statement."""


class Prepared:
    """A statement that is run for many rows, thousands of times.

    SQLAlchemy writes the SQL, once; its work on every row after that would cost more than the database's.

    Args:
        statement: an insertion, update or deletion with named parameters of plain types.
        dialect: the database's.
    """

    def __init__(self, statement: sa.Executable, dialect: sa.Dialect) -> None:
        compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined] # every one of ours is
        self._sql = str(compiled)
        self._order: Sequence[str] | None = compiled.positiontup

    def run(self, connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run for every row; without rows, do nothing."""
        if not rows:
            return
        order = self._order
        if order is None:
            connection.exec_driver_sql(self._sql, [dict(row) for row in rows])
        else:
            connection.exec_driver_sql(self._sql, [tuple([row[name] for name in order]) for row in rows])


class LookUp:
    """Rows of a table by their keys, asked of the driver itself.

    A look-up is in the way of whoever asks; of one key, SQLAlchemy's work took three quarters of the time.

    Args:
        engine: the database; each statement is read by itself, in no transaction that it would have to end.
        columns: what is wanted of a row.
        key: the column of the keys.
    """

    def __init__(self, engine: sa.Engine, columns: Sequence[sa.Column[Any]], key: sa.Column[Any]) -> None:
        self._engine = engine
        self._mark = "?" if engine.dialect.paramstyle == "qmark" else "%s"
        self._sql = f"{sa.select(*columns).compile(dialect=engine.dialect)} WHERE {key.name} IN "

    def rows(self, keys: Sequence[bytes]) -> list[Sequence[Any]]:
        """The rows that there are, in any order.

        Raises:
            DBAPIError: when the driver raises; the connection is then given up.
        """
        assert self._engine.dialect.loaded_dbapi is not None
        connection, found = None, list[Sequence[Any]]()
        try:
            connection = self._engine.raw_connection()
            cursor = connection.cursor()
            for start in range(0, len(keys), KEYS_A_QUERY):
                some = keys[start : start + KEYS_A_QUERY]
                cursor.execute(f"{self._sql}({', '.join([self._mark] * len(some))})", tuple(some))
                found += cursor.fetchall()
            cursor.close()
        except BaseException as error:
            if connection is not None:
                connection.invalidate()
            if isinstance(error, self._engine.dialect.loaded_dbapi.Error):
                raise DBAPIError(None, None, error) from None
            raise
        finally:
            if connection is not None:
                connection.close()
        return found

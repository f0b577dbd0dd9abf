"""Statements of the hot path, compiled once."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa


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

"""Leases: which process is asking which key. All run within the writer's transaction."""

import os
import socket
import uuid
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from value_personas.experiments.answer_store.prepared import Prepared
from value_personas.experiments.answer_store.records import REPLY_COLUMNS, reply_of_row
from value_personas.experiments.answer_store.schema import leases, replies
from value_personas.programs.engines import Reply

LEASE_S = 60.0
"""Seconds a lease is good for without renewal: how long another machine waits for one that died."""


def new_holder() -> str:
    """A name for this process's claims: host, process and a number of its own."""
    return f"{_host()} {os.getpid()} {uuid.uuid4().hex}"


def is_gone(holder: str) -> bool:
    """Whether the holder is known to have died. On another host, only the lease's expiry can tell."""
    *host, pid, _ = holder.split(" ")
    if " ".join(host) != _host():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, ValueError):
        return False
    return False


class LeaseTable:
    """The leases of one process, as it takes and drops them within its transactions.

    Args:
        holder: the process's name, from ``new_holder``.
        dialect: the database's.
    """

    def __init__(self, holder: str, dialect: sa.Dialect) -> None:
        self._holder = holder
        insert = (sqlite if dialect.name == "sqlite" else postgresql).insert(leases)
        insert = insert.values({name: sa.bindparam(name) for name in ("key", "holder", "expires_at")})
        take = insert.on_conflict_do_update(
            index_elements=[leases.c.key],
            set_={"holder": insert.excluded.holder, "expires_at": insert.excluded.expires_at},
            where=(leases.c.expires_at < sa.bindparam("now")) | (leases.c.holder == insert.excluded.holder),
        )
        mine = (leases.c.key == sa.bindparam("key")) & (leases.c.holder == sa.bindparam("holder"))
        self._take = Prepared(take, dialect)
        self._drop = Prepared(sa.delete(leases).where(mine), dialect)

    def take(
        self, connection: sa.Connection, keys: Collection[bytes], now: float
    ) -> tuple[dict[bytes, str], dict[bytes, Reply]]:
        """Lease the keys that are free or whose lease has run out.

        Returns:
            The holders of the keys that somebody else holds; and the replies that are there already. These
            are read after the lease: another process may have put one since the caller looked.
        """
        # Sorted, so that two processes on PostgreSQL lock rows in one order and never wait for each other.
        base = {"holder": self._holder, "expires_at": now + LEASE_S, "now": now}
        self._take.run(connection, [{"key": key, **base} for key in sorted(keys)])
        others, found = {}, {}
        for key, holder, text, *rest in connection.execute(_STATE, {"keys": list(keys)}):
            if text is not None:
                found[bytes(key)] = reply_of_row((text, *rest))
            if holder != self._holder:
                others[bytes(key)] = holder
        return others, found

    def drop(self, connection: sa.Connection, keys: Collection[bytes]) -> None:
        """Give up leases of this process."""
        self._drop.run(connection, [{"key": key, "holder": self._holder} for key in sorted(keys)])

    def drop_all(self, connection: sa.Connection, holder: str | None = None) -> None:
        """Give up every lease of this process, or of one that died."""
        connection.execute(leases.delete().where(leases.c.holder == (holder or self._holder)))

    def renew(self, connection: sa.Connection, now: float) -> None:
        """Keep every lease of this process."""
        mine = leases.c.holder == self._holder
        connection.execute(leases.update().where(mine).values(expires_at=now + LEASE_S))


_STATE = (
    sa.select(leases.c.key, leases.c.holder, *REPLY_COLUMNS)
    .join_from(leases, replies, leases.c.key == replies.c.key, isouter=True)
    .where(leases.c.key.in_(sa.bindparam("keys", expanding=True)))
)


def _host() -> str:
    """This host and process namespace: within two containers, equal numbers are not equal processes."""
    try:
        namespace = os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - a link that leads to no path
    except OSError:
        namespace = ""
    return f"{socket.gethostname()}{namespace}".replace(" ", "_")

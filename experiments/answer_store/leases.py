"""Leases: which process is asking which key. All run within the writer's transaction."""

import os
import socket
import uuid
from collections.abc import Collection
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from experiments.answer_store.schema import leases

__all__ = ["LEASE_S", "drop", "drop_all", "is_gone", "new_holder", "renew", "take"]

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


def take(connection: sa.Connection, keys: Collection[bytes], holder: str, now: float) -> dict[bytes, str]:
    """Lease the keys that are free or whose lease has run out.

    Returns:
        Who holds each key now.
    """
    # Sorted, so that two processes on PostgreSQL lock rows in one order and never wait for each other.
    rows = [{"key": key, "holder": holder, "expires_at": now + LEASE_S, "now": now} for key in sorted(keys)]
    connection.execute(_upsert(connection.dialect.name), rows)
    found = connection.execute(sa.select(leases.c.key, leases.c.holder).where(leases.c.key.in_(list(keys))))
    return {bytes(key): name for key, name in found}


def drop(connection: sa.Connection, keys: Collection[bytes], holder: str) -> None:
    """Give up leases of this holder."""
    connection.execute(_DROP, [{"of_key": key, "of_holder": holder} for key in sorted(keys)])


def drop_all(connection: sa.Connection, holder: str) -> None:
    """Give up every lease of a holder."""
    connection.execute(leases.delete().where(leases.c.holder == holder))


def renew(connection: sa.Connection, holder: str, now: float) -> None:
    """Keep every lease of this holder."""
    connection.execute(leases.update().where(leases.c.holder == holder).values(expires_at=now + LEASE_S))


_DROP = leases.delete().where(
    leases.c.key == sa.bindparam("of_key"), leases.c.holder == sa.bindparam("of_holder")
)


@cache
def _upsert(dialect: str) -> sqlite.Insert | postgresql.Insert:
    insert = (sqlite if dialect == "sqlite" else postgresql).insert(leases)
    return insert.on_conflict_do_update(
        index_elements=[leases.c.key],
        set_={"holder": insert.excluded.holder, "expires_at": insert.excluded.expires_at},
        where=(leases.c.expires_at < sa.bindparam("now")) | (leases.c.holder == insert.excluded.holder),
    )


def _host() -> str:
    """This host and process namespace: within two containers, equal numbers are not equal processes."""
    try:
        namespace = os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - a link that leads to no path
    except OSError:
        namespace = ""
    return f"{socket.gethostname()}{namespace}".replace(" ", "_")

"""Addresses of databases, as whoever opens one takes them."""

import re

_BARE = re.compile(r"postgres(ql)?://")


def by_psycopg(address: str) -> str:
    """An address of PostgreSQL names psycopg 3, where it names no driver; others stay as they are.

    What else would be taken changes with SQLAlchemy's version.

    Example:
        >>> by_psycopg("postgresql://me@host/answers")
        'postgresql+psycopg://me@host/answers'
    """
    return _BARE.sub("postgresql+psycopg://", address, count=1) if _BARE.match(address) else address

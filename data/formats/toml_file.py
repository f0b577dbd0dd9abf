"""TOML files that someone wrote by hand: capped in size and depth."""

import tomllib
from pathlib import Path
from typing import Any

_LARGEST = 1_000_000
"""Bytes of a file."""

_DEEPEST = 50
"""Tables within tables and lists; nothing that is read needs ten."""


def read_toml(path: Path) -> dict[str, Any]:
    """What a TOML file holds, a byte order mark and Windows' ends of lines read past.

    Args:
        path: of the file, of at most a million bytes.

    Raises:
        OSError: where it cannot be opened.
        ValueError: where it is larger, no UTF-8, no TOML, or not plain; the message is one line.
    """
    with path.open("rb") as stream:
        content = stream.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError(f"is larger than {_LARGEST:,} bytes")
    try:
        raw = tomllib.loads(content.decode("utf-8-sig").replace("\r\n", "\n"))
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, tables a thousand deep
        raise ValueError(f"not valid TOML: {error}") from None
    require_plain(raw)
    return raw


def require_plain(value: Any, keys: tuple[str, ...] = ()) -> None:
    """Nothing nested without end, and no NUL, which neither a file's name nor a database takes.

    Raises:
        ValueError: in one line, that names the key.
    """
    if len(keys) > _DEEPEST:
        raise ValueError(f"{keys[0]}: tables or lists more than {_DEEPEST} deep")
    if isinstance(value, dict):
        for name, inner in value.items():
            require_plain(inner, (*keys, name))
    elif isinstance(value, list | tuple):
        for inner in value:
            require_plain(inner, (*keys, ""))
    elif isinstance(value, str) and "\0" in value:
        raise ValueError(f"{'.'.join(filter(None, keys))}: holds a NUL character")

"""pyreadstat in a process of its own: a damaged file may end it, and fill no memory but its own.

ReadStat, the library that reads SPSS, Stata and SAS files, dies of some damaged files by a signal, which no
``except`` catches. A child therefore reads every one of them, once; the columns come back through a pipe.
"""

import atexit
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import IO, Any

import numpy as np
import pandas as pd

__all__ = ["DeadReaderError", "Metadata", "UnreadableError", "read_isolated"]


class UnreadableError(Exception):
    """The library refused the file; the text says why."""


class DeadReaderError(Exception):
    """The file ended the process that read it; the text says how."""


@dataclass(frozen=True)
class Metadata:
    """What is used of pyreadstat's metadata container, by its names."""

    column_names: list[str]
    column_names_to_labels: dict[str, str | None]
    variable_value_labels: dict[str, dict[float | str, str]]
    missing_ranges: dict[str, list[dict[str, Any]]]
    readstat_variable_types: dict[str, str]
    number_rows: int | None


_lock = Lock()
_children: dict[int, "subprocess.Popen[bytes]"] = {}  # by process: one that was forked starts its own


def read_isolated(reader: str, path: Path, arguments: Mapping[str, Any]) -> tuple[pd.DataFrame, Metadata]:
    """Call a reader of pyreadstat's in a child.

    Args:
        reader: the function's name, such as ``read_sav``.
        path: the file.
        arguments: by keyword, as JSON has them.

    Returns:
        The frame, empty where only metadata were asked for, and the metadata.

    Raises:
        UnreadableError: when the reader raised an exception.
        DeadReaderError: when the reader died.
    """
    asked = {"reader": reader, "path": os.path.abspath(path), "arguments": dict(arguments)}  # noqa: PTH100  # keeps links
    line = json.dumps(asked).encode() + b"\n"
    with _lock:
        while True:
            child = _child()
            try:
                answer = _exchange(child, line)
            except BaseException:  # an interrupt too: half an answer would be taken for the next
                _end(child)
                raise
            if answer is not None:
                return answer
            if code := child.wait():
                _end(child)
                raise DeadReaderError(signal.Signals(-code).name if code < 0 else f"exit {code}")
            _end(child)  # it left just now for want of requests: ask another


def _exchange(child: "subprocess.Popen[bytes]", line: bytes) -> tuple[pd.DataFrame, Metadata] | None:
    """Ask and hear, None where the child ended instead."""
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(line)
        child.stdin.flush()
    except BrokenPipeError:
        return None
    first = child.stdout.readline()
    if not first:
        return None
    told = json.loads(first)
    if "error" in told:
        raise UnreadableError(told["error"])
    columns = {}
    for column in told["columns"]:
        values = _values(child.stdout, column["dtype"], column["bytes"], told["rows"])
        if values is None:
            return None
        columns[column["name"]] = values
    return pd.DataFrame(columns, index=pd.RangeIndex(told["rows"]), copy=False), Metadata(
        told["column_names"],
        told["column_names_to_labels"],
        {name: dict(pairs) for name, pairs in told["value_labels"].items()},
        told["missing_ranges"],
        told["types"],
        told["number_rows"],
    )


def _values(answers: IO[bytes], dtype: str, size: int, rows: int) -> Any:
    """The values of one column, None where they break off."""
    texts = dtype in {"object", "str"}
    held: Any = np.empty(size, dtype=np.uint8) if texts else np.empty(rows, dtype=dtype)
    if held.nbytes != size or (size and answers.readinto(memoryview(held).cast("B")) != size):  # type: ignore[attr-defined]
        return None
    return pd.Series(json.loads(held.tobytes()), dtype=dtype) if texts else held


def _child() -> "subprocess.Popen[bytes]":
    """The child of this process, started if need be: a third of a second, once."""
    known = _children.get(os.getpid())
    if known is None:
        known = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("readstat_child.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            start_new_session=True,  # an interrupt is the parent's to handle
        )
        _children[os.getpid()] = known
    return known


def _end(child: "subprocess.Popen[bytes]") -> None:
    """Nothing of it stays; the next request starts another."""
    child.kill()
    child.wait()
    for stream in (child.stdin, child.stdout):
        with suppress(OSError):
            if stream is not None:
                stream.close()
    _children.pop(os.getpid(), None)


@atexit.register
def _end_all() -> None:
    if (child := _children.get(os.getpid())) is not None:
        _end(child)

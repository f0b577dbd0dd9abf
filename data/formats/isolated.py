"""pyreadstat in a process of its own: a damaged file may end it, and fill no memory but its own.

ReadStat, the library that reads SPSS, Stata and SAS files, dies of some damaged files by a signal, which no
``except`` catches. A child therefore reads every one of them, once; the columns come back through a pipe. Of
a large file one child reads the earlier records and another the later ones.
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
from numpy.typing import NDArray


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
_children: dict[int, list["subprocess.Popen[bytes]"]] = {}  # by process: one that was forked starts its own

_MANY = 4_000_000
"""Values beyond which a second child is worth its start, and arrays are better than lists."""

_MANY_ROWS = 100_000
"""Records beyond which that is to be expected."""

_FIRST = 0.53
"""The share of the records that the first child reads: the second has to pass over these."""


def read_isolated(
    reader: str, path: Path, arguments: Mapping[str, Any], rows: int | None = None
) -> tuple[pd.DataFrame, Metadata]:
    """Call a reader of pyreadstat's in a child, or in two where much is to be read.

    Args:
        reader: the function's name, such as ``read_sav``.
        path: the file.
        arguments: by keyword, as JSON has them.
        rows: how many records there are, where it is known.

    Returns:
        The frame, empty where only metadata were asked for, and the metadata.

    Raises:
        UnreadableError: when the reader raised an exception.
        DeadReaderError: when the reader died.
    """
    is_large = (rows or 0) * len(arguments.get("usecols", ())) > _MANY
    parts = _parts(rows or 0) if is_large else [{}]
    asked = {"reader": reader, "path": os.path.abspath(path), "of": len(parts), "is_large": is_large}  # noqa: PTH100  # keeps links
    lines = [json.dumps(asked | {"arguments": {**arguments, **part}}).encode() + b"\n" for part in parts]
    with _lock:
        while True:
            children = _started(len(lines))
            try:
                answers = _exchange(children, lines)
            except BaseException:  # an interrupt too: half an answer would be taken for the next
                _end_all()
                raise
            if answers is not None:
                break
            codes = [child.poll() or 0 for child in children]
            _end_all()
            if code := next(filter(None, codes), 0):
                raise DeadReaderError(signal.Signals(-code).name if code < 0 else f"exit {code}")
            # It left just now for want of requests: ask another.
        if arguments.get("metadataonly") and (answers[0].metadata.number_rows or 0) > _MANY_ROWS:
            _started(_most_children())  # it gets ready while the codebook is sought
    return _joined(answers), answers[0].metadata


def _parts(rows: int) -> list[dict[str, int]]:
    """Which records each child reads."""
    if _most_children() == 1:
        return [{}]
    first = int(rows * _FIRST)
    return [{"row_limit": first}, {"row_offset": first, "row_limit": rows - first}]


def _most_children() -> int:
    free = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(free, 2)


@dataclass(frozen=True)
class _Answer:
    """What one child read."""

    columns: dict[str, NDArray[Any]]
    rows: int
    metadata: Metadata


def _exchange(children: list["subprocess.Popen[bytes]"], lines: list[bytes]) -> list[_Answer] | None:
    """Ask all and then hear all, None where one ended instead."""
    for child, line in zip(children, lines, strict=True):
        assert child.stdin is not None
        try:
            child.stdin.write(line)
            child.stdin.flush()
        except BrokenPipeError:
            child.wait()
            return None
    answers = []
    for child in children:
        assert child.stdout is not None
        answer = _hear(child.stdout)
        if answer is None:
            child.wait()
            return None
        answers.append(answer)
    return answers


def _hear(answers: IO[bytes]) -> _Answer | None:
    """One child's answer, None where it breaks off."""
    first = answers.readline()
    if not first:
        return None
    told = json.loads(first)
    if "error" in told:
        raise UnreadableError(told["error"])
    columns = {}
    for column in told["columns"]:
        values = _values(answers, column["form"], column["bytes"])
        if values is None:
            return None
        columns[column["name"]] = values
    metadata = Metadata(
        told["column_names"],
        told["column_names_to_labels"],
        {name: dict(pairs) for name, pairs in told["value_labels"].items()},
        told["missing_ranges"],
        told["types"],
        told["number_rows"],
    )
    return _Answer(columns, told["rows"], metadata)


def _values(answers: IO[bytes], form: str, size: int) -> NDArray[Any] | None:
    """The values of one column as they are sent, None where they break off."""
    held = np.empty(size, dtype=np.uint8)
    if size and answers.readinto(held.data) != size:  # type: ignore[attr-defined]
        return None
    return np.array(json.loads(held.tobytes()), dtype=object) if form == "json" else held.view(form)


def _joined(answers: list[_Answer]) -> pd.DataFrame:
    """The columns of all children one after the other."""
    columns = {}
    for name in list(answers[0].columns):
        arrays = [_spelt_out(answer.columns.pop(name)) for answer in answers]
        columns[name] = arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
    return pd.DataFrame(columns, index=pd.RangeIndex(sum(answer.rows for answer in answers)), copy=False)


def _spelt_out(array: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers that were sent in one byte each, as the floating-point numbers they are."""
    if array.dtype != np.int8:
        return array
    spelt_out = array.astype(np.float64)
    spelt_out[array == np.iinfo(np.int8).min] = np.nan
    return spelt_out


def _started(number: int) -> list["subprocess.Popen[bytes]"]:
    """The first children of this process, started if need be: a sixth of a second, once."""
    known = _children.setdefault(os.getpid(), [])
    while len(known) < number:
        known.append(
            subprocess.Popen(
                [
                    sys.executable,
                    "-P",
                    str(Path(__file__).with_name("readstat_child.py")),
                    str(_most_memory()),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                start_new_session=True,  # an interrupt is the parent's to handle
            )
        )
    return known[:number]


def _most_memory() -> int:
    """Half of the memory there is, in bytes, as this process is to hold the columns too; 0 if unknown."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 0
    with suppress(OSError, ValueError):  # no control group, or one without a limit
        memory = min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    return memory // 2


@atexit.register
def _end_all() -> None:
    """Nothing of any child stays; the next request starts another."""
    for child in _children.pop(os.getpid(), []):
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout):
            with suppress(OSError):
                if stream is not None:
                    stream.close()

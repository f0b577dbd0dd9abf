"""What reads SPSS, Stata and SAS files: a process of its own, which a damaged file may end.

It is started by its path, so that it imports no more than pyreadstat needs, answers requests on its standard
input one after the other, and leaves when none came for a while or its parent ended. ``isolated`` speaks to
it: a line of JSON each way, and after the answer's line the columns' values.
"""

import json
import os
import select
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

_IDLE_SECONDS = 20.0
_LEAST_LIMIT = 2 << 30  # libraries map gigabytes that they never touch
_MANY_ROWS = 100_000
_METADATA = ("column_names", "column_names_to_labels", "missing_ranges", "number_rows")


def main() -> None:
    """Answer requests until there are none."""
    _limit_memory(int(sys.argv[1]))
    sys.modules["pyarrow"] = None  # type: ignore[assignment]  # pandas would import it, and nothing here uses it
    import pyreadstat

    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever the library prints is no answer
    while _more_may_come():
        line = sys.stdin.buffer.readline()
        if not line:
            return
        try:
            told, values = _answer(pyreadstat, json.loads(line))
        except MemoryError:
            told, values = {"error": "Unable to allocate memory"}, []
        except Exception as error:  # noqa: BLE001  # every way the library has of failing is told
            told, values = {"error": str(error) or type(error).__name__}, []
        _send(answers, told, values)
        if int(told.get("number_rows") or 0) > _MANY_ROWS:
            import pandas  # noqa: F401  # while the parent thinks which columns it wants


def _more_may_come() -> bool:
    """Whether a request is there, or the parent ended, before it was idle too long."""
    if sys.platform == "win32":  # there, no pipe can be waited for; the parent's end is seen all the same
        return True
    return bool(select.select([0], [], [], _IDLE_SECONDS)[0])


def _answer(pyreadstat: ModuleType, asked: dict[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """Read, and take apart what was read into JSON and arrays."""
    _share_memory(asked["of"])
    arguments = asked["arguments"]
    only_metadata = arguments.get("metadataonly", False)
    # Lists are read sooner and need no pandas, whose import is most of the time of a small file.
    form = "pandas" if asked["is_large"] else "dict"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "column .* is duplicated", UserWarning)  # a note says it instead
        read = getattr(pyreadstat, asked["reader"])
        frame, meta = read(asked["path"], output_format=form, **arguments)
    told = {name: getattr(meta, name) for name in _METADATA}
    # As pairs: a key of JSON is a text, and codes are numbers.
    told["value_labels"] = {name: list(pairs.items()) for name, pairs in meta.variable_value_labels.items()}
    told["types"] = meta.readstat_variable_types
    told["columns"], told["rows"], values = [], 0, []
    for name in [] if only_metadata else list(frame):
        column = frame[name]
        told["rows"] = len(column)
        if form == "dict":
            column = _as_pandas_has_it(column, meta.readstat_variable_types[name])
        array = _packed(column)
        told["columns"].append({"name": name, "form": array[0], "bytes": len(array[1])})
        values.append(array[1])
    return told, values


def _as_pandas_has_it(values: list[Any], kind: str) -> Any:
    """Numbers as floating-point or whole ones, and else, as where missing whole numbers are, a list."""
    import numpy as np

    try:
        if kind in {"double", "float"}:
            return _floats(values)
        if kind != "string":
            return np.array(values, dtype=np.int64)
    except (TypeError, ValueError):  # nothing, or a letter that says why, among the numbers
        pass
    return [float("nan") if value is None else value for value in values]


def _floats(values: list[Any]) -> Any:
    import numpy as np

    try:
        return np.fromiter(values, np.float64, len(values))  # twice as fast
    except TypeError:
        return np.array(values, dtype=np.float64)  # takes None for NaN


def _packed(column: Any) -> tuple[str, Any]:
    """How a column is sent, and its bytes: an array's own, one byte each if that says the same, else JSON."""
    import numpy as np

    if isinstance(column, list) or column.dtype.kind not in "fi":
        return "json", json.dumps(list(column), default=_plain).encode()
    array = np.asarray(column)
    if array.dtype == np.float64 and (small := _in_bytes(array)) is not None:
        array = small
    return array.dtype.str, array.data.cast("B") if len(array) else b""


def _in_bytes(array: Any) -> Any | None:
    """Whole numbers of −127 to 127 as bytes, −128 where there is none; None for other numbers."""
    import numpy as np

    with np.errstate(invalid="ignore"):  # NaN has no integer
        small = array.astype(np.int8)
    absent = np.isnan(array)
    if not ((small == array) | absent).all():
        return None
    least = np.iinfo(np.int8).min
    if (array == least).any():
        return None
    small[absent] = least
    return small


def _plain(value: Any) -> Any:
    """A number of numpy's as Python's."""
    return value.item()


def _send(answers: BinaryIO, told: dict[str, Any], values: list[Any]) -> None:
    answers.write(json.dumps(told, default=_plain).encode() + b"\n")
    for array in values:
        answers.write(array)
    answers.flush()


def _limit_memory(limit: int) -> None:
    """Let what asks for more end, and the system end this process before its parent."""
    with suppress(ImportError, ValueError, OSError):  # where the system knows no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if limit:
            limit = max(limit, _LEAST_LIMIT)
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _share_memory(children: int) -> None:
    """Take no more than one's share of that where several children read one file."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        _, limit = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            resource.setrlimit(resource.RLIMIT_AS, (max(limit // children, _LEAST_LIMIT), limit))


if __name__ == "__main__":
    main()

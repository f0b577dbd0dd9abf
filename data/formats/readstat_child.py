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
from typing import Any, BinaryIO

__all__ = ["main"]

_IDLE_SECONDS = 20.0
_LEAST_LIMIT = 2 << 30  # libraries map gigabytes that they never touch
_METADATA = ("column_names", "column_names_to_labels", "missing_ranges", "number_rows")


def main() -> None:
    """Answer requests until there are none."""
    _limit_memory()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever the library prints is no answer
    while select.select([0], [], [], _IDLE_SECONDS)[0]:
        line = sys.stdin.buffer.readline()
        if not line:
            return
        try:
            told, values = _answer(json.loads(line))
        except MemoryError:
            told, values = {"error": "Unable to allocate memory"}, []
        except Exception as error:  # noqa: BLE001  # every way the library has of failing is told
            told, values = {"error": str(error) or type(error).__name__}, []
        _send(answers, told, values)


def _answer(asked: dict[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """Read, and take apart what was read into JSON and arrays."""
    import pyreadstat

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "column .* is duplicated", UserWarning)  # a note says it instead
        frame, meta = getattr(pyreadstat, asked["reader"])(asked["path"], **asked["arguments"])
    told = {name: getattr(meta, name) for name in _METADATA}
    # As pairs: a key of JSON is a text, and codes are numbers.
    told["value_labels"] = {name: list(pairs.items()) for name, pairs in meta.variable_value_labels.items()}
    told["types"] = meta.readstat_variable_types
    told["columns"], values = [], []
    for name in [] if asked["arguments"].get("metadataonly") else frame.columns:
        column = frame[name]
        if column.dtype.kind in "fiub" and not hasattr(column.dtype, "na_value"):
            array: Any = memoryview(column.to_numpy()).cast("B") if len(column) else b""
        else:
            array = json.dumps(column.tolist(), default=_plain).encode()
        told["columns"].append({"name": name, "dtype": str(column.dtype), "bytes": len(array)})
        values.append(array)
    told["rows"] = len(frame)
    return told, values


def _plain(value: Any) -> Any:
    """A number of numpy's as Python's."""
    return value.item()


def _send(answers: BinaryIO, told: dict[str, Any], values: list[Any]) -> None:
    answers.write(json.dumps(told, default=_plain).encode() + b"\n")
    for array in values:
        answers.write(array)
    answers.flush()


def _limit_memory() -> None:
    """Half of the memory there is, as the parent is to hold the columns too; and die before it does."""
    with suppress(ImportError, ValueError, OSError, AttributeError):  # where the system knows no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        with suppress(OSError, ValueError):  # no control group, or one without a limit
            memory = min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
        limit = max(memory // 2, _LEAST_LIMIT)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


if __name__ == "__main__":
    main()

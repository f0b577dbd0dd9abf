"""A first reading in a process of its own: a damaged file may end it, and fill no memory but its own.

ReadStat, the library that reads SPSS, Stata and SAS files, dies of some damaged files. Where columns are
kept, a file that was never read is therefore read by a child, which keeps them for the parent.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from value_personas.data.formats.readers import file_hash
from value_personas.signatures import SurveyError

__all__ = ["main", "read_in_a_child_first"]

_SUFFIXES = {".sav", ".zsav", ".por", ".dta", ".sas7bdat", ".xpt"}
_OUT_OF_MEMORY = 3
_CHILD = "import sys; from value_personas.data.survey.trial import main; sys.exit(main())"


def read_in_a_child_first(path: Path, folder: Path, options: Mapping[str, Any]) -> None:
    """Let a child read a file that was never read before, and remember that it survived.

    Args:
        path: a survey file; nothing is done for a format that is read without ReadStat, and for a file that
            lies in the folder's own workspace.
        folder: where columns are kept.
        options: of ``ReadOptions``, as JSON has them.

    Raises:
        SurveyError: when the child died, or needed more memory than there is.
    """
    if path.suffix.lower() not in _SUFFIXES or not path.is_file() or folder.parent in path.resolve().parents:
        return
    mark = folder / f"{file_hash(path)}.sound"
    if mark.exists():
        return
    told = json.dumps({"path": str(path), "options": {**options, "cache": str(folder)}})
    done = subprocess.run(
        [sys.executable, "-P", "-c", _CHILD],
        input=told.encode(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        check=False,
    )
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        raise SurveyError(
            f"{path}: the file is damaged: reading it ends the reader ({name}); download it again"
        )
    if done.returncode == _OUT_OF_MEMORY:
        raise SurveyError(
            f"{path}: reading it takes more memory than this machine has; keep fewer columns in the file, or "
            "check that it is no damaged one"
        )
    with suppress(OSError):  # a full disk keeps nobody from reading
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark.touch(mode=0o600)


def _limit_memory() -> None:
    """No more than the machine has: what a damaged file asks for beyond that is refused, not swapped."""
    with suppress(ImportError, ValueError, OSError, AttributeError):  # where the system knows no such limit
        import resource

        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        resource.setrlimit(resource.RLIMIT_AS, (size, size))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> int:
    """What the child does: read the file that its standard input names, and keep its columns."""
    from value_personas.data.survey.parts import ReadOptions, read_part

    told = json.loads(sys.stdin.read())
    options: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in told["options"].items()
    }
    options["cache"] = Path(options["cache"])
    _limit_memory()
    try:
        read_part(told["path"], ReadOptions(**options))
    except SurveyError:
        return 0  # the parent says so itself
    except MemoryError:
        return _OUT_OF_MEMORY
    return 0

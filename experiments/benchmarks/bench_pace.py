"""How long the commands take that a person waits for: every row of it with CPU, wall and a yardstick.

``python -m value_personas.experiments.benchmarks.bench_pace [--times 5] [--only ROW] [--survey FILE] [--wide
RECIPE]``. Each row is a process of its own, repeated; the median is told. The yardstick is a fixed loop of
Python and NumPy, timed before each repeat in a process of its own, so that a slower machine shows as one.
Leave the machine to it. The rows of 30 and 60 countries take minutes to fill their store first.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_YARDSTICK = """
import numpy as np
total, draw = 0, np.random.default_rng(0)
for n in range(3_000_000): total += n * n % 7
for _ in range(60): np.sort(draw.random(200_000))
"""

_MODULE = ("-m", "value_personas.experiments.cli")


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that is timed.

    Attributes:
        name: as ``--only`` takes it.
        aim: what it should take, in words.
        words: the arguments of Python, for a workspace.
        before: run once, untimed; the workspace of every repeat is then the same.
        fresh: whether every repeat begins with an empty workspace.
    """

    name: str
    aim: str
    words: Callable[[Path], Sequence[str]]
    before: tuple[Callable[[Path], Sequence[str]], ...] = ()
    fresh: bool = False


def _run(workspace: Path) -> Sequence[str]:
    return (*_MODULE, "run", "quickstart", "--workspace", str(workspace))


def _report(workspace: Path) -> Sequence[str]:
    return (*_MODULE, "report", "--workspace", str(workspace))


def _rows(survey: Path | None, wide: Path | None) -> list[Row]:
    rows = [
        Row("import", "0.15 s over bare Python", lambda _: ("-c", "import value_personas")),
        Row("bare", "", lambda _: ("-c", "pass")),
        Row("quickstart-cold", "13 s CPU", _run, fresh=True),
        Row("quickstart-full", "6 s CPU", _run, before=(_run,)),
        Row("report", "6 s CPU", _report, before=(_run,)),
    ]
    if survey is not None:
        read = (*_MODULE, "survey", str(survey))
        rows.append(Row("survey-again", "2 s CPU", lambda _: read, before=(lambda _: read,)))
    if wide is not None:

        def run(workspace: Path) -> Sequence[str]:
            return (*_MODULE, "run", str(wide), "--workspace", str(workspace))

        rows.append(Row("wide-full", "45 s CPU at 30 × 200 × 66", run, before=(run,)))
        rows.append(Row("wide-report", "20 s CPU, 500 MB at 60 × 200", _report, before=(run,)))
    return rows


def timed(words: Sequence[str]) -> tuple[float, float]:
    """CPU seconds (user and system, children included) and wall seconds of a Python process.

    Raises:
        CalledProcessError: when it fails.
    """
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, capture_output=True, env={**os.environ})
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - started
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def measured(row: Row, times: int) -> str:
    """A line with the medians of a row and of the yardstick beside it."""
    yardsticks, cpu, wall = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for words in row.before:
            timed(words(Path(folder) / "ws"))
        for number in range(times):
            yardsticks.append(timed(("-c", _YARDSTICK))[0])
            used = timed(row.words(Path(folder) / (f"ws{number}" if row.fresh else "ws")))
            cpu.append(used[0])
            wall.append(used[1])
    here, stick = statistics.median(cpu), statistics.median(yardsticks)
    return (
        f"{row.name:16} {here:7.2f} s CPU  {statistics.median(wall):7.2f} s wall  yardstick {stick:5.2f} s  "
        f"{here / stick:6.2f} ×  {row.aim and f'aim: {row.aim}'}"
    )


def main() -> None:
    """Print a line a row as soon as it is measured, and the most memory that a process took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--only", action="append")
    parser.add_argument(
        "--survey", type=Path, help="a large survey file, for example WVS-7 Venezuela as .xlsx"
    )
    parser.add_argument("--wide", type=Path, help="a recipe of 30 or 60 countries × 200 personas")
    asked = parser.parse_args()
    for row in _rows(asked.survey, asked.wide):
        if not asked.only or row.name in asked.only:
            print(measured(row, asked.times), flush=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f"the largest process took {peak} MB")


if __name__ == "__main__":
    main()

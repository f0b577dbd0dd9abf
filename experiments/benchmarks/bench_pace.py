"""How long the commands take that a person waits for: every row with CPU, wall, memory and a yardstick.

``python -m value_personas.experiments.benchmarks.bench_pace [--times 5] [--only ROW] [--survey FILE]
[--wide]``. Each row is a process of its own, repeated; the median is told. The yardstick is a fixed loop of
Python and NumPy, timed before each repeat in a process of its own, so that a slower machine shows as one.
Leave the machine to it. ``--wide`` adds the rows of 30 and 60 countries of 200 personas, whose stores take
minutes to fill; their survey is the embedded population, eight countries at a time with another seed.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyreadstat

from value_personas.data.synthetic import load_world, write_synthetic_survey

_YARDSTICK = """
import numpy as np
total, draw = 0, np.random.default_rng(0)
for n in range(3_000_000): total += n * n % 7
for _ in range(60): np.sort(draw.random(200_000))
"""

_WIDE = """
extends = "quickstart"
name = "wide"
survey.path = "{survey}"
questions.include = {questions}
profiles.n = 200
cultural_map.ask = false
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


def _wide(countries: int) -> Callable[[Path], Sequence[str]]:
    def run(workspace: Path) -> Sequence[str]:
        recipe = workspace.parent / "wide.toml"
        if not recipe.is_file():
            survey = workspace.parent / "wide.sav"
            wide_survey(survey, countries)
            asked = list(load_world().targets)
            recipe.write_text(_WIDE.format(survey=survey, questions=asked), encoding="utf-8")
        return (*_MODULE, "run", str(recipe), "--workspace", str(workspace))

    return run


def wide_survey(path: Path, countries: int) -> None:
    """Write the embedded population as one of so many countries."""
    parts, labels = [], {}
    for seed in range(-(-countries // 8)):
        write_synthetic_survey(path, seed=seed)
        read, meta = pyreadstat.read_sav(str(path), user_missing=True)
        frame = pd.DataFrame(read)  # pyright: ignore
        for place, code in enumerate(sorted(frame["B_COUNTRY"].unique())):
            number = 8 * seed + place
            one = frame[frame["B_COUNTRY"] == code].copy()
            one["B_COUNTRY"] = float(900 + number)
            one["B_COUNTRY_ALPHA"] = f"X{chr(65 + number // 26)}{chr(65 + number % 26)}"
            labels[float(900 + number)] = f"Country {number + 1}"
            parts.append(one)
    pyreadstat.write_sav(
        pd.concat(parts[:countries], ignore_index=True),
        str(path),
        column_labels=meta.column_names_to_labels,
        variable_value_labels=meta.variable_value_labels | {"B_COUNTRY": labels},
        missing_ranges=meta.missing_ranges,
    )


def _rows(survey: Path | None, wide: bool) -> list[Row]:
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
    if wide:
        rows.append(Row("wide-full", "45 s CPU, 600 MB", _wide(30), before=(_wide(30),)))
        rows.append(Row("wide-report", "20 s CPU, 500 MB", _report, before=(_wide(60),)))
    return rows


def timed(words: Sequence[str]) -> tuple[float, float, float]:
    """CPU seconds (user and system), wall seconds and the most megabytes of a Python process.

    Raises:
        RuntimeError: when it fails; it says how.
    """
    started = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen([sys.executable, *words], stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - started
        if process.returncode:
            said.seek(0)
            raise RuntimeError(f"{' '.join(words)}: {said.read().decode()[-1000:]}")
    return used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024


def measured(row: Row, times: int) -> str:
    """A line with the medians of a row and of the yardstick beside it."""
    yardsticks: list[float] = []
    used: list[tuple[float, float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        for words in row.before:
            timed(words(Path(folder) / "ws"))
        for number in range(times):
            yardsticks.append(timed(("-c", _YARDSTICK))[0])
            used.append(timed(row.words(Path(folder) / (f"ws{number}" if row.fresh else "ws"))))
    cpu, wall, memory = zip(*used, strict=True)
    here, stick = statistics.median(cpu), statistics.median(yardsticks)
    return (
        f"{row.name:16} {here:7.2f} s CPU  {statistics.median(wall):7.2f} s wall  {max(memory):5.0f} MB  "
        f"yardstick {stick:5.2f} s  {here / stick:6.2f} ×  {row.aim and f'aim: {row.aim}'}"
    )


def main() -> None:
    """Print a line a row as soon as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--only", action="append")
    parser.add_argument(
        "--survey", type=Path, help="a large survey file, for example WVS-7 Venezuela as .xlsx"
    )
    parser.add_argument("--wide", action="store_true", help="30 and 60 countries × 200 personas too")
    asked = parser.parse_args()
    for row in _rows(asked.survey, asked.wide):
        if not asked.only or row.name in asked.only:
            print(measured(row, asked.times), flush=True)


if __name__ == "__main__":
    main()

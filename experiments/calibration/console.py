"""A calibration search on the terminal: progress on stderr, the result on stdout."""

from types import TracebackType

import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from experiments.calibrate import CalibrationResult

__all__ = ["SearchProgress", "print_calibration"]

_COLUMNS = {
    "variance_ratio": "variance ratio (median)",
    "wasserstein": "Wasserstein",
    "js_distance": "JS distance",
    "kl_divergence": "KL (bits)",
}


class SearchProgress:
    """A bar over trials."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("settings tried"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._bar = self._progress.add_task("trials", total=None)

    def __enter__(self) -> "SearchProgress":
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def done(self, trials: int, total: int) -> None:
        """Move the bar."""
        self._progress.update(self._bar, completed=trials, total=total)


def print_calibration(result: CalibrationResult) -> None:
    """The setting in one line, and before → after for each part of the cells."""
    console = Console()
    record = result.record
    console.print(Text(record.setting.in_one_line(), style="bold"))
    console.print(
        Text(
            f"fitted on {len(record.countries)} countries × {len(record.questions)} questions; "
            f"{record.objective} {record.value:.4f} over folds of zones; {record.trials} settings tried"
        )
    )
    console.print(_table(result.summary))
    console.print(
        Text("held-out: neither the country nor the question was fitted on; oracle: fitted on them")
    )
    if result.synthetic:
        console.print(Text(f"synthetic {' and '.join(result.synthetic)}: says nothing about real people"))
    console.print(Text(f"tables       {result.folder}"), soft_wrap=True)


def _table(summary: pd.DataFrame) -> Table:
    table = Table(caption="before → after calibration; mean Δ: largest change of a cell's mean, score points")
    for heading in ("cells", "n", "mean Δ", *_COLUMNS.values(), "human variance beyond a tilt's limit"):
        # The change of the mean must be seen to be 0 to nine digits, however narrow the terminal.
        table.add_column(
            heading, justify="left" if heading == "cells" else "right", no_wrap=heading == "mean Δ"
        )
    for _, row in summary.iterrows():
        table.add_row(
            str(row["part"]),
            str(row["cells"]),
            f"{row['largest_mean_difference']:.9f}",
            *(f"{row[f'{name}_before']:.3f} → {row[f'{name}_after']:.3f}" for name in _COLUMNS),
            f"{100 * row['beyond_limit']:.0f} %",
        )
    return table

"""A calibration search on the terminal."""

from rich.table import Table
from rich.text import Text

from value_personas.experiments.calibration.calibrate import CalibrationResult
from value_personas.experiments.commands.printing.console import print_places, print_remarks, print_study
from value_personas.experiments.commands.printing.nulls import beside_nothing, null_lines
from value_personas.experiments.progress.console import plain_console
from value_personas.experiments.scoring import SCORES, heading, shape_scores
from value_personas.experiments.scoring.digits import three_digits
from value_personas.programs.calibration import METHODS


def print_calibration(result: CalibrationResult) -> None:
    """The setting in one line, before → after for each part of the cells."""
    console = plain_console()
    record = result.record
    console.print(Text(record.setting.in_one_line(), style="bold"))
    console.print(
        Text(
            f"fitted on {len(record.countries)} countries × {len(record.questions)} questions; "
            f"{record.objective} {record.value:.4f} "
            f"{'over folds of zones' if METHODS[record.setting.method].learns else 'on these very cells'}; "
            f"{record.trials} settings tried"
        )
    )
    console.print(_table(result))
    if result.no_better:
        console.print(Text(beside_nothing(result.no_better, " on held-out cells")))
    console.print(
        Text(
            "held-out: neither the country nor the question was fitted on; oracle: fitted on them; out of "
            "reach: cells whose human variance is above the maximum-entropy limit of a tilt"
        )
    )
    print_remarks(console, result.synthetic)
    print_places(console, result.folder, result.mlflow_run_id, calibration=result.model)
    print_study(console, record.study, result.storage)


def _table(result: CalibrationResult) -> Table:
    """A row for each part of the cells, then what knows nothing; narrow enough for 80 columns."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("cells", no_wrap=True)
    for head in ("n", "largest\nchange of\na mean", *map(_head, shape_scores()), "out of\nreach"):
        table.add_column(head, justify="right", no_wrap=True)
    for _, row in result.summary.iterrows():
        table.add_row(
            str(row["part"]),
            str(row["cells"]),
            f"{row['largest_mean_difference']:.9f}",
            *(
                f"{three_digits(row[f'{name}_before'])}\n→ {three_digits(row[f'{name}_after'])}"
                for name in shape_scores()
            ),
            f"{100 * row['beyond_limit']:.0f} %",
        )
    for number, (null, means) in enumerate(null_lines(result.nulls)):
        if not number:
            table.add_row()
        table.add_row(null, "", "", *(three_digits(means[name]) for name in shape_scores()), style="dim")
    return table


def _head(name: str) -> str:
    median = "median " if SCORES[name].mean == "median" else ""
    return f"{median}{heading(name)}".replace(" ", "\n")

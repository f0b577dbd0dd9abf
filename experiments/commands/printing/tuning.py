"""A tuning on the terminal."""

from rich.table import Table
from rich.text import Text

from value_personas.experiments.commands.printing.console import print_places, print_remarks
from value_personas.experiments.commands.printing.nulls import beside_nothing
from value_personas.experiments.comparators import NULLS
from value_personas.experiments.fieldwork.synthetic import marked
from value_personas.experiments.progress.console import plain_console
from value_personas.experiments.scoring import heading
from value_personas.experiments.tuning.tune import TuningResult
from value_personas.experiments.tuning.writing import prompt_diff


def print_tuning(result: TuningResult) -> None:
    """Scores by part, the verdict, the prompts' diff and where everything lies."""
    console = plain_console()
    title = f"{result.recipe.name} · {result.recipe.tuning.optimizer}"
    console.print(_table(result, marked(title, result.synthetic)))
    held_out = result.judgement.held_out
    told = [f"{null} {held_out[null]:.3f}" for null in NULLS if null in held_out]
    console.print(Text(f"rewards of what knows nothing, on held-out cells: {', '.join(told)}"))
    if result.judgement.no_better:
        score = heading(result.recipe.tuning.metric.score)
        console.print(Text(beside_nothing(result.judgement.no_better, " on held-out cells", score)))
    console.print(Text(_verdict(result)))
    console.print(
        Text(f"{result.calls} calls of {result.recipe.tuning.budget_calls} used, {result.paid} of them now")
    )
    if result.stopped:
        console.print(Text(f"stopped: {result.stopped}"))
    console.print(Text(f"\n{prompt_diff(result.original, result.program)}"), soft_wrap=True)
    print_remarks(console, result.synthetic)
    print_places(console, result.folder, result.mlflow_run_id, program=result.model)


def _verdict(result: TuningResult) -> str:
    if not result.program.improved:
        return "the original is kept: no candidate beat it on validation"
    if result.judgement.claims_gain:
        gap = result.judgement.overfit_gap
        return f"the tuned prompt is kept, and gains where it was never tuned (overfit gap {gap:+.4f})"
    return "the tuned prompt is kept, but a gain on held-out cells is not shown: its interval holds 0"


def _table(result: TuningResult, title: str) -> Table:
    score, level = result.recipe.tuning.metric.score, round(100 * result.recipe.scoring.level)
    caption = f"reward 1 − ({score} error − noise floor), {level} % intervals; 1 is best"
    table = Table(title=title, caption=caption, box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for head in ("part", "cells", "original", "tuned", "gain"):
        table.add_column(head, justify="left" if head == "part" else "right", no_wrap=True)
    for row in result.judgement.summary.to_dict("records"):
        table.add_row(
            str(row["part"]),
            str(row["cells"]),
            *(
                f"{row[name]:.3f}\n{row[f'{name}_lower']:.3f}–{row[f'{name}_upper']:.3f}"
                for name in ("original", "tuned")
            ),
            f"{row['gain']:+.4f}\n{row['gain_lower']:+.4f} … {row['gain_upper']:+.4f}",
        )
    return table

"""A run on the terminal."""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence

import pandas as pd
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from value_personas.experiments.commands.printing.console import print_places
from value_personas.experiments.commands.printing.fitting import fitting, in_lines, mean_and_ends
from value_personas.experiments.commands.printing.nulls import beside_nothing, null_lines
from value_personas.experiments.evaluation.hypotheses import verdict_line
from value_personas.experiments.evaluation.measures import not_above_nothing
from value_personas.experiments.progress.console import plain_console
from value_personas.experiments.recipe.record import recipe_hash
from value_personas.experiments.run.result import RunResult, cells_of
from value_personas.experiments.scoring import directions, heading, leading_scores
from value_personas.experiments.scoring.digits import in_people, three_digits


def print_result(result: RunResult) -> None:
    """The table of methods with intervals, the noise floor beneath, and where everything lies."""
    console, level = plain_console(), result.recipe.scoring.level
    if result.scores["human_share"].notna().any() or result.nothing:
        given = (result.summary, level, result.floor, result.measures, result.nulls)
        alone = result.recipe.scoring.prediction_level
        console.print(score_table(console, result.title, *given, prediction_level=alone))
    else:
        console.print(prediction_table(result))
    for line in hypothesis_lines(result.hypotheses, recipe_hash(result.recipe)):
        console.print(Text(line))
    if (held_out := result.held_out) is not None:
        title = f"\nheld-out alone · {held_out.countries} × {held_out.questions} that nothing was fitted on"
        console.print(score_table(console, title, held_out.summary, level, held_out.floor))
    for line in result.footnotes():
        console.print(Text(line))
    print_places(console, result.folder, result.mlflow_run_id)


def hypothesis_lines(table: pd.DataFrame, digest: str) -> list[str]:
    """The claims that were stated before anything was asked, a line each; none without claims."""
    if table.empty:
        return []
    return [
        f"claims of the recipe ({digest[:12]}), stated before anything was asked:",
        *map(verdict_line, table.to_dict("records")),
    ]


def score_table(
    console: Console,
    title: str,
    summary: pd.DataFrame,
    level: float,
    floor: "pd.Series[float] | None" = None,
    measures: pd.DataFrame | None = None,
    nulls: pd.DataFrame | None = None,
    *,
    prediction_level: float = math.nan,
) -> Group:
    """The scores of each method, as many as the terminal has room for.

    Where room is short there give way, in this order: scores that do not lead (the measures say more of a
    method than they do), names in one line, measures, then scores from the last.

    Args:
        console: it is printed on.
        title: printed above.
        summary: columns method, score, mean, lower, upper, cells; NaN for a method that is not ranked.
        level: of the intervals, 0–1.
        floor: the noise floor by score, set beneath the methods; left out where there is none.
        measures: of each method, set beside the scores.
        nulls: as summary, of what knows nothing; one line each beneath, and in the last who is no better.
        prediction_level: of the intervals of single predictions; what stands among the measures is told.
    """
    every = list(summary["score"].unique())
    leading = [name for name in every if name in leading_scores()]
    heads, told = _measured(measures)
    ends = f", {round(100 * level)} % intervals" if summary["lower"].notna().any() else ""
    ways: list[tuple[Sequence[str], bool, Callable[[str], str]]] = [(every, bool(told), str)]
    ways += [(leading, True, str), (leading, True, in_lines)] if told else [(every, False, in_lines)]
    ways += [(leading[:n], False, in_lines) for n in range(len(leading), 0, -1)]

    def caption(names: Sequence[str], measured: bool) -> str:
        gone = [heading(name) for name in every if name not in names]
        gone += [] if measured or not told else [head.replace("\u00a0", " ") for head in heads]
        more = f"; with --wide: {', '.join(gone)}" if gone else ""
        return f"means over {cells_of(summary)}{ends}; {directions(names)}{more}"

    def table(names: Sequence[str], measured: bool, shown: Callable[[str], str]) -> Table:
        scores = [heading(name).replace("Wasserstein", "Wasser- stein") for name in names]
        made = Table(caption=caption(names, measured), box=None, padding=(0, 1, 0, 0), pad_edge=False)
        made.add_column("method", no_wrap=True)
        for head in (*scores, *(heads if measured else ())):
            made.add_column(head.replace(" ", "\n"), justify="right", no_wrap=True)
        for method, rows in summary.groupby("method", sort=False):
            by_name = rows.set_index("score").to_dict("index")
            beside = told.get(method, ()) if measured else ()
            made.add_row(shown(str(method)), *(_cell(by_name[name]) for name in names), *beside)
        for number, (null, means) in enumerate(null_lines(nulls)):
            if not number:
                made.add_row()
            made.add_row(null, *(three_digits(means[name]) for name in names), style="dim")
        if floor is not None:
            made.add_row()
            made.add_row("noise floor", *(three_digits(floor[name]) for name in names))
        return made

    worse = not_above_nothing(measures) if measures is not None else []
    rest = [Text(beside_nothing(worse))] if worse else []
    shown = fitting(console, (table(*way) for way in ways))
    written = {str(column.header).replace("\n", " ") for column in shown.columns}
    meant = [_MEANT[head] for head in heads if head in written]
    rest += [Text(f"{'. '.join(meant).format(level=100 * prediction_level)}.")] if meant else []
    # a table's own title would wrap at the table's width
    return Group(Text(title, style="italic"), shown, *rest)


_MEANT = {
    "mean within\u00a0±": "within ±: the {level:g} % interval of a predicted mean in a country and to a "
    "question both new, as a share of the scale; beneath, how often it held here",
    "worth in\u00a0people": "worth in people: so many respondents drawn at random would tell means as well",
}
"""What the columns beside the scores say."""


def _measured(measures: pd.DataFrame | None) -> tuple[tuple[str, ...], dict[Hashable, tuple[Text, ...]]]:
    """Beside the scores, the heads of what is known of any method, and what each method has under them."""
    if measures is None or measures.empty:
        return (), {}
    found = {
        (row["method"], row["measure"]): (row["estimate"], row["lower"], row["upper"])
        for row in measures.to_dict("records")
    }
    unknown = (math.nan,) * 3
    cells: dict[Hashable, tuple[str, str]] = {}
    for method in measures["method"].unique():
        half, held = (found.get((method, name), unknown)[0] for name in ("half_width", "coverage"))
        worth, *ends = found.get((method, "worth_in_people"), unknown)
        between = "" if math.isnan(ends[0]) else f"\n{in_people(ends[0])}–{in_people(ends[1])}"
        within = "–" if math.isnan(half) else f"{three_digits(half)}\n{three_digits(held)}"
        cells[method] = within, f"{in_people(worth)}{between}"
    known = [n for n in range(len(_MEANT)) if any(told[n] != "–" for told in cells.values())]
    heads = tuple(head for n, head in enumerate(_MEANT) if n in known)
    return heads, {method: tuple(Text(told[n]) for n in known) for method, told in cells.items() if known}


_MOST_ROWS = 40


def prediction_table(result: RunResult) -> Group:
    """What is predicted of questions to which nobody's answers are known: means in points of the scale."""
    kinds = list(result.scores["method"].unique())
    method = next(kind for kind in ("values-hedged", *reversed(kinds)) if kind in kinds)
    level = f"{100 * result.recipe.scoring.prediction_level:g} %"
    options = result.estimates[result.estimates["method"] == method]
    cells = result.scores[result.scores["method"] == method].set_index(["country", "question"])
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for head in ("country", "question", "scale", "predicted mean", f"{level} interval"):
        table.add_column(head, no_wrap=True, justify="left" if head in ("country", "question") else "right")
    for cell, rows in list(options.groupby(["country", "question"], sort=False))[:_MOST_ROWS]:
        first, last = float(rows["score"].iloc[0]), float(rows["score"].iloc[-1])
        of = cells.loc[cell]  # pyright: ignore
        mean, lower, upper = (
            first + (last - first) * of[name]
            for name in ("predicted_share", "predicted_lower", "predicted_upper")
        )
        between = sorted((lower, upper))
        ends = "–" if math.isnan(lower) else f"{between[0]:.2f}–{between[1]:.2f}"
        table.add_row(
            *map(str, cell), f"{first:g}–{last:g}", "–" if math.isnan(mean) else f"{mean:.2f}", ends
        )
    more = len(cells) - table.row_count
    title = f"{result.title}\npredictions of {method}; nobody's answers to these questions are known"
    rest = [Text(f"… and {more:,} more in estimates.parquet and scores.parquet")] if more > 0 else []
    unknown = cells["predicted_lower"].isna().all()
    how = (
        [Text("no intervals: name a judged run of the same model by --interval-from RUN")] if unknown else []
    )
    return Group(Text(title, style="italic"), table, *rest, *how)


def _cell(row: Mapping[Hashable, float]) -> Text:
    if math.isnan(row["mean"]):
        return Text("–", style="dim")
    return Text(mean_and_ends(row, "\n"))

"""The report's tables, as texts ready to be set."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from experiments.digits import three_digits
from experiments.judging import HEADLINE_SCORES
from experiments.report.figures.calibration import CalibrationCurve
from experiments.report.figures.countries import country_errors, shown_methods
from experiments.report.figures.cultural_map import map_shifts
from experiments.report.figures.paired import overall_comparisons
from experiments.report.material import Material
from experiments.scoring import SCORES

__all__ = [
    "Table",
    "audit_table",
    "comparison_tables",
    "cost_table",
    "country_table",
    "gap_table",
    "limit_table",
    "map_table",
    "missing_table",
    "provenance_table",
    "summary_table",
]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts.

    Attributes:
        caption: one sentence.
        heads: of the columns; the first column names the rows.
        rows: as many texts as heads each.
        folded: whether the page shows it only when asked; print shows it always.
    """

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    folded: bool = False


def summary_table(material: Material) -> Table:
    """Every method's headline scores with intervals, and the floor beneath."""
    rows = [
        (method, *(_interval(material.score(method, score)) for score in HEADLINE_SCORES))
        for method in material.methods
    ]
    rows.append(
        ("noise floor", *(three_digits(float(material.run.floor[score])) for score in HEADLINE_SCORES))
    )
    level = 100 * material.run.recipe.scoring.level
    return Table(
        f"Means over cells with {level:g} % intervals. Lower is better; of the variance ratio, 1 is right.",
        ("method", *(SCORES[score].heading for score in HEADLINE_SCORES)),
        tuple(rows),
    )


def comparison_tables(material: Material) -> tuple[Table, ...]:
    """Paired differences over all cells; and, folded, by zone, nearness and scale length."""
    table = material.comparisons
    if not len(table):
        return ()
    heads = ("score", "method", "cells", "difference", "interval", "interval over zones", "Holm p")
    overall = tuple(_comparison(row) for row in overall_comparisons(material).to_dict("records"))
    groups = table[(table["group"] != "all") & (table["method"] == material.main)]
    by_group = tuple(
        (f"{row['group']}: {row['value']}", *_comparison(row)[:1], *_comparison(row)[2:])
        for row in groups.to_dict("records")
    )
    what = f"Paired differences from {material.baseline}; below 0 the method is better."
    return (
        Table(what, heads, overall),
        Table(
            f"{what} {material.main} by group of cells.",
            ("group", *heads[:1], *heads[2:]),
            by_group,
            folded=True,
        ),
    )


def _comparison(row: dict[str, object]) -> tuple[str, ...]:
    def number(name: str, signed: bool = True) -> str:
        return three_digits(float(str(row[name])), signed)

    return (
        SCORES[str(row["score"])].heading,
        str(row["method"]),
        str(row["cells"]),
        number("difference"),
        f"{number('lower')} to {number('upper')}",
        f"{number('lower_by_zone')} to {number('upper_by_zone')}",
        number("holm_p", signed=False),
    )


def country_table(material: Material) -> Table:
    """Every country's errors, as in the figure."""
    methods = shown_methods(material)
    rows = tuple(
        (
            f"{row['name']} ({row['code']})",
            str(row["zone"]),
            f"{int(row['respondents']):,}",
            *(three_digits(float(row[method])) for method in methods),
            three_digits(float(row["floor"])),
        )
        for row in country_errors(material).to_dict("records")
    )
    heads = ("country", "zone", "respondents", *methods, "noise floor")
    return Table("Mean error of means by country, a share of the scale.", heads, rows, folded=True)


def map_table(material: Material) -> Table | None:
    """The mean distance on the map, method by method; None where no model was asked."""
    shifts = map_shifts(material) if material.positions is not None else {}
    rows = tuple((method, f"{distance:.2f}") for method, distance in shifts.items())
    caption = (
        "Mean distance on the map between where people lie and where the model lays them, in the map’s units."
    )
    return Table(caption, ("method", "distance"), rows) if rows else None


def limit_table(curve: CalibrationCurve) -> Table:
    """The share of cells that no tilt can reach, by scale length and level."""
    wide = curve.beyond.pivot_table(
        index=["options", "cells"], columns="level", values="beyond"
    ).reset_index()
    rows = tuple(
        (
            str(int(row["options"])),
            str(int(row["cells"])),
            *(_percent(row.get(level)) for level in ("persona", "population")),
        )
        for row in wide.to_dict("records")
    )
    return Table(
        "Cells in which people vary more than the maximum-entropy law with the predicted mean: no T reaches them.",
        ("options", "cells", "out of reach at persona level", "at population level"),
        rows,
    )


def gap_table(material: Material) -> Table | None:
    """Slopes and group differences; None where the recipe declares no index."""
    if material.gap is None:
        return None
    rows = tuple(
        (
            str(row["quantity"]).replace("_", " "),
            *(f"{row[name]:+.4f}".replace("-", "−") for name in ("estimate", "lower", "upper")),
        )
        for row in material.gap.to_dict("records")
    )
    caption = (
        "Slopes are changes of error for one standard deviation of the index, gaps the less represented half minus the "
        "other. The last row guards against regression to the mean: baseline error and gain are of different questions."
    )
    return Table(caption, ("quantity", "estimate", "lower", "upper"), rows)


def missing_table(material: Material) -> Table:
    """Answers missing, by persona kind and reason."""
    rows = tuple(
        (kind, reason.replace("_", " "), f"{n:,}")
        for kind, reasons in material.run.missing.items()
        for reason, n in reasons.items()
    )
    return Table(
        "Missing answers, by persona kind and reason.", ("personas", "reason", "answers"), rows, folded=True
    )


def audit_table(material: Material) -> Table | None:
    """One row a kind of statement; None without an audit."""
    if material.audit is None:
        return None
    columns = ("recovery_error", "right", "spill_over", "human_movement", "excess_spill_over")
    rows = tuple(
        (str(row["statement"]), *(_percent(row[name]) for name in columns))
        for row in material.audit.summary.to_dict("records")
    )
    heads = ("statement", "recovery error", "likeliest is right", "moves others by", "people", "excess")
    return Table("How well a reader recovers an answer, and how far it moves the others.", heads, rows)


def cost_table(material: Material) -> Table:
    """Calls, tokens and cost."""
    rows = [(name.replace("_", " "), _amount(name, value)) for name, value in material.run.usage.items()]
    if "cost" not in material.run.usage:
        rows.append(("cost", "no price table"))
    return Table("What was asked of the respondent in this run.", ("quantity", "amount"), tuple(rows))


def provenance_table(material: Material) -> Table:
    """Where everything comes from."""
    run, sources = material.run, material.sources
    code = sources.get("code", {})
    files = [
        (f"survey file {number}", f"{one.get('path', '')} · SHA-256 {one.get('sha256', '')}")
        for number, one in enumerate(sources.get("survey", ()), start=1)
    ]
    rows = [
        ("recipe", run.recipe.name),
        ("seed", str(run.recipe.seed)),
        *files,
        ("codebook", str(sources.get("codebook", ""))),
        ("respondent", str(sources.get("respondent", ""))),
        ("software", f"value-personas {code.get('version', 'version not recorded')}"),
        (
            "commit",
            f"{code.get('commit', 'not recorded')}{' with uncommitted changes' if code.get('changed') else ''}",
        ),
        ("MLflow run", run.mlflow_run_id or "not recorded"),
        ("folder", run.folder.name),
    ]
    return Table("Recipe, data, model and code of this run.", ("what", "value"), tuple(rows))


def _interval(found: dict[str, float] | object) -> str:
    mean, lower, upper = (three_digits(found[name]) for name in ("mean", "lower", "upper"))  # type: ignore[index]
    return f"{mean} ({lower}–{upper})"


def _percent(value: object) -> str:
    number = float(str(value)) if value is not None else float("nan")
    return "–" if pd.isna(number) else f"{100 * number:.1f} %"


def _amount(name: str, value: float) -> str:
    return f"{value:,.2f}" if name == "cost" else f"{value:,.0f}"

"""The report's tables, as texts ready to be set."""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import pandas as pd

from value_personas.experiments.comparators import COMPARATORS
from value_personas.experiments.evaluation.contamination import contamination
from value_personas.experiments.evaluation.measures import MEASURES
from value_personas.experiments.evaluation.structure import STRUCTURE
from value_personas.experiments.inference import least_sign_flip_p, units_of, zones_of
from value_personas.experiments.report.figures.calibration import CalibrationCurve
from value_personas.experiments.report.figures.countries import country_errors, shown_methods
from value_personas.experiments.report.figures.cultural_map import map_shifts
from value_personas.experiments.report.figures.paired import overall_comparisons
from value_personas.experiments.report.glossary import glossary
from value_personas.experiments.report.material import Material
from value_personas.experiments.run.result import cells_of
from value_personas.experiments.scoring import SCORES, directions, heading
from value_personas.experiments.scoring.digits import in_people, interval, of_p, three_digits, with_interval
from value_personas.experiments.shapley.record import Shapley
from value_personas.experiments.shapley.tables import ALL

_USAGE = {
    "calls": "calls made",
    "retries": "tried again",
    "failures": "failed for good",
    "stored": "replies read from the answer store",
    "input_tokens": "tokens read",
    "output_tokens": "tokens written",
}


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

    @property
    def of_words(self) -> bool:
        """Whether it holds sentences, which are set to the left, and not figures."""
        return any(len(text) > _SENTENCE for row in self.rows for text in row)


_SENTENCE = 60
"""Letters from which on a text is no figure."""


def summary_table(material: Material) -> Table:
    """Every method's headline scores with intervals, and the floor beneath."""
    scores = material.scores
    worth = {method: _worth(material, method) for method in material.methods}
    # A column of dashes would ask to be explained.
    heads = {head: n for n, head in enumerate(_WORTH) if any(told[n] != "–" for told in worth.values())}
    rows = [
        (
            method,
            *(_mean(material.score(method, score)) for score in scores),
            *(worth[method][n] for n in heads.values()),
        )
        for method in material.methods
    ]
    nulls = material.run.nulls
    there = dict.fromkeys(nulls["method"] if len(nulls) else ())
    for null in there:
        means = nulls[nulls["method"] == null].set_index("score")
        rows.append((null, *(_mean(means.loc[score]) for score in scores), *("" for _ in heads)))
    floor = (three_digits(float(material.run.floor[score])) for score in scores)
    rows.append(("noise floor", *floor, *("" for _ in heads)))
    level = 100 * material.run.recipe.scoring.level
    intervals = f", with {level:g} % intervals" if material.run.has_intervals else ""
    known = "; ".join(f"{null}: {COMPARATORS[null].meaning}" for null in there)
    over = f"{cells_of(material.run.summary)} that all ranked methods have{intervals}"
    caption = f"Means over {over}; {directions(scores)}.{f' {known}.' if known else ''}"
    return Table(caption, ("method", *map(heading, scores), *heads), tuple(rows))


_WORTH = ("a mean within ±", "worth in people")


def _mean(found: Mapping[str, float]) -> str:
    return with_interval(found["mean"], found["lower"], found["upper"])


def _signed(row: Mapping[Any, Any]) -> str:
    return interval(float(row["lower"]), float(row["upper"]), signed=True)


def _worth(material: Material, method: str) -> tuple[str, str]:
    """Half the interval of a predicted mean, and the method's worth in people."""
    if material.run.measures.empty:
        return "–", "–"
    worth, *ends = material.measure(method, "worth_in_people")
    between = "" if math.isnan(ends[0]) else f" ({in_people(ends[0])}\u2060–\u2060{in_people(ends[1])})"
    return three_digits(material.measure(method, "half_width")[0]), f"{in_people(worth)}{between}"


def prediction_table(material: Material) -> Table | None:
    """How wide the interval of a single prediction is, and how often it holds; None of a run of 0.1.0."""
    names = [name for name in _OF_PREDICTIONS if name in set(material.run.measures["measure"])]
    if "coverage" not in names:
        return None
    level = f"{100 * material.run.recipe.scoring.prediction_level:g} %"
    rows = tuple(
        (method, *(three_digits(material.measure(method, name)[0]) for name in names))
        for method in material.methods
    )
    caption = (
        f"The {level} interval of a single predicted mean, made of the errors of cells that share neither "
        "country nor question with it (split-conformal), and the share of cells in which it held. It is "
        "right on average over cells like these, not in each country; it tells what a survey of this size "
        "would find, its noise included."
    )
    return Table(caption, ("method", *(MEASURES[name].heading for name in names)), rows, folded=True)


def spread_table(material: Material) -> Table | None:
    """Whether predicted countries differ as people's do, and whether answers collapse; None of 0.1.0."""
    names = [name for name in _OF_SPREAD if name in set(material.run.measures["measure"])]
    if not names:
        return None
    rows = tuple(
        (
            method,
            *(with_interval(*material.measure(method, name)) for name in names),
        )
        for method in material.methods
    )
    caption = (
        "Between countries, and within: adaptability is 1 where predicted countries differ as people’s do; "
        "an entropy ratio below 1, cells at 0 and personas on one option tell of answers that collapse."
    )
    return Table(caption, ("method", *(MEASURES[name].heading for name in names)), rows, folded=True)


_OF_SPREAD = (
    *("adaptability_slope", "adaptability_spread", "distance_rank"),
    *("entropy_ratio", "cells_at_0", "one_option"),
)


def measure_meanings(material: Material) -> Table | None:
    """What each of the measures is."""
    known = [MEASURES[name] for name in MEASURES if name in set(material.run.measures["measure"])]
    if not known:
        return None
    return Table(
        "What the measures say.",
        ("measure", "meaning"),
        tuple((m.heading, m.meaning) for m in known),
        folded=True,
    )


_OF_PREDICTIONS = (
    *("half_width", "coverage", "coverage_new_country", "coverage_new_question"),
    *("coverage_least", "coverage_most"),
)


def score_table(material: Material) -> Table:
    """What each of the headline scores is."""
    known = [SCORES[name] for name in material.scores if name in SCORES]
    caption = (
        "What the scores say of a cell. People’s answers have the shares h, the predicted ones q, which F "
        "adds up; the K options are scored r."
    )
    return Table(caption, ("score", "meaning"), tuple((s.heading, s.meaning) for s in known), folded=True)


def comparison_tables(material: Material) -> tuple[Table, ...]:
    """Paired differences over all cells; and, folded, by zone, nearness and scale length."""
    table = material.comparisons
    if not len(table):
        return ()
    least = _least_flip(material)
    overall = [_comparison(row, material, least) for row in overall_comparisons(material).to_dict("records")]
    groups = table[(table["group"] != "all") & (table["method"] == material.main)].dropna(subset=["lower"])
    by_group = [
        {"group": f"{row['group']}: {row['value']}"} | _comparison(row, material)
        for row in groups.to_dict("records")
        if material.zoned or row["group"] != "zone"
    ]
    what = f"Paired differences from {material.baseline}; below 0 the method is better."
    units = "zones" if material.zoned else "countries"
    said = f" Least: {three_digits(least)}, the smallest sign-flip p that so few {units} can give."
    found = _table(f"{what}{said if any(_LEAST in row.values() for row in overall) else ''}", overall)
    if not by_group:
        return (found,)
    in_groups = f"{what} {material.main} by group of cells."
    return found, _table(in_groups, [_without(row, "method") for row in by_group], folded=True)


def _table(caption: str, rows: Sequence[Mapping[str, str]], folded: bool = False) -> Table:
    """Rows that all have the same heads."""
    return Table(caption, tuple(rows[0]), tuple(tuple(row.values()) for row in rows), folded)


def _without(row: Mapping[str, str], head: str) -> dict[str, str]:
    return {name: text for name, text in row.items() if name != head}


_LEAST = "least"


def _least_flip(material: Material) -> float:
    """The smallest p that flipping the signs of the run's countries, or zones, can give."""
    units = len(set(units_of(list(zones_of(material.countries).values()))))
    return least_sign_flip_p(units, draws=material.run.recipe.scoring.draws)


def _comparison(row: Mapping[Hashable, Any], material: Material, least: float = 0.0) -> dict[str, str]:
    told = {
        "score": heading(str(row["score"])),
        "method": str(row["method"]),
        "cells": str(row["cells"]),
        "difference": three_digits(row["difference"], signed=True),
        "interval": _signed(row),
    }
    told["p (Holm)"] = of_p(row["holm_p"])
    if len(material.countries) > 1:
        p = float(row["sign_flip_p"])
        told["sign-flip p"] = _LEAST if math.isclose(p, least) else of_p(p)
    return told


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
        "Cells in which people vary more than the maximum-entropy law with the predicted mean: no T "
        "reaches them.",
        ("options", "cells", "out of reach at persona level", "at population level"),
        rows,
    )


def structure_table(material: Material) -> Table | None:
    """Whether persons resemble people one by one; None where no kind tells persons apart."""
    if material.structure is None:
        return None
    rows = tuple(
        (
            STRUCTURE[row["measure"]].heading if row["measure"] in STRUCTURE else str(row["measure"]),
            str(row["kind"]),
            with_interval(row["estimate"], row["lower"], row["upper"]),
            three_digits(row["people"]),
            three_digits(row["ceiling"]),
        )
        for row in material.structure.sort_values("measure", key=_in_order, kind="stable").to_dict("records")
    )
    level = f"{100 * material.run.recipe.scoring.level:g} %"
    known = material.structure["lower"].notna().any()
    intervals = f" ({level} intervals, by leaving out countries or zones, and questions)" if known else ""
    caption = (
        "Persons against the people they were drawn from, within countries, then averaged over these"
        f"{intervals}; people: the same of people "
        "themselves, of the own answer that of the rule that all give the commonest; halves: one random half "
        "of people against the other, as good as anything can be."
    )
    return Table(caption, ("measure", "persons", "estimate", "people", "halves"), rows)


def contamination_table(material: Material) -> Table | None:
    """How near each forecast of a named country comes to its own published shares, and to others'."""
    level = material.run.recipe.scoring.level
    found = contamination(material.run.estimates, material.kinds, level)
    if found.empty:
        return None
    rows = tuple(
        (
            str(row["method"]),
            three_digits(row["own"]),
            three_digits(row["others"]),
            f"{three_digits(row['nearer'], signed=True)} ({_signed(row)})",
            f"{row['nearest']:.0%}",
            f"{row['chance']:.0%}",
            str(row["cells"]),
        )
        for row in found.to_dict("records")
    )
    caption = (
        "Wasserstein distance of forecasts from the published shares of their own country and of others, "
        f"with {100 * level:g} % intervals of the difference; nearest: the share of cells in which no other "
        "country’s shares are nearer."
    )
    heads = ("forecast", "own country", "other countries", "nearer by", "nearest", "by chance", "cells")
    return Table(caption, heads, rows)


def structure_meanings(material: Material) -> Table | None:
    """What its measures are."""
    if material.structure is None:
        return None
    rows = tuple((measure.heading, measure.meaning) for measure in STRUCTURE.values())
    return Table("What these measures say.", ("measure", "meaning"), rows, folded=True)


def _in_order(measures: "pd.Series[str]") -> "pd.Series[int]":
    order = list(STRUCTURE)
    return measures.map(lambda name: order.index(str(name)) if name in order else len(order))


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
        "Slopes are changes of error for one standard deviation of the index, gaps the less represented "
        "half minus the other. The last row guards against regression to the mean: baseline error and gain "
        "are of different questions."
    )
    return Table(caption, ("quantity", "estimate", "lower", "upper"), rows)


def shapley_tables(found: Shapley) -> tuple[Table, ...]:
    """Each item's value beside what it does added last and alone, the axes, and whether values add up."""
    record = found.record
    of = {name: {row["player"]: row for row in rows} for name, rows in record.all_countries.items()}
    if not of.get("shapley"):
        return ()
    alone = [of.get(name, {}) for name in ("leave_one_out", "only_one")]
    rows = [
        (str(row["name"]), *_of_shapley(row), *(_of_shapley(one.get(player))[0] for one in alone))
        for player, row in of["shapley"].items()
    ]
    rows += [
        (f"{what}{row['name'] if axis else ''}", *_of_shapley(row), "", "")
        for what, name, axis in (("all together", "total", False), ("axis ", "axes", True))
        for row in of.get(name, {}).values()
    ]
    floor = (
        "" if math.isnan(record.noise_floor) else f" The noise floor is {three_digits(record.noise_floor)}."
    )
    if record.nulls:
        told = ", ".join(f"{name} {three_digits(v)}" for name, v in record.nulls.items())
        floor += f" What knows nothing comes to: {told}{_told_nothing(found)}."
    values = Table(
        f"Change of {heading(record.score)} over all countries; negative: the item lowers it. Added last: "
        "told "
        f"after all others; alone: told by itself.{floor}",
        ("item", "Shapley value", "interval", "added last", "alone"),
        tuple(rows),
    )
    names = ("v_empty", "v_all", "difference", "sum")
    checks = Table(
        "Values add up: their sum Σφ against v(all) − v(∅), the error with all items told less that with "
        "none.",
        ("country", "v(∅)", "v(all)", "v(all) − v(∅)", "Σφ", "apart by"),
        tuple(
            (str(row["country"]), *(_four(row[name]) for name in names), f"{abs(float(str(row['gap']))):.0e}")
            for row in record.checks
        ),
        folded=True,
    )
    return (values, checks) if record.checks else (values,)


def _told_nothing(found: Shapley) -> str:
    """v(∅) over all countries, where it is kept."""
    ends = [row["v_empty"] for row in found.record.checks if row["country"] == ALL]
    return f"; personas told no item, v(∅), to {three_digits(float(str(ends[0])))}" if ends else ""


def _of_shapley(row: Mapping[str, Any] | None) -> tuple[str, str]:
    if row is None:
        return "–", "–"
    return three_digits(float(row["value"]), signed=True), interval(
        float(row["lower"]), float(row["upper"]), signed=True
    )


def _four(value: object) -> str:
    return "–" if value is None else f"{float(str(value)):.4f}".replace("-", "−")


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
        (row.statement, *(_percent(getattr(row, name)) for name in columns))
        for row in material.audit.record.summary
    )
    heads = ("statement", "recovery error", "likeliest is right", "moves others by", "people", "excess")
    return Table("How well a reader recovers an answer, and how far it moves the others.", heads, rows)


def cost_table(material: Material) -> Table:
    """Calls, tokens and cost."""
    rows = [(_USAGE.get(name, name), _amount(name, value)) for name, value in material.run.usage.items()]
    if "cost" not in material.run.usage:
        rows.append(("cost", "no price table"))
    return Table("What was asked of the respondent in this run.", ("quantity", "amount"), tuple(rows))


def glossary_table() -> Table:
    """What the words of the page mean."""
    caption = "Words, scores, persona kinds and comparators."
    return Table(caption, ("term", "meaning"), tuple(glossary().items()), folded=True)


def provenance_table(material: Material) -> Table:
    """Where everything comes from."""
    run, sources = material.run, material.sources
    files = [
        (f"survey file {number}", f"{PurePath(one.path).name} · SHA-256 {one.sha256}")
        for number, one in enumerate(sources.survey, start=1)
    ]
    rows = [
        ("recipe", run.recipe.name),
        ("seed", str(run.recipe.seed)),
        *files,
        ("codebook", sources.codebook),
        ("respondent", sources.respondent),
        ("software", f"value-personas {sources.code.version}"),
        ("code", str(sources.code)),
        ("MLflow run", run.mlflow_run_id or "not recorded"),
        ("folder", run.folder.name),
    ]
    return Table("Recipe, data, model and code of this run.", ("what", "value"), tuple(rows))


def _percent(value: object) -> str:
    number = float(str(value)) if value is not None else float("nan")
    return "–" if pd.isna(number) else f"{100 * number:.1f} %"


def _amount(name: str, value: float) -> str:
    return f"{value:,.2f}" if name == "cost" else f"{value:,.0f}"

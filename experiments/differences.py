"""What separates the methods: paired differences, and how errors grow with a country's remoteness."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import data
from experiments.config import Recipe
from experiments.inference import (
    CatchingUp,
    CellGroups,
    GapAnalysis,
    analyse_gap,
    catching_up,
    compare_methods,
)
from experiments.inference.gap_figure import draw_gap
from experiments.judging import Judgement
from signatures import CalibrationError, RecipeError

__all__ = ["Gap", "compare", "find_gap", "write_gap", "zones_of"]

COMPARED = ("normalised_mae", "wasserstein")


def zones_of(countries: tuple[str, ...]) -> dict[str, str]:
    """Each country's cultural zone; a country that the published map lacks is a zone of its own."""
    return {country: data.cultural_zone(country) or country for country in countries}


def compare(recipe: Recipe, judgement: Judgement) -> pd.DataFrame:
    """Every method against the baseline, over all cells and by zone, nearness and scale length.

    The baseline is country roleplay where it was asked, else the first method.

    Returns:
        As ``experiments.inference.compare_methods``, with a column score; empty for a single method.
    """
    names = list(judgement.errors)
    if len(names) < 2:
        return pd.DataFrame()
    cells = judgement.cells[judgement.cells["method"] == names[0]]
    countries, questions = tuple(cells["country"].unique()), cells.drop_duplicates("question")
    groups = CellGroups(
        zones=list(zones_of(countries).values()),
        near=questions["near"].tolist(),
        options=questions["options"].tolist(),
    )
    tables = [
        compare_methods(
            np.stack([errors[score] for errors in judgement.errors.values()]),
            names,
            groups,
            baseline=_baseline(names),
            draws=recipe.scoring.draws,
            level=recipe.scoring.level,
            seed=recipe.seed,
        ).assign(score=score)
        for score in COMPARED
    ]
    return pd.concat(tables, ignore_index=True)


@dataclass(frozen=True, slots=True)
class Gap:
    """Errors against an index of how poorly a country is represented, without and with value personas.

    Attributes:
        analysis: slopes and group differences with their intervals.
        guard: whether the gain grows with the baseline error, the two taken from different halves of the
            questions, so that regression to the mean is not read as catching up.
        index_name: what the index is.
        names: the method without and the one with value personas.
        countries: the analysis's countries, in its order.
    """

    analysis: GapAnalysis
    guard: CatchingUp
    index_name: str
    names: tuple[str, str]
    countries: tuple[str, ...]


def find_gap(recipe: Recipe, profiles: data.ProfileTable, judgement: Judgement) -> Gap | None:
    """The gap analysis, where the recipe declares an index; None where it does not.

    Raises:
        RecipeError: when the index cannot be read or names no country of the survey, or there is nothing to
            compare.
    """
    scoring = recipe.scoring
    if scoring.gap_reference is None and scoring.gap_index is None:
        return None
    names = list(judgement.errors)
    method = next((name for name in names if name.startswith("values-hedged")), None)
    if method is None or len(names) < 2:
        raise RecipeError("a gap needs value personas and something to compare them with in personas")
    baseline = names[_baseline(names)]
    countries = judgement.cells["country"].drop_duplicates()
    index, index_name = _index(recipe, profiles)
    without, with_values = (judgement.errors[name]["normalised_mae"] for name in (baseline, method))
    remoteness = countries.map(index).to_numpy(np.float64)
    try:
        analysis = analyse_gap(without, with_values, remoteness, seed=recipe.seed)
        guard = catching_up(without, with_values, seed=recipe.seed)
    except CalibrationError as error:
        raise RecipeError(f"scoring.gap_…: {error}") from None
    return Gap(analysis, guard, index_name, (baseline, method), tuple(countries[analysis.kept]))


def write_gap(gap: Gap, title: str, folder: Path) -> None:
    """Write the gap's tables and figure into a run's folder."""
    found = gap.analysis
    rows = [
        {"quantity": name, "estimate": point, "lower": lower, "upper": upper}
        for name in GapAnalysis.__dataclass_fields__
        if isinstance(triple := getattr(found, name), tuple) and len(triple) == 3
        for point, lower, upper in (triple,)
    ]
    guard = gap.guard
    rows.append(
        {
            "quantity": "gain_on_baseline_error",
            "estimate": guard.guarded_slope,
            "lower": guard.lower,
            "upper": guard.upper,
        }
    )
    pd.DataFrame(rows).assign(baseline=gap.names[0], method=gap.names[1], index=gap.index_name).to_csv(
        folder / "gap.csv", index=False
    )
    columns = {name: getattr(found, name) for name in ("index", "baseline_error", "method_error")}
    pd.DataFrame({"country": gap.countries, **columns}).to_csv(folder / "gap_countries.csv", index=False)
    draw_gap(found, folder / "gap.png", index_name=gap.index_name, names=gap.names, title=title)


def _baseline(names: list[str]) -> int:
    return names.index("country") if "country" in names else 0


def _index(recipe: Recipe, profiles: data.ProfileTable) -> tuple["pd.Series[float]", str]:
    scoring = recipe.scoring
    if scoring.gap_index is not None:
        return _index_file(scoring.gap_index), scoring.gap_index.stem
    places = data.cultural_map(profiles).set_index("country")
    if scoring.gap_reference not in places.index:
        known = ", ".join(places.index)
        raise RecipeError(f"scoring.gap_reference: {scoring.gap_reference} is not in the survey: {known}")
    axes = places[["survival_self_expression", "traditional_secular"]]
    away = np.hypot(*(axes - axes.loc[scoring.gap_reference]).to_numpy(np.float64).T)
    return pd.Series(away, places.index), f"distance from {scoring.gap_reference} on the cultural map"


def _index_file(path: Path) -> "pd.Series[float]":
    try:
        table = pd.read_csv(path)
        return table.set_index("country")["index"].astype(float)
    except (OSError, ValueError, KeyError) as error:
        raise RecipeError(
            f"scoring.gap_index {path}: needs the columns country and index, numbers only: {error}"
        ) from None

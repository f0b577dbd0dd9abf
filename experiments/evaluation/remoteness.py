"""How errors grow with a country's remoteness: the index is settled before anything is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from value_personas import data
from value_personas.data import published_map
from value_personas.experiments.evaluation.comparing import baseline_of
from value_personas.experiments.evaluation.judging import Judgement
from value_personas.experiments.inference import CatchingUp, GapAnalysis, analyse_gap, catching_up, zones_of
from value_personas.experiments.recipe.recipe import ScoringSection
from value_personas.signatures import RecipeError, StatisticsError, SurveyError

_FEWEST = 4
"""Countries with an index, and questions, below which no slope is fitted."""

_AXES = ["survival_self_expression", "traditional_secular"]


@dataclass(frozen=True, slots=True)
class Remoteness:
    """How poorly each country is represented.

    Attributes:
        index: country → index, larger for one that is less represented.
        name: what it is.
        countries: how many of the survey's countries have one.
    """

    index: "pd.Series[float]"
    name: str
    countries: int

    @property
    def enough(self) -> bool:
        """Whether there are countries enough for an analysis."""
        return self.countries >= _FEWEST

    @property
    def note(self) -> str:
        """Why there is no analysis."""
        return f"no gap analysis: it takes {_FEWEST} countries with a {self.name}, found {self.countries}"


def read_remoteness(
    section: ScoringSection, profiles: data.ProfileTable, questions: int
) -> Remoteness | None:
    """The index that the recipe declares; None where it declares none.

    Args:
        section: names it.
        profiles: of the survey's respondents.
        questions: how many are asked.

    Raises:
        RecipeError: when it cannot be read, names no country of the survey, or too few questions are asked.
    """
    if section.gap_index is not None:
        index, name = _index_file(section.gap_index), section.gap_index.stem
    elif section.gap_reference is not None:
        named = section.gap_reference
        index, name = _distances((named,) if isinstance(named, str) else named, profiles)
    else:
        return None
    if questions < _FEWEST:
        raise RecipeError(f"scoring.gap_…: takes {_FEWEST} questions or more, got {questions}")
    known = index.index.intersection(list(profiles.countries))
    if known.empty:
        raise RecipeError(f"scoring.gap_index: names none of {', '.join(profiles.countries)}")
    return Remoteness(index, name, len(known))


def _distances(references: Sequence[str], profiles: data.ProfileTable) -> tuple["pd.Series[float]", str]:
    """Every country's distance on the cultural map from the first that the survey or else that map holds."""
    try:
        places = data.cultural_map(profiles).set_index("country")[_AXES]
    except SurveyError as error:
        raise RecipeError(
            f"scoring.gap_reference: {error}; give a table of your own as scoring.gap_index, or leave it out"
        ) from None
    published = published_map()
    reference = next((one for known in (places.index, published) for one in references if one in known), None)
    if reference is None:
        known = ", ".join(places.index)
        raise RecipeError(
            f"scoring.gap_reference: {' or '.join(references)} is neither on the published map nor in the "
            f"survey: {known}"
        )
    if reference in places.index:
        origin = places.loc[reference].to_numpy(np.float64)
    else:
        place = published[reference]
        origin = np.array([place.survival_self_expression, place.traditional_secular])
    away = np.hypot(*(places.to_numpy(np.float64) - origin).T)
    return pd.Series(away, places.index), f"distance from {reference} on the cultural map"


def _index_file(path: Path) -> "pd.Series[float]":
    try:
        table = pd.read_csv(path)
        return table.set_index("country")["index"].astype(float)
    except (OSError, ValueError, KeyError) as error:
        raise RecipeError(
            f"scoring.gap_index {path}: needs the columns country and index, numbers only: {error}"
        ) from None


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


def find_gap(
    remoteness: Remoteness | None, judgement: Judgement, level: float, seed: int
) -> Gap | str | None:
    """The gap analysis; a sentence where it cannot be made of these errors; None where no index is declared.

    Everything else of the run stands without it, and is paid for.
    """
    if remoteness is None:
        return None
    if not remoteness.enough:
        return remoteness.note
    names = list(judgement.errors)
    baseline, method = names[baseline_of(names)], _with_values(names)
    countries = judgement.cells["country"].drop_duplicates()
    without, with_values = (judgement.errors[name]["normalised_mae"] for name in (baseline, method))
    index = countries.map(remoteness.index).to_numpy(np.float64)
    try:
        zones = list(zones_of(tuple(countries)).values())
        drawn = None if judgement.drawn is None else judgement.drawn["normalised_mae"]
        analysis = analyse_gap(
            without,
            with_values,
            index,
            zones,
            level=level,
            replicates=None if drawn is None else drawn[:, [names.index(baseline), names.index(method)]],
        )
        batteries = judgement.batteries
        guard = catching_up(without, with_values, batteries, zones, level=level, seed=seed)
    except StatisticsError as error:
        return f"no gap analysis: {error}"
    return Gap(analysis, guard, remoteness.name, (baseline, method), tuple(countries[analysis.kept]))


def _with_values(names: Sequence[str]) -> str:
    """The method of value personas; a recipe without any is refused before it comes to this."""
    return next(name for name in names if name.startswith("values-hedged"))


def gap_tables(gap: Gap) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The quantities with their intervals, and index and errors country by country."""
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
    table = pd.DataFrame(rows).assign(baseline=gap.names[0], method=gap.names[1], index=gap.index_name)
    columns = {name: getattr(found, name) for name in ("index", "baseline_error", "method_error")}
    return table, pd.DataFrame({"country": gap.countries, **columns})

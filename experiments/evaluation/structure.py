"""What lies behind the means: whether simulated people resemble people one by one, within a country.

Marginals can be right while nothing else is: answers that hang together too much, sexes and ages that differ
the wrong way, coefficients of the wrong sign (Bisbee et al. 2024, Political Analysis; Argyle et al. 2023,
Political Analysis 31; Barrie & Cerina 2025). Every measure is made of people and of the persons who were
drawn alike, country by country, and of random halves of people against each other: nothing is to be read as
better than these.
"""

from collections.abc import Mapping, Sequence
from zlib import crc32

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from value_personas import data
from value_personas.experiments.evaluation.measures import Measure
from value_personas.experiments.evaluation.resemblance import (
    Values,
    compared,
    first_component,
    first_components,
    interval_of,
    mean_without,
    side_of,
)
from value_personas.experiments.fieldwork.sample import Populations
from value_personas.experiments.inference import units_of, zones_of
from value_personas.programs import PanelResult
from value_personas.signatures import Array, Question, mean_of_known

_STREAM = 53
"""Keeps the halves apart from every other draw of the recipe's seed."""

_HALVES = 4
"""Random splits of a country's respondents."""

_CELLS_OF_COMPONENTS = 2_000
"""Countries × questions up to which the first component is made anew without each question."""

FEWEST = 20
"""Persons of a country, and respondents of a half, below which nothing is told of it."""

STRUCTURE: Mapping[str, Measure] = {
    "pattern": Measure(
        "correlations, r",
        "How alike the correlations between questions are: the correlation, over pairs of questions, of "
        "people’s with those of persona means.",
        possible=(-1.0, 1.0),
    ),
    "first_component": Measure(
        "first component",
        "The share of the first principal component in the variance of persona means.",
        possible=(0.0, 1.0),
    ),
    "first_component_answers": Measure(
        "… of drawn answers",
        "The same of answers drawn from each persona’s distribution, as people give one each.",
        possible=(0.0, 1.0),
    ),
    "coefficients": Measure(
        "coefficients, r",
        "The correlation of standardised regression coefficients, of answers on value items and "
        "sociodemographics, over those that are significant among people.",
        possible=(-1.0, 1.0),
    ),
    "flipped": Measure(
        "of the other sign",
        "The share of people’s significant coefficients whose sign is the other way round.",
        possible=(0.0, 1.0),
    ),
    "contrasts": Measure(
        "contrasts, r",
        "The correlation over questions of differences in means between sexes, older and younger, more and "
        "less educated.",
        possible=(-1.0, 1.0),
    ),
    "hit_rate": Measure(
        "own answer",
        "How often a persona’s most probable answer is that of the respondent behind it.",
        possible=(0.0, 1.0),
    ),
}
"""Name → measure, in the order of tables."""


def structure_of(
    survey: data.Survey,
    profiles: data.ProfileTable,
    populations: Populations,
    panels: Mapping[str, PanelResult],
    *,
    level: float,
    seed: int,
) -> pd.DataFrame:
    """Measure every persona kind that tells persons apart.

    Args:
        survey: people's answers.
        profiles: the value items and sociodemographics of its respondents.
        populations: who was drawn.
        panels: what each kind answered.
        level: of the intervals.
        seed: of the halves.

    Returns:
        One row for each kind × measure of ``STRUCTURE``: estimate with lower and upper, ``people`` (what the
        measure is of people themselves; of the own answer, of the rule that all give the commonest) and
        ``ceiling`` (between halves of people), and of how many countries; empty where no kind tells persons
        apart.
    """
    kinds = {kind: there for kind, panel in panels.items() if (there := _people_of(panel, populations))}
    if not kinds:
        return pd.DataFrame()
    first = next(iter(panels.values()))
    questions, countries = first.questions, tuple(dict.fromkeys(p.country for p in first.personas))
    rows: list[dict[str, object]] = []
    every = {country: _Block(survey, profiles, country, questions, seed) for country in countries}
    blocks = {country: block for country, block in every.items() if block.enough}
    if not blocks:
        return pd.DataFrame()
    ceilings = _over_countries([block.ceiling for block in blocks.values()])
    people = _over_countries([block.people for block in blocks.values()])
    for kind, drawn in kinds.items():
        found = [
            block.of_kind(panels[kind], *drawn[country], len(blocks))
            for country, block in blocks.items()
            if len(drawn.get(country, ((),))[0]) >= FEWEST
        ]
        told = [c for c in blocks if len(drawn.get(c, ((),))[0]) >= FEWEST]
        units = units_of(list(zones_of(told).values()))
        for name in STRUCTURE if found else ():
            point, *ends = interval_of([one[name] for one in found], units, level)
            lower, upper = STRUCTURE[name].cut(*ends)
            rows.append(
                {
                    "kind": kind, "measure": name, "estimate": point, "lower": lower, "upper": upper,
                    "people": people.get(name, np.nan), "ceiling": ceilings.get(name, np.nan),
                    "countries": len(found),
                }
            )  # fmt: skip
    return structure_table(rows)


def structure_table(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Rows as one table, empty ones too."""
    columns = ["kind", "measure", "estimate", "lower", "upper", "people", "ceiling", "countries"]
    return pd.DataFrame(rows, columns=columns)


Drawn = tuple[NDArray[np.intp], NDArray[np.intp], Array]


def _people_of(panel: PanelResult, populations: Populations) -> dict[str, Drawn]:
    """Country → rows of the panel and of the survey, and weights, of each person drawn.

    Empty where all are told alike, or belong to nobody.
    """
    found: dict[str, tuple[list[int], list[int], list[float]]] = {}
    for row, persona in enumerate(panel.personas):
        if persona.replicate or not persona.draws:
            continue
        people = populations.of(persona.country).people
        rows, respondents, weights = found.setdefault(persona.country, ([], [], []))
        for place in persona.draws:
            if place < len(people) and (respondent := people[place].respondent) is not None:
                rows.append(row)
                respondents.append(respondent)
                weights.append(people[place].weight)
    several = {c: told for c, told in found.items() if len(set(told[0])) > 2}
    return {c: (np.array(r), np.array(of), np.array(w)) for c, (r, of, w) in several.items()}


class _Block:
    """People of one country, and what is measured against them."""

    def __init__(
        self,
        survey: data.Survey,
        profiles: data.ProfileTable,
        country: str,
        questions: Sequence[Question],
        seed: int,
    ) -> None:
        self._country = country
        of_country = survey.country_index == survey.countries.index(country)
        self.rows = np.flatnonzero(of_country & (survey.weights > 0))
        self._weights = survey.weights[self.rows]
        coded = (
            np.stack([survey.coded[q.code][self.rows] for q in questions], axis=1) if len(self.rows) else None
        )
        self.coded = (
            np.where(coded >= 0, coded, -1) if coded is not None else np.empty((0, len(questions)), int)
        )
        scales = [q.scale.values for q in questions]
        self.shares = [np.abs(r - r[0]) / np.ptp(r) for r in scales]
        self._x = np.full(self.coded.shape, np.nan)
        for m, share in enumerate(self.shares):
            known = self.coded[:, m] >= 0
            self._x[known, m] = share[self.coded[known, m]]
        self._z, self._groups = _predictors(profiles, survey, self.rows)
        if not self.enough:
            return
        self._side = side_of(self._x, self._weights, self._z, self._groups)
        self.people = {
            name: first_component(self._side.correlations)
            for name in ("first_component", "first_component_answers")
        } | {"hit_rate": float(np.nanmean(self._commonest()))}
        key = (_STREAM, crc32(country.encode()))
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
        splits = [self._between_halves(rng.permutation(len(self.rows))) for _ in range(_HALVES)]
        self.ceiling = {name: float(np.mean([one[name] for one in splits])) for name in splits[0]}

    @property
    def enough(self) -> bool:
        """Whether there are people to compare with."""
        return len(self.rows) >= 2 * FEWEST and not np.isnan(self._x).all()

    def _commonest(self) -> Array:
        """The share of each question's commonest answer, shape (M,)."""
        shares = np.full(len(self.shares), np.nan)
        for m, share in enumerate(self.shares):
            known = self.coded[:, m] >= 0
            if known.any():
                counts = np.bincount(self.coded[known, m], self._weights[known], len(share))
                shares[m] = counts.max() / counts.sum()
        return shares

    def _between_halves(self, order: NDArray[np.intp]) -> dict[str, float]:
        """The measures of one half of people held against the other."""
        one, other = np.array_split(order, 2)
        sides = [
            side_of(self._x[half], self._weights[half], self._z[half], self._groups[:, half])
            for half in (one, other)
        ]
        return {name: float(values.whole) for name, values in compared(*sides).items()}

    def of_kind(
        self,
        panel: PanelResult,
        rows: NDArray[np.intp],
        respondents: NDArray[np.intp],
        weights: Array,
        countries: int,
    ) -> dict[str, Values]:
        """Every measure of the persons drawn, each with its persona's answers."""
        place = np.searchsorted(self.rows, respondents)
        p = np.exp(panel.log_p[rows])
        means, within = np.full(p.shape[:2], np.nan), np.full(p.shape[:2], np.nan)
        hits = np.full(p.shape[:2], np.nan)
        for m, share in enumerate(self.shares):
            own = p[:, m, : len(share)]
            means[:, m] = own @ share
            within[:, m] = own @ share**2 - means[:, m] ** 2
            known = (self.coded[place, m] >= 0) & ~np.isnan(means[:, m])
            hits[known, m] = own[known].argmax(axis=1) == self.coded[place[known], m]
        side = side_of(means, weights, self._z[place], self._groups[:, place], within)
        m = p.shape[1]
        each_hit = np.where(np.isnan(hits), 0.0, hits) * weights[:, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            by_question = each_hit.sum(axis=0) / (~np.isnan(hits) * weights[:, None]).sum(axis=0)
        found = compared(self._side, side)
        found["hit_rate"] = mean_without(by_question, np.eye(m, dtype=bool))
        each = countries * m <= _CELLS_OF_COMPONENTS
        for name, matrix in (("first_component", side.correlations), ("first_component_answers", side.drawn)):
            without = first_components(matrix) if each else np.full(m, np.nan)
            found[name] = Values(np.float64(first_component(matrix)), without)  # type: ignore[arg-type]
        return found


def _predictors(
    profiles: data.ProfileTable, survey: data.Survey, rows: NDArray[np.intp]
) -> tuple[Array, Array]:
    """Standardised value items and sociodemographics, shape (n, P), and groups 0 or 1, shape (G, n)."""
    items = profiles.frame.reindex(rows).to_numpy(np.float64)
    told, groups = [items], []
    for name in ("sex", "age", "education"):
        if name not in survey.demographics:
            continue
        column = survey.demographics[name].iloc[rows]
        if isinstance(column.dtype, pd.CategoricalDtype):
            values = column.cat.codes.to_numpy(np.float64)
            values[values < 0] = np.nan
        else:
            values = pd.to_numeric(column, errors="coerce").to_numpy(np.float64)
        if np.isnan(values).all():
            continue
        told.append(values[:, None])
        above = (values > np.nanmedian(values)).astype(np.float64)
        if not above[~np.isnan(values)].any():  # of two values the median may be the larger one
            above = (values >= np.nanmedian(values)).astype(np.float64)
        groups.append(np.where(np.isnan(values), np.nan, above))
    z = np.concatenate(told, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = mean_of_known(z)
        spread = np.sqrt(mean_of_known((z - centre) ** 2))
        z = np.where(np.isnan(z) | ~(spread > 0), 0.0, (z - centre) / spread)
    return z, np.array(groups).reshape(len(groups), len(rows))


def _over_countries(found: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Each figure's mean over countries."""
    return {name: float(mean_of_known(np.array([one[name] for one in found]))) for name in found[0]}

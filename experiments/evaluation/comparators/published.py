"""Comparators on published distributions: no respondents are needed, and no model is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from value_personas import data
from value_personas.experiments.evaluation.comparators.distributions import Array, human_table, leave_one_out
from value_personas.experiments.evaluation.comparators.map_neighbours import country_places, map_neighbours
from value_personas.experiments.evaluation.comparators.training_mean import training_mean
from value_personas.experiments.evaluation.judging import HEADLINE_SCORES
from value_personas.experiments.inference import crossed_bootstrap
from value_personas.experiments.scoring import score_cells

__all__ = ["PublishedComparison", "compare_published"]


@dataclass(frozen=True, slots=True)
class PublishedComparison:
    """How well countries are predicted from one another.

    Attributes:
        title: what was compared.
        summary: columns method, score, mean, lower, upper; the variance ratio's are geometric.
        level: of the intervals, 0–1.
        notes: plain sentences that a reader must know.
    """

    title: str
    summary: pd.DataFrame
    level: float
    notes: tuple[str, ...]


def compare_published(
    path: str | Path, *, neighbours: int = 3, draws: int = 2000, level: float = 0.95, seed: int = 0
) -> PublishedComparison:
    """Predict every country of a table of distributions from the others.

    Args:
        path: as for ``data.read_distributions``.
        neighbours: countries next on the cultural map that are averaged.
        draws: bootstrap draws over countries × questions.
        level: of the intervals.
        seed: of the draws.

    Raises:
        SurveyError: when the table cannot be used as it stands.
    """
    source = data.read_distributions(path)
    table = human_table(source)
    places, unplaced = country_places(source.countries)
    predicted = {
        "training-mean": leave_one_out(source.countries, table, training_mean),
        "map-neighbours": leave_one_out(
            source.countries,
            table,
            lambda country, others: map_neighbours(country, others, places, neighbours),
        ),
    }
    scores = {name: _scores(source, table, p) for name, p in predicted.items()}
    title = f"{len(source.countries)} countries × {len(source.questions)} questions · {Path(path).name}"
    notes = list(source.notes)
    if unplaced:
        notes.append(f"map-neighbours: no place on the cultural map: {', '.join(unplaced)}")
    return PublishedComparison(title, _summary(scores, draws, level, seed), level, tuple(notes))


def _scores(source: data.PublishedDistributions, human: Array, predicted: Array) -> dict[str, Array]:
    """Headline score → shape (C, M); NaN where a side is not known."""
    columns = []
    for m, question in enumerate(source.questions):
        k = len(question.scale)
        columns.append(score_cells(human[:, m, :k], predicted[:, m, :k], question.scale.values))
    return {name: np.stack([scores[name] for scores in columns], axis=1) for name in HEADLINE_SCORES}


def _summary(scores: Mapping[str, Mapping[str, Array]], draws: int, level: float, seed: int) -> pd.DataFrame:
    rows = []
    for name in HEADLINE_SCORES:
        values = np.stack([by_name[name] for by_name in scores.values()])
        ratio = name == "variance_ratio"
        if ratio:  # averaged as a logarithm, in which 2 and ½ cancel
            with np.errstate(divide="ignore"):
                values = np.log(values)
            values[~np.isfinite(values)] = np.nan
        interval = crossed_bootstrap(values, draws=draws, level=level, seed=seed)
        found = np.stack([interval.point, interval.lower, interval.upper])
        for method, bounds in zip(scores, (np.exp(found) if ratio else found).T, strict=True):
            mean, lower, upper = bounds.tolist()
            rows.append({"method": method, "score": name, "mean": mean, "lower": lower, "upper": upper})
    in_order = {method: i for i, method in enumerate(scores)}
    table = pd.DataFrame(rows)
    return table.sort_values("method", key=lambda m: m.map(in_order), kind="stable", ignore_index=True)

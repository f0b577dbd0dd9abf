"""Comparators on published distributions: no respondents are needed, and no model is asked."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from value_personas import data
from value_personas.experiments.evaluation.comparators.distributions import human_table, leave_one_out
from value_personas.experiments.evaluation.comparators.map_neighbours import country_places, map_neighbours
from value_personas.experiments.evaluation.comparators.training_mean import training_mean
from value_personas.experiments.inference import summarise
from value_personas.experiments.scoring import headline_scores, score_array

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
    scales = [question.scale.values for question in source.questions]
    scores = {name: score_array(table, p, scales, headline_scores()) for name, p in predicted.items()}
    title = f"{len(source.countries)} countries × {len(source.questions)} questions · {Path(path).name}"
    notes = list(source.notes)
    if unplaced:
        notes.append(f"map-neighbours: no place on the cultural map: {', '.join(unplaced)}")
    summary = summarise(scores, draws=draws, level=level, seed=seed)
    return PublishedComparison(title, summary, level, tuple(notes))

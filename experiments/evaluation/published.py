"""Comparators on published distributions: no respondents are needed, and no model is asked."""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from value_personas import data
from value_personas.experiments.comparators import COMPARATORS, Sources
from value_personas.experiments.evaluation.without_model import checked_prediction
from value_personas.experiments.inference import summarise
from value_personas.experiments.scoring import headline_scores, score_array

__all__ = ["PublishedComparison", "compare_published"]


@dataclass(frozen=True, slots=True)
class PublishedComparison:
    """How well countries are predicted from one another.

    Attributes:
        title: what was compared.
        summary: columns method, score, mean, lower, upper; the variance ratio's are medians.
        level: of the intervals, 0–1.
        notes: plain sentences that a reader must know.
    """

    title: str
    summary: pd.DataFrame
    level: float
    notes: tuple[str, ...]

    def to_json(self) -> str:
        """One JSON object; undefined figures are null."""
        summary = json.loads(self.summary.to_json(orient="records"))
        return json.dumps({"title": self.title, "summary": summary, "notes": list(self.notes)})


def compare_published(
    path: str | Path, *, neighbours: int = 3, level: float = 0.95, seed: int = 0
) -> PublishedComparison:
    """Predict every country of a table of distributions from the others, by what needs no respondents.

    Args:
        path: as for ``data.read_distributions``.
        neighbours: countries next on the cultural map that are averaged.
        level: of the intervals.
        seed: of what comparators draw.

    Raises:
        SurveyError: when the table cannot be used as it stands.
    """
    answers = data.read_distributions(path)
    sources = Sources(answers, neighbours=neighbours, seed=seed)
    names = [name for name, one in COMPARATORS.items() if "respondents" not in one.needs]
    predicted = {name: checked_prediction(name, sources) for name in names}
    scales = [question.scale.values for question in answers.questions]
    scores = {
        name: score_array(sources.table, p.probabilities, scales, headline_scores())
        for name, p in predicted.items()
    }
    title = f"{len(answers.countries)} countries × {len(answers.questions)} questions · {Path(path).name}"
    notes = [f"{name}: {note}" for name, p in predicted.items() for note in p.notes]
    summary = summarise(scores, answers.countries, level=level)
    return PublishedComparison(title, summary, level, (*answers.notes, *notes))

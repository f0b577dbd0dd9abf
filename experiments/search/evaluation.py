"""What a recipe is worth on some countries: its losses, and its errors cell by cell."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from value_personas.experiments.evaluation.map_positions import map_distances, map_positions
from value_personas.experiments.fieldwork.fieldwork import Fieldwork
from value_personas.experiments.fieldwork.rehearsal import Estimate
from value_personas.experiments.progress.reporter import Reporter
from value_personas.experiments.recipe.loading import varied
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.recipe.search import MAP_DISTANCE
from value_personas.experiments.run.outcome import Outcome
from value_personas.experiments.run.pipeline import predict_and_judge
from value_personas.experiments.scoring import SCORES
from value_personas.signatures import RecipeError


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A recipe on some countries.

    Attributes:
        losses: objective → what is minimised; NaN where undefined.
        method: the row that was judged.
        cells: one row for each country × question: country, question, near, options, and each score.
        distances: by country, on the cultural map; empty where that is no objective.
        synthetic: which parts were synthetic.
    """

    losses: Mapping[str, float]
    method: str
    cells: pd.DataFrame
    distances: "pd.Series[float]"
    synthetic: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Runs recipes on parts of a survey and keeps nothing but answers.

    Attributes:
        work: of the search's workspace and store.
        reporter: receives the progress.
        method: see ``RecipeSearch``.
        objectives: likewise.
    """

    work: Fieldwork
    reporter: Reporter
    method: str | None
    objectives: tuple[str, ...]
    _apiece: dict[str, float] = field(default_factory=dict)

    def __call__(
        self,
        recipe: Recipe,
        countries: Sequence[str],
        approve: Callable[[Estimate], None] | None = None,
    ) -> Evaluation:
        """Evaluate a recipe; what is stored is not asked again.

        Raises:
            ValuePersonasError: when it cannot be run.
        """
        lean = {
            "survey.countries": list(countries),
            "scoring.persona_draws": 0,
            "scoring.floor_draws": 20,
            "cultural_map.ask": MAP_DISTANCE in self.objectives,
            "cultural_map.kinds": self._kinds_on_map(recipe.personas),
            "comparators.names": [],
            "scoring.gap_reference": None,
            "scoring.gap_index": None,
            "hypotheses": [],
        }
        outcome = predict_and_judge(varied(recipe, lean), self.work, self.reporter, approve)
        method = self._judged(outcome)
        cells = outcome.judgement.cells
        own = cells[cells["method"] == method]
        away = _distances(outcome, method) if MAP_DISTANCE in self.objectives else pd.Series(dtype=float)
        losses = {name: self._loss(name, own, outcome, method, away) for name in self.objectives}
        return Evaluation(losses, method, own, away, outcome.synthetic)

    def _kinds_on_map(self, kinds: Sequence[str]) -> list[str]:
        """The judged row's alone: nothing else is paid for."""
        kind = _kind(self.method or "")
        return [kind] if kind in kinds else list(kinds[-1:])

    def _judged(self, outcome: Outcome) -> str:
        methods = list(outcome.judgement.errors)
        if self.method is None:
            return methods[-1]
        if self.method not in methods:
            raise RecipeError(f"search.method: no row {self.method!r}; there are {', '.join(methods)}")
        return self.method

    def _loss(
        self, objective: str, own: pd.DataFrame, outcome: Outcome, method: str, away: "pd.Series[float]"
    ) -> float:
        if objective in SCORES:
            return SCORES[objective].loss(own[objective].to_numpy(np.float64))
        if objective == MAP_DISTANCE:
            return float(away.mean())
        usage = outcome.asked.usage
        answers = float(usage["calls"]) + float(usage["stored"])
        if objective == "calls":
            return answers / max(len(own), 1)
        if objective == "cost":
            return self._cost(usage, answers) / max(len(own), 1)
        return _one_over_worth(outcome.judgement.measures, method)

    def _cost(self, usage: Mapping[str, float], answers: float) -> float:
        """Of all answers, those in the store too, at what the paid ones came to apiece."""
        if "cost" not in usage:
            raise RecipeError("search.objectives: cost needs respondent.prices")
        if usage["calls"]:
            self._apiece["paid"] = float(usage["cost"]) / float(usage["calls"])
        return self._apiece.get("paid", np.nan) * answers


def _kind(method: str) -> str:
    """The persona kind whose answers a row is made of."""
    return method.partition(" + calibrated")[0]


def _distances(outcome: Outcome, method: str) -> "pd.Series[float]":
    recipe, kind = outcome.recipe, _kind(method)
    if outcome.profiles.absent or kind not in outcome.asked.map_panels:
        lacking = ", ".join(outcome.profiles.absent)
        why = f"the survey lacks {lacking}" if lacking else f"{kind} is no persona kind that was asked"
        raise RecipeError(f"search.objectives: map_distance needs every item of the map; {why}")
    places = map_positions(
        recipe.profiles.instrument, outcome.profiles, outcome.asked, recipe.respondent.max_missing
    )
    return map_distances(places, kind)


def _one_over_worth(measures: pd.DataFrame, method: str) -> float:
    """0 of a method that is not told apart from the survey itself."""
    found = measures[(measures["method"] == method) & (measures["measure"] == "worth_in_people")]
    if not len(found):
        return float("nan")
    worth = float(found["value"].iloc[0])
    return 0.0 if np.isnan(worth) else 1.0 / worth

"""Answers → one population estimate for each row of the result."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from value_personas.experiments.evaluation.answers import panel_of_run
from value_personas.experiments.evaluation.redrawn import persona_replicates
from value_personas.experiments.fieldwork.asking import Asked
from value_personas.experiments.fieldwork.prompt_file import FittedOn
from value_personas.experiments.fieldwork.tuned_prompts import find_program
from value_personas.experiments.recipe.recipe import PersonaKind, Recipe
from value_personas.programs import PanelResult, PopulationEstimate, estimate_populations
from value_personas.programs.calibration import Level, Setting, calibrate_answers, calibrate_estimate

__all__ = ["Method", "calibrated_name", "predict", "redrawn_estimates", "tilt_of"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Method:
    """One way of predicting.

    Attributes:
        name: as it stands in tables, for example ``values-hedged + calibrated``.
        kind: the persona kind it rests on.
        calibrated: whether the answers' spread was widened.
        estimate: what it predicts.
        replicates: shape (R, C, M, K), the same after each country's personas were drawn anew; None where
            no personas were asked.
        fitted_on: what its tuned prompts have seen; None where it rests on none.
    """

    name: str
    kind: PersonaKind
    calibrated: bool
    estimate: PopulationEstimate
    replicates: Array | None = None
    fitted_on: FittedOn | None = None

    @property
    def fitted(self) -> NDArray[np.str_]:
        """Which part each cell had in the tuning of its prompts, shape (C, M)."""
        estimate = self.estimate
        return np.array(
            [
                [self.fitted_on.part_of(c, q) if self.fitted_on else "no" for q in estimate.questions]
                for c in estimate.countries
            ]
        )


def predict(recipe: Recipe, asked: Asked) -> tuple[Method, ...]:
    """The estimate of each persona kind, uncalibrated, then calibrated at each level of the recipe."""
    methods = []
    program = find_program(recipe)
    for kind, panel in asked.panels.items():
        seen = program.fitted_on if program is not None and program.serves(kind) else None
        estimate = _estimate(recipe, panel, panel.log_p)
        replicates = redrawn_estimates(recipe, panel, Setting(method="none"), recipe.seed)
        methods.append(Method(kind, kind, False, estimate, replicates, seen))
        if kind in recipe.calibration.kinds:
            widened = (_calibrated(recipe, kind, panel, estimate, at) for at in recipe.calibration.levels)
            methods += [replace(method, fitted_on=seen) for method in widened]
    return tuple(methods)


def calibrated_name(kind: PersonaKind, level: Level) -> str:
    """The name of a calibrated row; only the level that is not the usual one is named."""
    return f"{kind} + calibrated" + (f" ({level})" if level != "persona" else "")


def tilt_of(temperature: float, level: Level = "persona") -> Setting:
    """The calibration of a recipe, as a setting."""
    return Setting(method="tilt", level=level, strength={"all": temperature})


def _calibrated(
    recipe: Recipe, kind: PersonaKind, panel: PanelResult, estimate: PopulationEstimate, level: Level
) -> Method:
    temperature = recipe.calibration.temperature
    if level == "persona":
        widened = _estimate(recipe, panel, calibrate_answers(panel, temperature))
    else:
        widened = calibrate_estimate(estimate, temperature)
    replicates = redrawn_estimates(recipe, panel, tilt_of(temperature, level), recipe.seed)
    return Method(calibrated_name(kind, level), kind, True, widened, replicates)


def redrawn_estimates(
    recipe: Recipe, panel: PanelResult, setting: Setting, seed: int | np.random.SeedSequence
) -> Array | None:
    """Estimates with the personas drawn anew, shape (R, C, M, K); None where the recipe wants no draws.

    One seed keeps methods with the same personas paired.
    """
    if not recipe.scoring.persona_draws:
        return None
    countries = len({persona.country for persona in panel.personas})
    unknown = np.full((countries, *panel.log_p.shape[1:]), np.nan)
    stored = panel_of_run(panel, unknown, {}, method="", max_missing=recipe.respondent.max_missing)
    return persona_replicates(stored, setting, replicates=recipe.scoring.persona_draws, seed=seed)


def _estimate(recipe: Recipe, panel: PanelResult, log_p: Array) -> PopulationEstimate:
    return estimate_populations(panel.personas, panel.questions, log_p, recipe.respondent.max_missing)

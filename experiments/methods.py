"""Answers → one population estimate for each row of the result."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.asking import Asked
from experiments.calibration.panel_of_run import panel_of_run
from experiments.calibration.replicates import persona_replicates
from experiments.calibration.setting import Level, Setting
from experiments.config import PersonaKind, Recipe
from programs.panel import PanelResult
from programs.population import PopulationEstimate, estimate_populations
from programs.widening import calibrate_answers, calibrate_estimate

__all__ = ["Method", "calibrated_name", "predict"]

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
    """

    name: str
    kind: PersonaKind
    calibrated: bool
    estimate: PopulationEstimate
    replicates: Array | None = None


def predict(recipe: Recipe, asked: Asked) -> tuple[Method, ...]:
    """The estimate of each persona kind, uncalibrated, then calibrated at each level of the recipe."""
    methods = []
    for kind, panel in asked.panels.items():
        estimate = _estimate(recipe, panel, panel.log_p)
        replicates = _replicates(recipe, panel, Setting(method="none"))
        methods.append(Method(kind, kind, False, estimate, replicates))
        if kind in recipe.calibration.kinds:
            methods += [_calibrated(recipe, kind, panel, estimate, at) for at in recipe.calibration.levels]
    return tuple(methods)


def calibrated_name(kind: PersonaKind, level: Level) -> str:
    """The name of a calibrated row; only the level that is not the usual one is named."""
    return f"{kind} + calibrated" + (f" ({level})" if level != "persona" else "")


def _calibrated(
    recipe: Recipe, kind: PersonaKind, panel: PanelResult, estimate: PopulationEstimate, level: Level
) -> Method:
    temperature = recipe.calibration.temperature
    if level == "persona":
        widened = _estimate(recipe, panel, calibrate_answers(panel, temperature))
    else:
        widened = calibrate_estimate(estimate, temperature)
    tilted = Setting(method="tilt", level=level, strength={"all": temperature})
    return Method(calibrated_name(kind, level), kind, True, widened, _replicates(recipe, panel, tilted))


def _replicates(recipe: Recipe, panel: PanelResult, setting: Setting) -> Array | None:
    """Estimates with the personas drawn anew; one seed, so that persona kinds stay paired."""
    if not recipe.scoring.persona_draws:
        return None
    countries = len({persona.country for persona in panel.personas})
    unknown = np.full((countries, *panel.log_p.shape[1:]), np.nan)
    stored = panel_of_run(panel, unknown, {}, method="", max_missing=recipe.respondent.max_missing)
    return persona_replicates(stored, setting, replicates=recipe.scoring.persona_draws, seed=recipe.seed)


def _estimate(recipe: Recipe, panel: PanelResult, log_p: Array) -> PopulationEstimate:
    return estimate_populations(panel.personas, panel.questions, log_p, recipe.respondent.max_missing)

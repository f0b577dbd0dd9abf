"""Answers → one population estimate for each row of the result."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from value_personas.experiments.evaluation.calibrated import Prepared
from value_personas.experiments.evaluation.fitted import UNCALIBRATED, Calibration
from value_personas.experiments.evaluation.layout import answers_of
from value_personas.experiments.evaluation.redrawn import persona_replicates
from value_personas.experiments.fieldwork.prompt_file import FittedOn
from value_personas.experiments.recipe.personas import PersonaKind
from value_personas.programs import PanelResult, PopulationEstimate
from value_personas.programs.calibration import Level, Setting
from value_personas.signatures import Array, Question, RecipeError, quotient

if TYPE_CHECKING:  # the answer store, DSPy and all that asks
    from value_personas.experiments.fieldwork.asking import Asked


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
        calibration: what widened it; None where nothing did.
        one_option: shape (C, M), the weighted share of personas that put more than .95 on one option, before
            any calibration; None where it rests on no personas' answers.
    """

    name: str
    kind: PersonaKind
    calibrated: bool
    estimate: PopulationEstimate
    replicates: Array | None = None
    fitted_on: FittedOn | None = None
    calibration: Calibration | None = None
    one_option: Array | None = None

    @property
    def fitted(self) -> NDArray[np.str_]:
        """Which part each cell had in what its prompts and its calibration were fitted on, shape (C, M)."""
        estimate = self.estimate
        return np.array([[self._part_of(c, q) for q in estimate.questions] for c in estimate.countries])

    def _part_of(self, country: str, question: Question) -> str:
        """What was seen in training counts first, then what it was chosen on."""
        fits = (fit for fit in (self.fitted_on, self.calibration) if fit is not None)
        parts = {fit.part_of(country, question) for fit in fits}
        return next((part for part in ("training", "validation") if part in parts), "no")


def predict(
    asked: "Asked",
    calibrations: Sequence[Calibration],
    *,
    calibrated: Collection[PersonaKind],
    max_missing: float,
    draws: int,
    seed: int,
) -> tuple[Method, ...]:
    """The estimate of each persona kind, uncalibrated, then calibrated in every way of the recipe.

    Args:
        asked: the answers of each kind, and the prompts that they rest on.
        calibrations: as ``find_calibrations`` gives them.
        calibrated: the kinds whose answers are.
        max_missing: the share of missing answers beyond which a cell is not estimated.
        draws: how often personas are drawn anew.
        seed: of those draws.

    Raises:
        RecipeError: when a calibration smooths answers that were not counted.
    """
    program = asked.program

    def of_kind(kind: PersonaKind, panel: PanelResult) -> Iterator[Method]:
        seen = program.fitted_on if program is not None and program.serves(kind) else None
        prepared = Prepared(answers_of(panel, max_missing=max_missing))
        wanted = calibrations if kind in calibrated else ()
        for one in (None, *wanted):
            setting = (one or UNCALIBRATED).setting
            _require_counts(setting, panel)
            yield Method(
                name=calibrated_name(kind, setting.level) if one else kind,
                kind=kind,
                calibrated=one is not None,
                estimate=_estimate(prepared, panel.questions, setting),
                replicates=_replicates(prepared, setting, draws, seed),
                fitted_on=seen,
                calibration=one,
                one_option=None if one else _on_one_option(prepared),
            )

    # Kind by kind: the answers of one, laid out, are let go of before those of the next.
    return tuple(method for kind, panel in asked.panels.items() for method in of_kind(kind, panel))


def _on_one_option(prepared: Prepared) -> Array:
    """The weighted share of personas with more than .95 on one option, (C, M); NaN without answers."""
    log_p, weights = prepared.panel.log_p, prepared.panel.weights[:, None, :]
    answered = ~np.isnan(log_p[..., 0])
    total = (answered * weights).sum(axis=2)
    decided = ((log_p > np.log(0.95)).any(axis=3) * weights).sum(axis=2)
    return quotient(decided, total)


def calibrated_name(kind: PersonaKind, level: Level) -> str:
    """The name of a calibrated row; only the level that is not the usual one is named."""
    return f"{kind} + calibrated" + (f" ({level})" if level != "persona" else "")


def estimate_of(panel: PanelResult, setting: Setting, max_missing: float) -> PopulationEstimate:
    """Answers calibrated and averaged."""
    return _estimate(Prepared(answers_of(panel, max_missing=max_missing)), panel.questions, setting)


def _estimate(prepared: Prepared, questions: tuple[Question, ...], setting: Setting) -> PopulationEstimate:
    found, panel = prepared.average(setting), prepared.panel
    p = np.where(panel.mask, found.probabilities, np.nan)
    return PopulationEstimate(panel.countries, questions, p, found.missing_share, found.within, found.between)


def _replicates(prepared: Prepared, setting: Setting, draws: int, seed: int) -> Array | None:
    """Estimates with the personas drawn anew; one seed keeps methods with the same personas paired."""
    return persona_replicates(prepared, setting, replicates=draws, seed=seed) if draws else None


def _require_counts(setting: Setting, panel: PanelResult) -> None:
    if setting.alpha and not panel.draws:
        raise RecipeError(
            f"calibration.fitted: smooths counted answers (α = {setting.alpha:g}), and the model gave "
            "probabilities; set respondent.elicitation.mode to sampled, or calibrate such answers anew"
        )


def in_sample_notes(methods: Sequence[Method], program: str | None, fitted: str | None) -> Iterator[str]:
    """How many cells each method's prompts or calibration have seen: no score of those is held-out.

    Args:
        methods: as ``predict`` gives them.
        program: the recipe's name of the prompts.
        fitted: its name of the calibration.
    """
    for method in methods:
        parts = method.fitted
        seen = int((parts != "no").sum())
        if not seen:
            continue
        apart = "its held-out means stand apart" if seen < parts.size else "none of it is held-out"
        by = [f"prompts ({program}) were tuned"] if method.fitted_on else []
        if method.calibration and method.calibration.record:
            by.append(f"calibration ({fitted}) was fitted")
        yield (
            f"{method.name}: in-sample on {seen} of {parts.size} cells, whose country or question its "
            f"{' or its '.join(f'{one} on' for one in by)}; {apart}"
        )

"""What a recipe's answers are calibrated by: its temperature, or a calibration that was fitted before."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from value_personas.data import first_line, one_line
from value_personas.experiments.evaluation.calibrated import Prepared
from value_personas.experiments.evaluation.layout import shared_answers
from value_personas.experiments.fieldwork.prompt_file import FittedPart, aliases_of
from value_personas.experiments.recipe.personas import PersonaKind
from value_personas.experiments.recipe.recipe import CalibrationSection
from value_personas.experiments.workspace.json_file import read_json
from value_personas.programs import PanelResult
from value_personas.programs.calibration import FittedCalibration, Level, Setting, group_names
from value_personas.programs.elicitation import ElicitationSettings
from value_personas.signatures import Array, Question, RecipeError, StatisticsError, StoreError

_LARGEST = 5_000_000
"""Bytes; the maps of ten scale lengths take some thousands."""

_UNCOUNTED = ("logprobs", "verbalised")
"""Ways of asking that give distributions, in which there is nothing to smooth."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How answers are calibrated.

    Attributes:
        setting: what is applied.
        record: where it comes from; None for the recipe's own temperature.
    """

    setting: Setting
    record: FittedCalibration | None = None

    def part_of(self, country: str, question: Question) -> FittedPart:
        """Which part a cell had in the fit, by its country or its question, as of tuned prompts."""
        seen = self.record is not None and self.record.has_seen(country, question.code, aliases_of(question))
        return "training" if seen else "no"


UNCALIBRATED = Calibration(Setting(method="none"))
"""Answers as they were given."""


def find_calibrations(section: CalibrationSection, file: Path | None) -> tuple[Calibration, ...]:
    """What answers are calibrated by: the recipe's temperature at each of its levels, or what was fitted.

    Args:
        section: of the recipe.
        file: where what it names as fitted lies (``tracking.calibration_file``); None where it names nothing.

    Raises:
        RecipeError: when the file is no calibration of this version.
    """
    if file is None:
        temperature = section.temperature or 1.0
        return tuple(Calibration(tilt_of(temperature, level)) for level in section.levels)
    record = read_calibration(file)
    return (Calibration(record.setting, record),)


def study_calibration(
    section: CalibrationSection, file: Path | None, way: ElicitationSettings, questions: Sequence[Question]
) -> Calibration:
    """The one calibration of a study that has a single row: what is fitted, or each answer's temperature.

    Args:
        section: of the recipe.
        file: as for ``find_calibrations``.
        way: how questions are asked.
        questions: which.

    Raises:
        RecipeError: as ``find_calibrations`` and ``require_applicable``.
    """
    if file is None:
        return Calibration(tilt_of(section.temperature or 1.0))
    (found,) = find_calibrations(section, file)
    require_applicable(way, (found,), questions)
    return found


def tilt_of(temperature: float, level: Level = "persona") -> Setting:
    """A recipe's temperature as a setting."""
    return Setting(method="tilt", level=level, strength={"all": temperature})


def read_calibration(path: Path) -> FittedCalibration:
    """Read a fitted calibration. Nothing in the file is executed.

    Raises:
        RecipeError: when it is absent, damaged or of another version.
    """
    try:
        if path.is_file() and path.stat().st_size > _LARGEST:
            raise StoreError(f"{path}: larger than any calibration ({_LARGEST:,} bytes)")
        return read_json(path, FittedCalibration)
    except StoreError as error:
        raise RecipeError(f"calibration.fitted: {error}") from None


def require_applicable(
    way: ElicitationSettings, calibrations: Sequence[Calibration], questions: Sequence[Question]
) -> None:
    """Calibrate an imagined answer to every question: what cannot be is said before anything is asked.

    Raises:
        RecipeError: when a calibration has no part for a question's scale, smooths answers that are not
            counted, or holds numbers that lead to no distribution.
    """
    for one in calibrations:
        if one.record is None:
            continue
        if one.setting.alpha and way.mode in _UNCOUNTED:
            raise RecipeError(
                f"calibration.fitted: smooths counted answers (α = {one.setting.alpha:g}), and "
                f"{way.mode} answers are not counted; set "
                "respondent.elicitation.mode to sampled, or calibrate the answers of such a run"
            )
        try:
            with np.errstate(all="ignore"):
                p = _on_imagined(one.setting, questions)
        except StatisticsError as error:
            raise RecipeError(f"calibration.fitted: {first_line(error)}") from None
        except (ValueError, IndexError):
            p = np.full(1, np.nan)
        if not (np.isfinite(p).all() and (p >= 0.0).all() and np.allclose(p.sum(axis=-1), 1.0)):
            raise RecipeError("calibration.fitted: its numbers lead to no distribution; it is damaged")


def _on_imagined(setting: Setting, questions: Sequence[Question]) -> Array:
    """The setting applied to one answer to every question, shape (1, M, K)."""
    lengths = [len(question.scale) for question in questions]
    log_p = np.full((1, len(lengths), max(lengths)), np.nan)
    for m, k in enumerate(lengths):
        weight = np.arange(2.0, k + 2.0)
        log_p[0, m, :k] = np.log(weight / weight.sum())
    counted = float(bool(setting.alpha))
    return Prepared(shared_answers(log_p, questions, counted)).estimate(setting)


def calibration_notes(
    section: CalibrationSection,
    calibrations: Sequence[Calibration],
    panels: Mapping[PersonaKind, PanelResult],
    identity: str,
    synthetic: bool,
) -> Iterator[str]:
    """Where a fitted calibration is used on something else than it was fitted to, a sentence each.

    Args:
        section: names the calibration, and the persona kinds that it is for.
        calibrations: what is applied.
        panels: answers of each persona kind of this run.
        identity: what answered here.
        synthetic: whether any part of this run is synthetic.
    """
    panel = next(iter(panels.values()))
    for setting, record in ((one.setting, one.record) for one in calibrations if one.record):
        told = f"calibration {section.fitted}"
        if record.respondent and record.respondent != identity:
            yield f"{told} was fitted to answers of {_shortened(record.respondent)}, not of this run's model"
        if record.elicitation and record.elicitation != how_answered(panel.draws):
            yield f"{told} was fitted to {record.elicitation}, not to {how_answered(panel.draws)} as here"
        for kind in section.kinds:
            if record.kind and kind != record.kind and kind in panels:
                yield f"{told} was fitted to answers of {_shortened(record.kind)}, and is applied to {kind}"
        if record.synthetic and not synthetic:
            yield f"{told} was fitted to synthetic answers: it says nothing about real people"
        groups = group_names(
            setting.per, [len(q.scale) for q in panel.questions], [q.topic for q in panel.questions]
        )
        if setting.strength and (others := set(groups) - set(setting.strength)):
            yield f"{told} has no strength for {', '.join(sorted(others))}: they take the others' mean"


def how_answered(draws: float) -> str:
    """Counted answers, or probabilities: to which of them a calibration was fitted."""
    return f"{draws:g} counted answers" if draws else "probabilities"


def _shortened(name: str) -> str:
    return one_line(name)[:60]

"""A fitted calibration applied to stored answers, each cell marked by what the fit has seen of it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from value_personas.experiments.evaluation.answers import Answers, score_panel
from value_personas.experiments.evaluation.calibrated import Averages, Prepared
from value_personas.experiments.evaluation.fitted import UNCALIBRATED
from value_personas.programs.calibration import FittedCalibration
from value_personas.signatures import Array


@dataclass(frozen=True)
class CalibratedPanel:
    """Answers before and after.

    Attributes:
        panel: the stored answers.
        record: the calibration.
        uncalibrated: what the answers lead to as they were given.
        calibrated: the same, calibrated.
    """

    panel: Answers
    record: FittedCalibration
    uncalibrated: Averages
    calibrated: Averages

    @cached_property
    def part(self) -> NDArray[np.str_]:
        """Shape (C, M): ``oracle``, ``in-sample``, ``new question``, ``new country`` or ``held-out``.

        Only of a held-out cell has the fit seen neither the country nor the question.
        """
        country = np.isin(self.panel.countries, self.record.countries)[:, None]
        question = np.isin(self.panel.questions, self.record.questions)[None, :]
        seen = "oracle" if self.record.oracle else "in-sample"
        return np.select(
            [country & question, country & ~question, ~country & question],
            [seen, "new question", "new country"],
            "held-out",
        )

    def scores(self, calibrated: bool = True) -> dict[str, Array]:
        """Score → shape (C, M), of all cells whatever the fit has seen of them."""
        averages = self.calibrated if calibrated else self.uncalibrated
        return score_panel(self.panel, averages.probabilities)


def apply_calibration(record: FittedCalibration, panel: Answers) -> CalibratedPanel:
    """Apply a record to any stored answers, those it was fitted on included."""
    prepared = Prepared(panel)
    return CalibratedPanel(
        panel,
        record,
        prepared.average(UNCALIBRATED.setting),
        prepared.average(record.setting),
    )

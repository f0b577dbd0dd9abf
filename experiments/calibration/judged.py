"""A fitted calibration applied to stored answers, each cell marked by what the fit has seen of it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from value_personas.experiments.evaluation.answers import StoredPanel
from value_personas.experiments.evaluation.calibrated import Prepared, Spread
from value_personas.experiments.scoring import score_cells
from value_personas.programs.calibration import FittedCalibration, Setting

__all__ = ["CalibratedPanel", "apply_calibration"]

Array = NDArray[np.float64]

UNCALIBRATED = Setting(method="none")


@dataclass(frozen=True)
class CalibratedPanel:
    """Answers before and after.

    Attributes:
        panel: the stored answers.
        record: the calibration.
        before: shape (C, M, K), the uncalibrated estimate; NaN throughout a cell that is not estimated.
        after: the same, calibrated.
        spread_before: the predicted variance, split.
        spread_after: the same, calibrated.
    """

    panel: StoredPanel
    record: FittedCalibration
    before: Array
    after: Array
    spread_before: Spread
    spread_after: Spread

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
        estimate = self.after if calibrated else self.before
        return score_cells(self.panel.human, estimate, self.panel.scores, self.panel.mask)


def apply_calibration(record: FittedCalibration, panel: StoredPanel) -> CalibratedPanel:
    """Apply a record to any stored answers, those it was fitted on included."""
    prepared = Prepared(panel)
    untouched = UNCALIBRATED.model_copy(update={"level": "persona"})
    return CalibratedPanel(
        panel,
        record,
        prepared.estimate(untouched),
        prepared.estimate(record.setting),
        prepared.spread(untouched),
        prepared.spread(record.setting),
    )

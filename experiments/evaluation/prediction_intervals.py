"""How far a single prediction may be off: an interval for every cell, out of the errors of others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from value_personas.experiments.inference import conformal_half_widths
from value_personas.signatures import Array


@dataclass(frozen=True, slots=True)
class HalfWidths:
    """Half the width of one method's intervals; shapes (C, M), NaN where too few errors are known.

    Attributes:
        mean: of the predicted means, as a share of the scale.
        options: of the predicted shares of all options of a cell at once.
    """

    mean: Array
    options: Array


@dataclass(frozen=True, slots=True)
class PredictionErrors:
    """How far predictions of C countries × M questions were off, where people's answers are known.

    Attributes:
        countries: C codes.
        questions: M codes.
        means: method → shape (C, M), |predicted − human mean| as a share of the scale; NaN where people were
            not asked, nothing is estimated, or the method was fitted on the cell.
        options: method → shape (C, M), the largest |predicted − human share| of an option; likewise.
    """

    countries: tuple[str, ...]
    questions: tuple[str, ...]
    means: Mapping[str, Array]
    options: Mapping[str, Array]

    @classmethod
    def of_tables(cls, scores: pd.DataFrame, estimates: pd.DataFrame) -> "PredictionErrors":
        """Read them off the tables of a run."""
        countries, questions = (tuple(scores[name].drop_duplicates()) for name in ("country", "question"))
        held_out = scores[scores["fitted"].astype(str) == "no"]
        off = (held_out["predicted_share"] - held_out["human_share"]).abs()
        cell = ["method", "country", "question"]
        worst = (
            (estimates["predicted"] - estimates["human"]).abs().groupby([estimates[c] for c in cell]).max()
        )
        keys = pd.MultiIndex.from_frame(held_out[cell])

        def by_method(values: "pd.Series[float]") -> dict[str, Array]:
            return {
                str(method): part.droplevel(0)
                .unstack()
                .reindex(index=countries, columns=questions)
                .to_numpy(float)
                for method, part in values.groupby(level=0, sort=False)
            }

        return cls(countries, questions, by_method(off.set_axis(keys)), by_method(worst.reindex(keys)))

    def half_widths(
        self, method: str, countries: Sequence[str], questions: Sequence[str], level: float
    ) -> HalfWidths:
        """The intervals of a method's predictions of some countries and questions.

        Args:
            method: one of ``means``; of any other nothing is known.
            countries: codes of the countries that are predicted.
            questions: codes of the questions.
            level: how often intervals hold, 0–1.
        """
        if method not in self.means:
            unknown = np.full((len(countries), len(questions)), np.nan)
            return HalfWidths(unknown, unknown)
        mean, options = (
            conformal_half_widths(
                errors[method], self.countries, self.questions, (countries, questions), level=level
            )
            for errors in (self.means, self.options)
        )
        return HalfWidths(mean, options)

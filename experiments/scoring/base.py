"""A score, with everything that is known of it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from value_personas.experiments.scoring.cells import Cells
from value_personas.signatures import Array, StatisticsError


@dataclass(frozen=True, slots=True)
class Score:
    """A score of one cell. What tables, figures, tests and searches do with it follows from what stands here.

    Attributes:
        heading: its name for people.
        meaning: one sentence with the formula, for a glossary.
        kernel: cells of shape (..., K) → values of shape (...), NaN where undefined.
        best: where a perfect prediction lies.
        better: the direction of improvement; ``target`` means nearer to ``best`` from either side.
        mean: how cells are averaged; ``median`` for a ratio, whose mean hangs on the few cells that are far
            off, and whose geometric mean passes over cells at 0.
        possible: between which values it lies, whatever is predicted: no interval goes beyond.
        unit: what an axis says of its values.
        headline: whether it stands in the table of every method, beside its noise floor.
        leading: whether it stands in figures and narrow tables too, and, where lower is better, in the
            paired tests.
        of_shape: whether a calibration that keeps the mean moves it: it is shown before and after.
    """

    heading: str
    meaning: str
    kernel: Callable[[Cells], Array]
    best: float = 0.0
    better: Literal["lower", "higher", "target"] = "lower"
    mean: Literal["arithmetic", "median"] = "arithmetic"
    possible: tuple[float, float] = (-math.inf, math.inf)
    unit: str = ""
    headline: bool = False
    leading: bool = False
    of_shape: bool = False

    def __post_init__(self) -> None:
        if self.mean not in ("arithmetic", "median"):
            raise StatisticsError(
                f"score {self.heading}: mean must be arithmetic or median, got {self.mean!r}"
            )

    def cut(self, ends: Array) -> Array:
        """Ends of intervals, within what is possible; of a score to be low never below its best.

        A mean lies between the same ends, so that an interval that is cut holds it as often.
        """
        least, most = self.possible
        return np.asarray(np.clip(ends, self.best if self.better == "lower" else least, most))

    def of(self, cells: Cells) -> Array:
        """Its values, shape (...).

        Raises:
            StatisticsError: when the kernel gives another shape.
        """
        values = np.asarray(self.kernel(cells), dtype=np.float64)
        if values.shape != (shape := cells.human.shape[:-1]):
            raise StatisticsError(
                f"score {self.heading}: gave shape {values.shape} for cells of shape {shape}"
            )
        return values

    def as_error(self, values: ArrayLike) -> Array:
        """Turn values so that 0 is best and lower is better.

        What is better the higher is measured from its best, in units of it; what has a target, by its
        distance from it; of a ratio that is the absolute logarithm, in which 2 and ½ are equally wrong.

        Returns:
            The same shape; infinite for a ratio of 0, NaN where a value is.
        """
        v = np.asarray(values, dtype=np.float64)
        if self.mean == "median":
            with np.errstate(divide="ignore"):
                return np.asarray(np.abs(np.log(v / self.best)))
        if self.better == "higher":
            return np.asarray((self.best - v) / (abs(self.best) or 1.0))
        return np.asarray(np.abs(v - self.best))

    @property
    def furthest(self) -> float:
        """How far apart two values of ``as_error`` can be at most; infinite where nothing bounds them."""
        return float(self.as_error(np.array(self.possible)).max())

    def cell_loss(self, values: ArrayLike) -> Array:
        """``as_error`` made finite: of a ratio v, 1 − min(v, 1/v), from 0, right, to 1."""
        v = np.asarray(values, dtype=np.float64)
        if self.mean != "median":
            return self.as_error(v)
        inverse = np.divide(self.best, v, out=np.zeros_like(v), where=~(v <= 0.0))
        return np.asarray(1.0 - np.minimum(v / self.best, inverse))

    def loss(self, values: Array) -> float:
        """One finite number for a search to minimise from many cells; NaN where none is defined.

        Lower-is-better scores: their mean. Others: |mean − best|. A ratio: the mean of ``cell_loss``.
        """
        known = values[~np.isnan(values)]
        if not known.size:
            return float("nan")
        if self.mean == "median":
            return float(self.cell_loss(known).mean())
        mean = float(known.mean())
        return mean if self.better == "lower" else abs(mean - self.best)

    def average(self, values: Array) -> float:
        """The mean, or the median, over defined cells of any shape; NaN without one."""
        known = values[~np.isnan(values)]
        if not known.size:
            return float("nan")
        return float(np.median(known) if self.mean == "median" else known.mean())

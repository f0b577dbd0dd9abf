"""Stored answers laid out for calibration: checked and transposed once, then read by every trial."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from value_personas.experiments.evaluation.answers import StoredPanel, TrainingPanel
from value_personas.programs import LEEWAY
from value_personas.programs.calibration import (
    FITTED_METHODS,
    Distributions,
    Level,
    Setting,
    build_calibrator,
    group_names,
    smooth,
    variance,
)
from value_personas.signatures import StatisticsError

__all__ = ["Prepared", "Rows", "Spread"]

Array = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Rows:
    """Distributions that are calibrated together, and the cells that they are averaged into.

    Attributes:
        distributions: n rows of at most K options.
        question: shape (n,), each row's question.
        cell: shape (cells,), the flat country × question index of each cell, in the order of the rows.
        start: shape (cells,), the first row of each cell.
        weight: shape (n,), each row's share of its cell.
        persona: shape (n,), each row's persona within its country; 0 for rows that are averages.
        options: K where all rows have the same, else 0.
    """

    distributions: Distributions
    question: Ints
    cell: Ints
    start: Ints
    weight: Array
    persona: Ints
    options: int

    def average(self, q: Array) -> Array:
        """Rows (K, n) averaged into cells (K, cells)."""
        if len(self.start) == len(self.weight):
            return q
        return np.add.reduceat(q * self.weight, self.start, axis=1)


@dataclass(frozen=True)
class Spread:
    """A cell's predicted variance and its parts, each of shape (C, M), in score points².

    Attributes:
        within: the weighted mean of the personas' own variances.
        between: the weighted variance of the personas' means.
    """

    within: Array
    between: Array

    @property
    def total(self) -> Array:
        """Within and between together: the variance of the population's distribution."""
        return self.within + self.between


class Prepared:
    """A panel ready for any number of settings.

    Args:
        panel: stored answers. Cells with more missing than the panel allows are not estimated.
    """

    def __init__(self, panel: StoredPanel | TrainingPanel) -> None:
        self.panel = panel
        self._rows = lru_cache(maxsize=64)(self._make_rows)

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """(C, M, K)."""
        c, m, _, k = self.panel.log_p.shape
        return c, m, k

    def estimate(self, setting: Setting) -> Array:
        """Calibrate and average.

        Returns:
            Shape (C, M, K): 0 beyond a question's options, NaN throughout a cell that is not estimated.
        """
        c, m, k = self.shape
        out = np.where(self.panel.mask, np.nan, 0.0)[None].repeat(c, axis=0).reshape(c * m, k)
        for rows in self.rows(setting):
            q = rows.average(self.calibrate_rows(setting, rows))
            out[rows.cell, : q.shape[0]] = q.T
        return out.reshape(c, m, k)

    def spread(self, setting: Setting) -> Spread:
        """The predicted variance of every cell, split.

        At population level the personas' means are as answered, so all that calibration adds is within.
        """
        if setting.level == "population":
            before = self.spread(setting.model_copy(update={"level": "persona", "method": "none"}))
            q = self.estimate(setting)
            mean = (q * self._scores).sum(axis=-1, keepdims=True)
            total = (q * (self._scores - mean) ** 2).sum(axis=-1)
            return Spread(total - before.between, before.between)
        within, between = np.full((2, self.shape[0] * self.shape[1]), np.nan)
        for rows in self.rows(setting):
            q, r = self.calibrate_rows(setting, rows), rows.distributions.scores
            within[rows.cell], between[rows.cell] = _parts(rows, q, r)
        shape = self.shape[:2]
        return Spread(within.reshape(shape), between.reshape(shape))

    def rows(self, setting: Setting) -> tuple[Rows, ...]:
        """The rows that a setting works on, smoothed as it says; made once for each smoothing."""
        draws = self.panel.draws
        if setting.alpha and not draws:
            raise StatisticsError(
                "these answers are log-probabilities, not counts: there is nothing to smooth; set alpha to 0"
            )
        split = setting.method in FITTED_METHODS or setting.level == "persona"
        return self._rows(setting.level, split, setting.alpha, setting.keeps_mean_of == "raw")

    def _make_rows(self, level: Level, split: bool, alpha: float, raw: bool) -> tuple[Rows, ...]:
        if alpha:
            personas = tuple(
                _with(rows, smooth(rows.distributions, self.panel.draws, alpha, keep_mean=raw))
                for rows in self._rows("persona", True, 0.0, True)
            )
        elif level == "persona":
            return tuple(self._persona_rows(int(k)) for k in np.unique(self.panel.lengths))
        else:
            personas = self._rows("persona", True, 0.0, True)
        if level == "persona":
            return personas
        return _population_rows(personas) if split else (_joined(personas, self.shape[2]),)

    def _persona_rows(self, k: int) -> Rows:
        """All answers to questions of k options, persona by persona within a cell."""
        panel = self.panel
        questions = np.flatnonzero(panel.lengths == k)
        p = panel.log_p[:, questions, :, :k]
        weights = np.broadcast_to(panel.weights[:, None, :], p.shape[:3])
        valid = ~np.isnan(p[..., 0]) & (weights > 0)
        share = np.where(valid, weights, 0.0).sum(axis=2)
        valid &= (share >= 1.0 - panel.max_missing - LEEWAY)[:, :, None] & (share > 0.0)[:, :, None]
        c, m, n = np.nonzero(valid)
        cell, start = np.unique(c * self.shape[1] + questions[m], return_index=True)
        distributions = Distributions.check_rows(
            p[valid], panel.scores[questions[m], :k], np.ones((1, k), dtype=np.bool_), (len(c),), log=True
        )
        order = np.argsort(start)
        return Rows(
            distributions, questions[m], cell[order], start[order], weights[valid] / share[c, m], n, k
        )

    def calibrate_rows(self, setting: Setting, rows: Rows) -> Array:
        """One block of rows calibrated, each by its question's strength; shape (K, n)."""
        names = group_names(setting.per, self.panel.lengths.tolist(), self.panel.topics)
        by_question = setting.strengths(names)
        same = bool((by_question == by_question[0]).all())
        strength = float(by_question[0]) if same else by_question[rows.question]
        return build_calibrator(setting, strength, rows.options)(rows.distributions)

    @cached_property
    def _scores(self) -> Array:
        return np.where(self.panel.mask, self.panel.scores, 0.0)


def _with(rows: Rows, distributions: Distributions) -> Rows:
    return Rows(distributions, rows.question, rows.cell, rows.start, rows.weight, rows.persona, rows.options)


def _population_rows(personas: tuple[Rows, ...]) -> tuple[Rows, ...]:
    """Each cell's average as one row."""
    out = []
    for rows in personas:
        p = rows.average(rows.distributions.p)
        with np.errstate(divide="ignore"):
            log_p = np.log(p / p.sum(axis=0))
        d = rows.distributions
        scores = d.scores if d.scores.shape[1] == 1 else d.scores[:, rows.start]
        averaged = Distributions(log_p, scores, d.mask, (p.shape[1],))
        n = p.shape[1]
        out.append(
            Rows(
                averaged,
                rows.question[rows.start],
                rows.cell,
                np.arange(n),
                np.ones(n),
                np.zeros(n, dtype=np.intp),
                rows.options,
            )
        )
    return tuple(out)


def _joined(personas: tuple[Rows, ...], k: int) -> Rows:
    """Population rows of every scale length in one block: few rows are cheapest solved together."""
    parts = _population_rows(personas)
    n = sum(len(rows.cell) for rows in parts)
    log_p, scores, mask = np.full((k, n), -np.inf), np.zeros((k, n)), np.zeros((k, n), dtype=np.bool_)
    at = 0
    for rows in parts:
        block = (slice(rows.options), slice(at, at + len(rows.cell)))
        log_p[block], scores[block], mask[block] = rows.distributions.log_p, rows.distributions.scores, True
        at += len(rows.cell)
    return Rows(
        Distributions(log_p, scores, mask, (n,)),
        np.concatenate([rows.question for rows in parts]),
        np.concatenate([rows.cell for rows in parts]),
        np.arange(n),
        np.ones(n),
        np.zeros(n, dtype=np.intp),
        0,
    )


def _parts(rows: Rows, q: Array, scores: Array) -> tuple[Array, Array]:
    """Variance within and between the personas of each cell, shapes (cells,)."""
    mean = (q * scores).sum(axis=0)
    if len(rows.start) == len(rows.weight):
        return variance(q, scores), np.zeros(len(rows.cell))
    within = np.add.reduceat(variance(q, scores) * rows.weight, rows.start)
    grand = np.add.reduceat(mean * rows.weight, rows.start)
    size = np.diff(np.append(rows.start, len(mean)))
    between = np.add.reduceat((mean - np.repeat(grand, size)) ** 2 * rows.weight, rows.start)
    return within, between

"""Answers calibrated and averaged: the one way from a panel's answers to what a population is predicted."""

import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from value_personas.experiments.evaluation.answers import Answers, TrainingAnswers
from value_personas.experiments.evaluation.layout import shared_answers
from value_personas.programs import LEEWAY, PanelResult, average_answers, weighted_means
from value_personas.programs.calibration import (
    METHODS,
    Distributions,
    Level,
    Setting,
    build_calibrator,
    group_names,
    smooth,
)
from value_personas.signatures import Array, StatisticsError

Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Rows:
    """Distributions that are calibrated together, and the cells that they belong to.

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

    @property
    def cell_of_row(self) -> Ints:
        """Shape (n,), the cell of each row."""
        return np.repeat(self.cell, np.diff(np.append(self.start, len(self.weight))))

    def only(self, which: Ints) -> "Rows":
        """Some rows of one question, their cells left out: enough to be calibrated."""
        d, none = self.distributions, np.empty(0, dtype=np.intp)
        alone = Distributions(
            np.ascontiguousarray(d.log_p[:, which]), d.scores[:, which[:1]], d.mask, (len(which),)
        )
        return Rows(
            alone, self.question[which], none, none, self.weight[which], self.persona[which], self.options
        )


@dataclass(frozen=True)
class Averages:
    """What populations are predicted to answer, and how it spreads.

    Attributes:
        probabilities: shape (C, M, K); 0 beyond a question's options, NaN throughout a cell that is not
            estimated.
        missing_share: shape (C, M), the weighted share of personas without an answer.
        within: shape (C, M), the weighted mean of the personas' own variances, in score points².
        between: shape (C, M), the weighted variance of the personas' means.
    """

    probabilities: Array
    missing_share: Array
    within: Array
    between: Array

    @property
    def total(self) -> Array:
        """Within and between together: the variance of the population's distribution."""
        return self.within + self.between


class Prepared:
    """Answers laid out for any number of settings: checked and transposed once, then read by each.

    Args:
        panel: stored answers. Cells with more missing than the panel allows are not estimated.
        keep: whether rows stay for the next setting, for a search: they take twice the answers' memory.
    """

    def __init__(self, panel: Answers | TrainingAnswers, *, keep: bool = False) -> None:
        self.panel = panel
        own: Prepared = weakref.proxy(self)  # no circle: a hundred megabytes go with their last user
        kept = lru_cache(maxsize=64)(lambda *what: tuple(own._make_rows(*what)))
        self._rows = kept if keep else lambda *what: own._make_rows(*what)

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """(C, M, K)."""
        c, m, _, k = self.panel.log_p.shape
        return c, m, k

    @cached_property
    def estimated(self) -> NDArray[np.bool_]:
        """Shape (C, M), whether so few answers are missing that the cell counts."""
        answered = ~np.isnan(self.panel.log_p[..., 0])
        share = np.where(answered, self.panel.weights[:, None, :], 0.0).sum(axis=2)
        return np.asarray((share >= 1.0 - self.panel.max_missing - LEEWAY) & (share > 0.0))

    def answers(self, setting: Setting) -> Array:
        """Every persona's answer: smoothed, and calibrated where the setting is of persona level.

        Returns:
            Probabilities, shape (C, M, N, K); NaN where ``log_p`` is.
        """
        own = setting if setting.level == "persona" else _uncalibrated(setting)
        if own.method == "none" and not own.alpha:
            return np.exp(self.panel.log_p)
        m = self.shape[1]
        out = np.full(self.panel.log_p.shape, np.nan)
        # Question by question, so that a cell comes to the same digits whatever else is asked: how far the
        # solver rounds depends on what it solves together.
        for rows in self.rows(own):
            country = rows.cell_of_row // m
            for question in np.unique(rows.question):
                which = np.flatnonzero(rows.question == question)
                q = self.calibrate_rows(own, rows.only(which))
                out[country[which], question, rows.persona[which], : rows.options] = q.T
        return out

    def estimate(self, setting: Setting) -> Array:
        """Calibrate and average; shape (C, M, K), as ``Averages.probabilities``."""
        if setting.level == "population":
            return self._calibrated_averages(setting)
        own = self._each_country(setting)
        return self._filled(np.stack([weighted_means(*o, self.panel.mask, self._most)[0][0] for o in own]))

    def average(self, setting: Setting) -> Averages:
        """The same with its missing answers and its variance split.

        At population level the personas' means are as answered, so all that calibration adds is within.
        Where a population is of two minds its average is wider than a tilt makes it; then the part within can
        fall below zero, and the sum alone has a meaning.
        """
        scores = np.where(self.panel.mask, self.panel.scores, np.nan)
        parts = [average_answers(w[0], q, scores, self._most) for w, q in self._each_country(setting)]
        means, missing, within, between = (np.stack(arrays) for arrays in zip(*parts, strict=True))
        if setting.level == "persona":
            return Averages(self._filled(means), missing, within, between)
        q, r = self._calibrated_averages(setting), self._scores
        total = (q * r**2).sum(axis=-1) - (q * r).sum(axis=-1) ** 2
        return Averages(q, missing, total - between, between)

    def rows(self, setting: Setting) -> Iterable[Rows]:
        """The rows that a setting works on, smoothed as it says, a block at a time."""
        if setting.alpha and not self.panel.draws:
            raise StatisticsError(
                "these answers are log-probabilities, not counts: there is nothing to smooth; set alpha to 0"
            )
        split = METHODS[setting.method].learns or setting.level == "persona"
        return self._rows(setting.level, split, setting.alpha, setting.keeps_mean_of == "raw")

    def calibrate_rows(self, setting: Setting, rows: Rows) -> Array:
        """One block of rows calibrated, each by its question's strength; shape (K, n)."""
        names = group_names(setting.per, self.panel.lengths.tolist(), self.panel.topics)
        by_question = setting.strengths(names)
        same = bool((by_question == by_question[0]).all())
        strength = float(by_question[0]) if same else by_question[rows.question]
        return build_calibrator(setting, strength, rows.options)(rows.distributions)

    def _calibrated_averages(self, setting: Setting) -> Array:
        c, m, k = self.shape
        out = np.where(self.panel.mask, np.nan, 0.0)[None].repeat(c, axis=0).reshape(c * m, k)
        for rows in self.rows(setting):
            q = self.calibrate_rows(setting, rows)
            out[rows.cell, : q.shape[0]] = q.T
        return out.reshape(c, m, k)

    def _make_rows(self, level: Level, split: bool, alpha: float, raw: bool) -> Iterator[Rows]:
        lengths = self.panel.lengths
        if level == "population":
            smoothed = Setting(method="none", alpha=alpha, keeps_mean_of="raw" if raw else "smoothed")
            averages = self.estimate(smoothed)
            blocks = [np.flatnonzero(lengths == k) for k in np.unique(lengths)] if split else [...]
            for block in blocks:
                yield self._average_rows(averages, np.arange(self.shape[1])[block])
        elif alpha:
            for rows in self._rows("persona", True, 0.0, True):
                yield _with(rows, smooth(rows.distributions, self.panel.draws, alpha, keep_mean=raw))
        else:
            yield from (self._persona_rows(int(k)) for k in np.unique(lengths))

    def _persona_rows(self, k: int) -> Rows:
        """All answers to questions of k options, persona by persona within a cell."""
        panel, weights = self.panel, self.panel.weights[:, None, :]
        questions = np.flatnonzero(panel.lengths == k)
        valid = ~np.isnan(panel.log_p[..., 0][:, questions]) & (weights > 0)
        share = np.where(valid, weights, 0.0).sum(axis=2)
        c, m, n = np.nonzero(valid)
        question = questions[m]
        cell = c * self.shape[1] + question
        start = np.flatnonzero(np.diff(cell, prepend=-1))
        scores = panel.scores[questions, :k]
        same = (scores == scores[:1]).all()
        scores = np.broadcast_to(scores[:1], (len(c), k)) if same else scores[m]
        distributions = Distributions.check_rows(
            panel.log_p[c, question, n, :k], scores, np.ones((1, k), dtype=np.bool_), (len(c),), log=True
        )
        weight = panel.weights[c, n] / share[c, m]
        return Rows(distributions, question, cell[start], start, weight, n, k)

    def _average_rows(self, averages: Array, questions: Ints) -> Rows:
        """Each cell's average as one row. Few rows are cheapest solved together, whatever their lengths."""
        k = int(self.panel.lengths[questions].max())
        c, m = np.nonzero(~np.isnan(averages[:, questions, 0]))
        own = questions[m]
        mask, n = self.panel.mask[own, :k], len(own)
        return Rows(
            Distributions.check_rows(averages[c, own, :k], self._scores[own, :k], mask, (n,), log=False),
            own,
            c * self.shape[1] + own,
            np.arange(n),
            np.ones(n),
            np.zeros(n, dtype=np.intp),
            k if mask.all() else 0,
        )

    def _each_country(self, setting: Setting) -> Iterator[tuple[Array, Array]]:
        """A country's personas, without the padding: weights (1, N) and answers (N, M, K)."""
        own = setting if setting.level == "persona" else _uncalibrated(setting)
        as_given = own.method == "none" and not own.alpha
        every = self.panel.log_p if as_given else self.answers(own)
        for weights, answers in zip(self.panel.borne, every, strict=True):
            there = weights > 0
            p = answers.transpose(1, 0, 2)[there]
            yield weights[None, there], np.exp(p, out=p) if as_given else p

    def _filled(self, q: Array) -> Array:
        return np.where(self.panel.mask, q, 0.0)

    @property
    def _most(self) -> float:
        return self.panel.max_missing

    @cached_property
    def _scores(self) -> Array:
        return np.where(self.panel.mask, self.panel.scores, 0.0)


class SharedAnswers:
    """Answers of texts that several populations share: calibrated once, averaged with any weights.

    Args:
        panel: T texts × M questions.
        setting: how answers or averages are calibrated.
    """

    def __init__(self, panel: PanelResult, setting: Setting) -> None:
        self._answers = shared_answers(panel.log_p, panel.questions, panel.draws)
        self._setting = setting
        self._p = Prepared(self._answers).answers(setting)[0].transpose(1, 0, 2)

    def means(self, weights: Array, max_missing: float, texts: NDArray[np.intp] | None = None) -> Array:
        """Average under several sets of weights.

        Args:
            weights: shape (B, T), as for ``weighted_means``.
            max_missing: as there.
            texts: the places of those texts that the weights are of; all by default.

        Returns:
            Shape (B, M, K), NaN beyond a question's options and where a cell is not estimated.
        """
        p = self._p if texts is None else self._p[texts]
        means, _ = weighted_means(weights, p, self._answers.mask, max_missing)
        if self._setting.level == "persona":
            return means
        averages = Prepared(as_answers(self._answers, means)).estimate(smoothed_already(self._setting))
        return np.where(self._answers.mask, averages, np.nan)


def as_answers(panel: Answers | TrainingAnswers, averages: Array) -> Answers:
    """Averages (B, M, K) as if each were one persona of a country of its own."""
    with np.errstate(divide="ignore"):
        log_p = np.log(np.where(panel.mask, averages, np.nan))
    values: dict[str, Any] = {field.name: getattr(panel, field.name) for field in fields(panel)}
    b = len(averages)
    if b != len(panel.countries):
        names = tuple(map(str, range(b)))
        human = np.full(averages.shape, np.nan)
        values |= {"countries": names, "zones": names, "human": human}
    one = np.ones((b, 1))
    values |= {"people": np.zeros((b, 1), dtype=np.intp), "texts": 1, "weights": one, "borne": one}
    values["jackknife"] = np.empty((0, 0, 0))
    values["log_p"] = log_p[:, :, None, :]
    return Answers(**values)


def smoothed_already(setting: Setting) -> Setting:
    """What is still to be done to averages of smoothed answers."""
    return setting.model_copy(update={"alpha": 0.0})


def _uncalibrated(setting: Setting) -> Setting:
    """The answers that a population's average is made of: smoothed, nothing else."""
    return setting.model_copy(update={"method": "none", "level": "persona"})


def _with(rows: Rows, distributions: Distributions) -> Rows:
    return Rows(distributions, rows.question, rows.cell, rows.start, rows.weight, rows.persona, rows.options)

"""The ways of widening answers, behind one protocol, each saying whether it keeps the mean."""

from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_softmax

from value_personas.programs.calibration.distributions import Distributions
from value_personas.programs.calibration.maximum_entropy import end_point_law, maximum_entropy_law
from value_personas.programs.calibration.tilt import solve_tilt, tilt_rows
from value_personas.signatures import Array, StatisticsError

Strength = Literal["T", "λ", ""]


class Calibrator(Protocol):
    """A way of changing answer distributions; it holds its parameters and no state.

    Attributes:
        name: as it stands in tables and settings.
        keeps_mean: whether every row's mean stays as it is, to 1e-9 of the range.
        strength: how its one number is written: a temperature T, a mixing weight λ in [0, 1], or no such.
        learns: whether it has parts that are learnt from human distributions, one for each scale length.
    """

    name: ClassVar[str]
    keeps_mean: ClassVar[bool]
    strength: ClassVar[Strength]
    learns: ClassVar[bool]

    def __call__(self, rows: Distributions) -> Array:
        """Calibrate n checked distributions.

        Returns:
            Probabilities, shape (K, n), summing to 1 on each row's own options and 0 elsewhere.
        """
        ...


def calibrate(
    calibrator: Calibrator,
    p: ArrayLike,
    scores: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    log: bool = False,
) -> Array:
    """Apply any calibrator to arrays from outside; arguments as ``tilt``.

    Returns:
        Probabilities, shape (..., K).
    """
    rows = Distributions.check(p, scores, mask, log=log)
    return rows.restore(calibrator(rows))


@dataclass(frozen=True, slots=True)
class Uncalibrated:
    """q = p."""

    name: ClassVar[str] = "none"
    keeps_mean: ClassVar[bool] = True
    strength: ClassVar[Strength] = ""
    learns: ClassVar[bool] = False

    def __call__(self, rows: Distributions) -> Array:
        """See ``Calibrator``."""
        return rows.p


@dataclass(frozen=True, slots=True)
class Tilt:
    """q ∝ p^(1/T) · exp(β·r) with E_q[r] = E_p[r]; T a number, or one for each row."""

    temperature: float | Array
    name: ClassVar[str] = "tilt"
    keeps_mean: ClassVar[bool] = True
    strength: ClassVar[Strength] = "T"
    learns: ClassVar[bool] = False

    def __call__(self, rows: Distributions) -> Array:
        """See ``Calibrator``."""
        log_q = tilt_rows(rows, self.temperature)
        return np.exp(log_q, out=log_q)


@dataclass(frozen=True, slots=True)
class PlainTemperature:
    """q ∝ p^(1/T): the usual temperature, which moves the mean toward the middle of the support."""

    temperature: float | Array
    name: ClassVar[str] = "temperature"
    keeps_mean: ClassVar[bool] = False
    strength: ClassVar[Strength] = "T"
    learns: ClassVar[bool] = False

    def __call__(self, rows: Distributions) -> Array:
        """See ``Calibrator``."""
        return np.asarray(np.exp(log_softmax(rows.log_p / np.asarray(self.temperature), axis=0)))


@dataclass(frozen=True, slots=True)
class UniformShrinkage:
    """q = (1 − λ)·p + λ·uniform."""

    weight: float | Array
    name: ClassVar[str] = "uniform"
    keeps_mean: ClassVar[bool] = False
    strength: ClassVar[Strength] = "λ"
    learns: ClassVar[bool] = False

    def __call__(self, rows: Distributions) -> Array:
        """See ``Calibrator``."""
        return _mix(rows.p, np.where(rows.mask, 1.0 / rows.mask.sum(axis=0), 0.0), self.weight)


@dataclass(frozen=True, slots=True)
class MaximumEntropyMix:
    """q = (1 − λ)·p + λ·(the maximum-entropy law with p's mean)."""

    weight: float | Array
    name: ClassVar[str] = "maximum-entropy"
    keeps_mean: ClassVar[bool] = True
    strength: ClassVar[Strength] = "λ"
    learns: ClassVar[bool] = False

    def __call__(self, rows: Distributions) -> Array:
        """See ``Calibrator``."""
        return _mix(rows.p, maximum_entropy_law(rows), self.weight)


@dataclass(frozen=True, slots=True)
class EndPointMix:
    """q = (1 − λ)·p + λ·(the two-point law on the scale's ends with p's mean).

    It reaches every variance from p's own up to (m − r₁)(r_K − m).
    """

    weight: float | Array
    name: ClassVar[str] = "end-points"
    keeps_mean: ClassVar[bool] = True
    strength: ClassVar[Strength] = "λ"
    learns: ClassVar[bool] = False

    def __call__(self, rows: Distributions) -> Array:
        """See ``Calibrator``."""
        return _mix(rows.p, end_point_law(rows), self.weight)


@dataclass(frozen=True, slots=True)
class PooledShape:
    """q = (1 − λ)·p + λ·(the pooled human shape of a scale length, tilted to p's mean).

    Attributes:
        weight: λ in [0, 1], a number or one for each row.
        shape: shape (K,), positive; see ``pool_shape``. Rows must all have these K options.
    """

    weight: float | Array
    shape: Array
    name: ClassVar[str] = "pooled-shape"
    keeps_mean: ClassVar[bool] = True
    strength: ClassVar[Strength] = "λ"
    learns: ClassVar[bool] = True

    def __call__(self, rows: Distributions) -> Array:
        """See ``Calibrator``."""
        _same_options(rows, len(self.shape))
        log_shape = np.broadcast_to(np.log(self.shape)[:, None], rows.log_p.shape)
        return _mix(rows.p, np.exp(solve_tilt(log_shape, rows.scores, rows.p)), self.weight)


@dataclass(frozen=True, slots=True)
class DirichletCalibration:
    """q = softmax(W · log p + b), fitted by ``fit_dirichlet`` for one scale length.

    Attributes:
        weights: W, shape (K, K).
        bias: b, shape (K,).
    """

    weights: Array
    bias: Array
    name: ClassVar[str] = "dirichlet"
    keeps_mean: ClassVar[bool] = False
    strength: ClassVar[Strength] = ""
    learns: ClassVar[bool] = True

    def __call__(self, rows: Distributions) -> Array:
        """See ``Calibrator``."""
        _same_options(rows, len(self.bias))
        if not np.isfinite(rows.log_p).all():
            raise StatisticsError(
                "Dirichlet calibration needs every option to have some probability; "
                "smooth the answers (alpha > 0)"
            )
        return np.exp(log_softmax(self.weights @ rows.log_p + self.bias[:, None], axis=0))


def pool_shape(human: Array, floor: float = 0.01) -> Array:
    """The mean human distribution over training cells of one scale length.

    Args:
        human: shape (n, K).
        floor: the weight of the uniform law mixed in, so that no option is out of reach.

    Returns:
        Shape (K,), summing to 1.
    """
    if human.ndim != 2 or not len(human):
        raise StatisticsError(f"a pooled shape needs training distributions (n, K), got shape {human.shape}")
    return np.asarray((1.0 - floor) * human.mean(axis=0) + floor / human.shape[1])


def _mix(p: Array, other: Array, weight: float | Array) -> Array:
    share = np.asarray(weight)
    if not ((share >= 0.0) & (share <= 1.0)).all():
        raise StatisticsError(f"a mixing weight must lie in [0, 1], got {share.tolist()}")
    return np.asarray((1.0 - share) * p + share * other)


def _same_options(rows: Distributions, k: int) -> None:
    if rows.log_p.shape[0] != k or not rows.mask.all():
        raise StatisticsError(f"this calibration was fitted to scales of {k} options; apply it to those only")

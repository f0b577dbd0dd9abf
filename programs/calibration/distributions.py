"""Answer distributions as the calibration kernels read them: checked once, options first."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from value_personas.signatures import Array, StatisticsError

SUM_TOLERANCE = 1e-6
"""How far a row's probabilities may sum from 1 (rounded tables do); the row is then renormalised."""


@dataclass(frozen=True)
class Distributions:
    """n checked answer distributions over at most K options.

    Options stand on the first axis: a sum over options is then a sum of long contiguous rows, which is
    what makes the kernels fast.

    Attributes:
        log_p: shape (K, n), natural logarithms of probabilities that sum to 1; −inf where there is none.
        scores: shape (K, n) or (K, 1), the options' scores; 0 outside the mask.
        mask: shape (K, n) or (K, 1), whether the option exists.
        shape: the leading shape (...) that the rows had, n = its product.
    """

    log_p: Array
    scores: Array
    mask: NDArray[np.bool_]
    shape: tuple[int, ...]

    @classmethod
    def check(
        cls, p: ArrayLike, scores: ArrayLike, mask: ArrayLike | None = None, *, log: bool = False
    ) -> "Distributions":
        """Check arrays as they come from outside.

        Args:
            p: shape (..., K), probabilities, or natural log-probabilities with ``log``.
            scores: shape (K,), or broadcastable to (..., K); finite where the option exists.
            mask: shape (K,) or broadcastable to (..., K), True where the option exists; all when absent.
            log: whether ``p`` are logarithms.

        Raises:
            StatisticsError: when a probability is negative, NaN or infinite, a row does not sum to 1
                within 1e-6, or a score is not finite; the first offending row is named.
        """
        values = floats(p, "probabilities")
        if values.ndim == 0 or values.shape[-1] < 1:
            raise StatisticsError(f"a distribution needs a last axis of options, got shape {values.shape}")
        k, shape = values.shape[-1], values.shape[:-1]
        exists = aligned(np.ones(k, dtype=bool) if mask is None else mask, shape, k, "mask").astype(np.bool_)
        points = aligned(floats(scores, "scores"), shape, k, "scores")
        return cls.check_rows(values.reshape(-1, k), points, exists, shape, log=log)

    @classmethod
    def check_rows(
        cls,
        values: Array,
        scores: Array,
        mask: NDArray[np.bool_],
        shape: tuple[int, ...],
        *,
        log: bool,
        first: int = 0,
    ) -> "Distributions":
        """Check rows (n, K) whose scores and mask, (1, K) or (n, K), already fit them.

        ``first`` is the number by which a message calls the first row.
        """
        points = np.where(mask, scores, 0.0)
        if not np.isfinite(points).all():
            raise StatisticsError(
                "scores must be finite wherever an option exists; mask out options that a question lacks"
            )
        log_p = _checked_log(values, mask, log, first)
        return cls(log_p, points.T, mask.T, shape)

    def __len__(self) -> int:
        return int(self.log_p.shape[1])

    @cached_property
    def p(self) -> Array:
        """The probabilities, shape (K, n)."""
        return np.exp(self.log_p)

    @cached_property
    def mean(self) -> Array:
        """The means in score points, shape (n,)."""
        return np.asarray((self.p * self.scores).sum(axis=0))

    @cached_property
    def ends(self) -> tuple[Array, Array]:
        """The lowest and highest score of each row's scale, whether or not anyone chose it; shapes (n,)."""
        low = np.where(self.mask, self.scores, np.inf).min(axis=0)
        high = np.where(self.mask, self.scores, -np.inf).max(axis=0)
        n = len(self)
        return np.broadcast_to(low, (n,)), np.broadcast_to(high, (n,))

    def restore(self, rows: Array) -> Array:
        """Options-first rows (K, n) back in the shape (..., K) in which they came."""
        return np.ascontiguousarray(rows.T).reshape(*self.shape, rows.shape[0])


def floats(values: ArrayLike, name: str) -> Array:
    """An array of numbers from outside, or one clear line."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise StatisticsError(f"{name} must be an array of numbers, got {type(values).__name__}") from None


def aligned(values: ArrayLike, shape: tuple[int, ...], k: int, name: str) -> NDArray[Any]:
    """One row for all, shape (1, K), or one for each, shape (n, K)."""
    array = np.asarray(values)
    if array.shape == (k,):
        return array[None, :]
    try:
        return np.broadcast_to(array, (*shape, k)).reshape(-1, k)
    except ValueError:
        raise StatisticsError(
            f"{name} of shape {array.shape} do not fit distributions of shape {(*shape, k)}; "
            f"give one for each of the {k} options"
        ) from None


def _checked_log(values: Array, exists: NDArray[np.bool_], log: bool, first: int) -> Array:
    """Normalised log-probabilities, shape (K, n), −inf outside the mask."""
    absent = -np.inf if log else 0.0
    inside = values if exists.all() else np.where(exists, values, absent)
    bad = np.isnan(inside) | (inside == np.inf) if log else ~((inside >= 0.0) & (inside < np.inf))
    if bad.any():
        row = int(np.flatnonzero(bad.any(axis=-1))[0])
        what = "log-probabilities below +inf" if log else "finite probabilities ≥ 0"
        raise StatisticsError(f"distribution {first + row} must hold {what}, got {inside[row].tolist()}")
    total = (np.exp(inside) if log else inside).sum(axis=-1)
    off = ~(np.abs(total - 1.0) <= SUM_TOLERANCE)
    if off.any():
        row = int(np.flatnonzero(off)[0])
        raise StatisticsError(
            f"distribution {first + row} must sum to 1 (± {SUM_TOLERANCE:g}), got a sum of {total[row]:.9g}; "
            "renormalise it, or leave a missing answer out"
        )
    with np.errstate(divide="ignore"):
        logs = inside if log else np.log(inside)
    return np.asarray(np.subtract(logs.T, np.log(total), order="C"))

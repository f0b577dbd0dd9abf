"""Pairs of human and predicted distributions, checked once, as every score reads them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from value_personas.signatures import Array, StatisticsError

SUM_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Cells:
    """Any number of cells (country × question), each with a human and a predicted distribution.

    Outside the mask all three arrays hold 0. A cell that has no human answers, or is not estimated, holds
    NaN throughout, and every score of it is NaN.

    Attributes:
        human: shape (..., K), probabilities h.
        model: shape (..., K), probabilities q.
        scores: broadcastable to (..., K), strictly monotone along a cell's options.
        mask: broadcastable to (..., K), True for a cell's own options, which come first.
    """

    human: Array
    model: Array
    scores: Array
    mask: NDArray[np.bool_]

    @classmethod
    def check(
        cls, human: ArrayLike, model: ArrayLike, scores: ArrayLike, mask: ArrayLike | None = None
    ) -> "Cells":
        """Check arrays as they come from outside.

        Raises:
            StatisticsError: when shapes do not fit, a row neither sums to 1 (± 1e-6) nor is all NaN, a
                probability is negative, or scores are not finite and strictly monotone.
        """
        h, q, r = (np.asarray(a, dtype=np.float64) for a in (human, model, scores))
        if h.ndim == 0 or h.shape != q.shape:
            raise StatisticsError(
                f"human and predicted distributions must match, got {h.shape} and {q.shape}"
            )
        exists = np.ones(h.shape[-1], dtype=np.bool_) if mask is None else np.asarray(mask, dtype=np.bool_)
        try:
            np.broadcast_to(r, h.shape), np.broadcast_to(exists, h.shape)
        except ValueError:
            raise StatisticsError(
                f"scores {r.shape} and mask {exists.shape} must fit distributions of shape {h.shape}"
            ) from None
        r, exists = np.broadcast_arrays(r, exists)
        _check_scale(r, exists)
        return cls(
            _checked(h, exists, "human"), _checked(q, exists, "predicted"), np.where(exists, r, 0.0), exists
        )

    @cached_property
    def count(self) -> NDArray[np.intp]:
        """K of each scale."""
        return np.asarray(self.mask.sum(axis=-1))

    @cached_property
    def steps(self) -> Array:
        """|r_{k+1} − r_k| between neighbouring options, 0 beyond the scale; last axis K − 1."""
        return np.where(self.mask[..., 1:], np.abs(np.diff(self.scores, axis=-1)), 0.0)

    @cached_property
    def span(self) -> Array:
        """|r_K − r_1|, in score points."""
        return np.asarray(self.steps.sum(axis=-1))

    @cached_property
    def cumulative_difference(self) -> Array:
        """F_q − F_h at every option but a scale's last, where both are 1; last axis K − 1."""
        difference = np.cumsum(self.model - self.human, axis=-1)[..., :-1]
        return np.where(
            self.mask[..., 1:], difference, 0.0 * difference
        )  # 0 · NaN keeps a missing cell missing

    @cached_property
    def bias(self) -> Array:
        """E_q[r] − E_h[r], in score points."""
        return np.asarray(((self.model - self.human) * self.scores).sum(axis=-1))

    def variance(self, p: Array) -> Array:
        """Var[r] under probabilities of the cells' shape, in score points²."""
        mean = (p * self.scores).sum(axis=-1, keepdims=True)
        return np.asarray((p * (self.scores - mean) ** 2 * self.mask).sum(axis=-1))


def _check_scale(scores: Array, mask: NDArray[np.bool_]) -> None:
    if (mask[..., 1:] & ~mask[..., :-1]).any() or mask.shape[-1] < 2 or not mask[..., :2].all():
        raise StatisticsError("a scale needs at least two options, and its own come first in the mask")
    if not np.isfinite(np.where(mask, scores, 0.0)).all():
        raise StatisticsError("scores must be finite wherever an option exists")
    with np.errstate(invalid="ignore"):
        steps = np.where(mask[..., 1:], np.diff(scores, axis=-1), 0.0)
    sign = np.sign(steps[..., :1])
    if not ((steps * sign > 0.0) | ~mask[..., 1:]).all():
        raise StatisticsError(
            "scores must rise or fall strictly along the options; order the options by their score"
        )


def _checked(p: Array, mask: NDArray[np.bool_], name: str) -> Array:
    """Zeros outside the mask; NaN throughout for a cell without a distribution."""
    inside = np.where(mask, p, 0.0)
    absent = np.asarray((np.isnan(p) | ~mask).all(axis=-1))
    known = inside[~absent]
    if not ((known >= 0.0) & (known < np.inf)).all():
        raise StatisticsError(f"{name} distributions must hold finite probabilities ≥ 0, or NaN throughout")
    total = np.asarray(known.sum(axis=-1))
    off = np.abs(total - 1.0) > SUM_TOLERANCE
    if off.any():
        raise StatisticsError(
            f"{name} distributions must sum to 1 (± {SUM_TOLERANCE:g}), got a sum of "
            f"{total[off].flat[0]:.9g} in {int(off.sum())} of {off.size} cells"
        )
    return np.where(absent[..., None], np.nan, inside)

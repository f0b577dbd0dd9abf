"""The mean-preserving temperature tilt, q_k ∝ p_k^(1/T) · exp(β·r_k) with β such that E_q[r] = E_p[r].

An entropic tilt (Robertson, Tallman & Whiteman 2005, J. Money, Credit and Banking 37(3)) whose prior is the
tempered p. K(β) = log Σ exp(log p_k / T + β·r_k) is convex with K′ = E_q[r] and K″ = Var_q[r], so with two
or more support points of different score β exists and is unique, and a bracketed Newton always converges.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from value_personas.programs.calibration.distributions import Distributions, aligned, floats
from value_personas.signatures import Array, StatisticsError

CHUNK = 8192
"""Rows solved together: K × 8,192 doubles stay in the processor's cache (measured 2–3 × faster than all)."""

MAX_ITERATIONS = 200
EPSILON = float(np.finfo(np.float64).eps)


def tilt(
    p: ArrayLike,
    scores: ArrayLike,
    temperature: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    log: bool = False,
) -> Array:
    """Widen (T > 1) or sharpen (T < 1) answer distributions without moving their means.

    q_k ∝ p_k^(1/T) · exp(β·r_k), β such that E_q[r] = E_p[r]. T = 1 returns p. Options with no probability
    keep none, a point mass stays a point mass, and a two-option answer is the same for every T. The scores'
    origin and unit do not matter.

    Args:
        p: shape (..., K), probabilities that sum to 1 (± 1e-6, then renormalised); natural
            log-probabilities with ``log``.
        scores: shape (K,) or broadcastable to (..., K), the options' scores, in any order and unit.
        temperature: T > 0, a number or broadcastable to the leading shape (...).
        mask: broadcastable to (..., K), True where an option exists; what stands elsewhere is ignored.
        log: whether ``p`` are logarithms; the result then is, too.

    Returns:
        q, shape (..., K), with 0 (−inf with ``log``) outside the mask. |E_q r − E_p r| is below 1e-10 of
        the range; as a rule it is of the order of 1e-15.

    Raises:
        StatisticsError: when a row is no distribution, a score is not finite, or T is not in (0, ∞).
    """
    values = floats(p, "probabilities")
    if values.ndim < 2 or values.size <= CHUNK * values.shape[-1]:
        rows = Distributions.check(values, scores, mask, log=log)
        log_q = tilt_rows(rows, _temperatures(temperature, rows.shape))
        return rows.restore(log_q if log else np.exp(log_q))
    return _tilt_blocks(values, scores, temperature, mask, log)


def _tilt_blocks(
    values: Array, scores: ArrayLike, temperature: ArrayLike, mask: ArrayLike | None, log: bool
) -> Array:
    """``tilt`` block by block, so that no intermediate array is as large as the input."""
    k, shape = values.shape[-1], values.shape[:-1]
    every = np.ones(k, dtype=bool) if mask is None else mask
    exists = aligned(every, shape, k, "mask").astype(np.bool_)
    points = aligned(floats(scores, "scores"), shape, k, "scores")
    ts = _temperatures(temperature, shape)
    flat = values.reshape(-1, k)
    out = np.empty_like(flat)
    for start in range(0, len(flat), CHUNK):
        part = slice(start, start + CHUNK)
        block = flat[part]
        rows = Distributions.check_rows(
            block, _rows(points, part), _rows(exists, part), (len(block),), log=log, first=start
        )
        log_q = tilt_rows(rows, ts[part] if isinstance(ts, np.ndarray) else ts)
        out[part] = (log_q if log else np.exp(log_q)).T
    return out.reshape(*shape, k)


def _rows(array: NDArray[Any], part: slice) -> NDArray[Any]:
    """A block of per-row values; one row for all stays one row."""
    return array if len(array) == 1 else array[part]


def tilt_rows(rows: Distributions, temperature: float | Array) -> Array:
    """The tilt of rows that are already checked.

    Args:
        rows: n distributions.
        temperature: T > 0, a number or shape (n,).

    Returns:
        log q, shape (K, n).
    """
    log_prior = rows.log_p / np.asarray(temperature)
    return solve_tilt(log_prior, rows.scores, rows.p, out=log_prior)


def solve_tilt(log_prior: Array, scores: Array, target: Array, out: Array | None = None) -> Array:
    """The law ∝ prior · exp(β·r) whose mean is that of ``target``.

    Args:
        log_prior: shape (K, n), log-weights up to a constant a column; −inf where there is no support.
        scores: shape (K, n) or (K, 1).
        target: shape (K, n), probabilities whose mean is to be met. Where it lies at an end of the prior's
            support (or beyond), the result is the limit, all mass on that end.
        out: takes the result; it may be the prior.

    Returns:
        Normalised log-probabilities, shape (K, n).
    """
    out = np.empty_like(log_prior) if out is None else out
    shared = scores.shape[1] == 1
    for start in range(0, log_prior.shape[1], CHUNK):
        part = slice(start, start + CHUNK)
        out[:, part] = _solve_chunk(
            log_prior[:, part], scores if shared else scores[:, part], target[:, part]
        )
    return out


def _temperatures(temperature: ArrayLike, shape: tuple[int, ...]) -> float | Array:
    try:
        values = np.asarray(temperature, dtype=np.float64)
    except (TypeError, ValueError):
        raise StatisticsError(f"a temperature must be a number, got {temperature!r}") from None
    if not ((values > 0.0) & (values < np.inf)).all():
        raise StatisticsError(
            f"a temperature must be above 0 and finite, got {np.ravel(values)[:5].tolist()}"
        )
    if values.ndim == 0:
        return float(values)
    try:
        return np.broadcast_to(values, shape).reshape(-1)
    except ValueError:
        raise StatisticsError(
            f"temperatures of shape {values.shape} do not fit distributions of leading shape {shape}"
        ) from None


def _solve_chunk(log_prior: Array, scores: Array, target: Array) -> Array:
    """Orient every row so that its mean lies in the lower half of its support, then find β."""
    support = log_prior > -np.inf
    low = np.where(support, scores, np.inf).min(axis=0)
    high = np.where(support, scores, -np.inf).max(axis=0)
    half = np.where(high > low, (high - low) / 2.0, 1.0)
    # Distances from the nearer end, in half ranges: near an end they keep the digits that means lose.
    up = np.where(support, (scores - low) / half, 0.0)
    down = np.where(support, (high - scores) / half, 0.0)
    from_low = (target * (scores - low)).sum(axis=0) / half
    from_high = (target * (high - scores)).sum(axis=0) / half
    flipped = from_high < from_low
    s = np.where(flipped, down, up)
    d = np.where(flipped, from_high, from_low)
    logits = log_prior - log_prior.max(axis=0)
    log_q = logits + s * _beta(logits, s, d, high > low)
    at_end = (high > low) & (d <= 0.0)
    if at_end.any():
        log_q[:, at_end] = np.where(support & (s == 0.0), logits, -np.inf)[:, at_end]
    log_q -= log_q.max(axis=0)
    return np.asarray(log_q - np.log(np.exp(log_q).sum(axis=0)))


def _beta(logits: Array, s: Array, d: Array, spread: NDArray[np.bool_]) -> Array:
    """Safeguarded Newton on F(β) = log E_q[s] − log d, which is increasing with slope Var_q[s] / E_q[s].

    In the logarithm, because near an end E_q[s] is exponential in β: F is then almost a straight line.
    """
    beta = np.zeros(d.shape)
    row = np.flatnonzero(spread & (d > 0.0))
    if row.size < d.size:
        logits, s = logits[:, row], s[:, row]
    goal = np.log(d[row])
    state = np.zeros((4, row.size))  # β, lower and upper end of the bracket, last |F|
    state[1], state[2], state[3] = -np.inf, np.inf, np.inf
    for _ in range(MAX_ITERATIONS):
        b, low, high, last = state
        residual, slope = _residual(logits, s, goal, b)
        low = np.where(residual < 0.0, b, low)
        high = np.where(residual > 0.0, b, high)
        size = np.abs(residual)
        # A weight's relative rounding error is ε times its logit, so β's size bounds what can be reached.
        done = (size <= 16.0 * EPSILON * (1.0 + np.abs(b))) | (high - low <= 4.0 * EPSILON * np.abs(b))
        if done.any():
            beta[row[done]] = b[done]
            open_ = ~done
            if not open_.any():
                return beta
            row, logits, s, goal = row[open_], logits[:, open_], s[:, open_], goal[open_]
            residual, slope, size = residual[open_], slope[open_], size[open_]
            b, low, high, last = b[open_], low[open_], high[open_], last[open_]
        state = np.stack([_next(b, low, high, residual, slope, size > 0.5 * last), low, high, size])
    beta[row] = state[0]
    return beta


def _residual(logits: Array, s: Array, goal: Array, beta: Array) -> tuple[Array, Array]:
    """F and its slope at β; −inf and NaN where E_q[s] underflows."""
    w = s * beta
    w += logits
    w -= w.max(axis=0)
    np.exp(w, out=w)
    total = w.sum(axis=0)
    w *= s
    first = w.sum(axis=0)
    w *= s
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = first / total
        return np.log(mean) - goal, (w.sum(axis=0) / total - mean * mean) / mean


def _next(
    beta: Array, low: Array, high: Array, residual: Array, slope: Array, slow: NDArray[np.bool_]
) -> Array:
    """A Newton step where it stays in the bracket and works; else the middle, or twice as far out."""
    reach = 1.0 + 2.0 * np.abs(beta)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        newton = beta - residual / slope
        middle = 0.5 * (low + high)
    fallback = np.where(np.isfinite(middle), middle, np.where(residual < 0.0, beta + reach, beta - reach))
    far = np.abs(newton - beta) > reach
    good = (newton > low) & (newton < high) & ~far & ~(slow & np.isfinite(middle))
    return np.where(good, newton, fallback)

"""Smoothing of counted answers by a Dirichlet prior, before the mean is taken or after."""

from dataclasses import replace

import numpy as np

from value_personas.programs.calibration.distributions import Distributions
from value_personas.programs.calibration.tilt import solve_tilt
from value_personas.signatures import StatisticsError


def smooth(rows: Distributions, draws: float, alpha: float, *, keep_mean: bool) -> Distributions:
    """The posterior mean (n·p_k + α) / (n + K·α) of answers that were counted in n draws.

    Options that were never drawn get some probability, which a tilt needs: it never widens onto a zero.
    Smoothing itself moves the mean toward the middle of the scale. With ``keep_mean`` the mean is that of the
    raw counts: the smoothed shape is tilted back to it (T = 1), and a later tilt to any T is then the tilt
    of the smoothed shape to the raw mean. Where every draw chose one end of the scale, only that point mass
    has the raw mean, and it stays.

    Args:
        rows: n distributions of counts divided by ``draws``.
        draws: answers counted in each.
        alpha: α ≥ 0, the pseudo-count of each option; 0 changes nothing.
        keep_mean: whether the mean is taken before smoothing (it stays exact) or after (it moves).

    Raises:
        StatisticsError: when α < 0 or draws ≤ 0.
    """
    if not (alpha >= 0.0 and draws > 0.0):
        raise StatisticsError(f"smoothing needs alpha ≥ 0 and draws > 0, got {alpha=} {draws=}")
    if alpha == 0.0:
        return rows
    options = rows.mask.sum(axis=0)
    p = np.where(rows.mask, (draws * rows.p + alpha) / (draws + options * alpha), 0.0)
    with np.errstate(divide="ignore"):
        log_p = np.log(p)
    return replace(rows, log_p=solve_tilt(log_p, rows.scores, rows.p) if keep_mean else log_p)

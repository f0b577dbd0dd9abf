"""Dirichlet calibration of log p (Kull et al. 2019, NeurIPS, arXiv 1910.12656), fitted to distributions."""

import numpy as np
from scipy.special import log_softmax

from value_personas.signatures import Array, StatisticsError


def fit_dirichlet(log_p: Array, human: Array, penalty: float) -> tuple[Array, Array]:
    """Fit W and b of q = softmax(W · log p + b) to human distributions.

    Minimises the mean cross-entropy Σ_k h_k · −log q_k plus penalty · (Σ_{i≠j} W_ij² + Σ b²), the
    paper's off-diagonal and intercept regularisation. The problem is convex; it starts from W = I, b = 0.

    Args:
        log_p: shape (n, K), finite log-probabilities of one scale length.
        human: shape (n, K), the distributions to be met.
        penalty: ≥ 0; large values leave only the diagonal, a temperature for each option.

    Returns:
        W, shape (K, K), and b, shape (K,).

    Raises:
        StatisticsError: when a probability is zero; smooth counted answers first.
    """
    if not np.isfinite(log_p).all():
        raise StatisticsError(
            "Dirichlet calibration needs every option to have some probability; "
            "smooth the answers (alpha > 0)"
        )
    from scipy.optimize import minimize  # a fifth of a second of start-up, which only this method needs

    n, k = log_p.shape
    off_diagonal = 1.0 - np.eye(k)

    def loss(theta: Array) -> tuple[float, Array]:
        w, b = theta[: k * k].reshape(k, k), theta[k * k :]
        log_q = log_softmax(log_p @ w.T + b, axis=1)
        excess = (np.exp(log_q) - human) / n
        value = -(human * log_q).sum() / n + penalty * ((off_diagonal * w**2).sum() + (b**2).sum())
        slope_w = excess.T @ log_p + 2.0 * penalty * off_diagonal * w
        return float(value), np.concatenate([slope_w.ravel(), excess.sum(axis=0) + 2.0 * penalty * b])

    start = np.concatenate([np.eye(k).ravel(), np.zeros(k)])
    theta = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    return theta[: k * k].reshape(k, k), theta[k * k :]

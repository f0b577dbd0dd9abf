"""The tilt on a million distributions, beside a loop of scipy.optimize.brentq.

``python -m value_personas.experiments.benchmarks.bench_tilt``; set OMP_NUM_THREADS=1 for one core.
"""

import resource
import time

import numpy as np
from scipy.optimize import brentq
from scipy.special import softmax

from value_personas.programs.calibration import tilt
from value_personas.signatures import Array

ROWS, OPTIONS, TEMPERATURE, YARDSTICK_ROWS = 1_000_000, 10, 2.0, 2000


def by_brentq(p: Array, scores: Array) -> Array:
    """The same, one row at a time."""
    out = np.empty_like(p)
    for i, row in enumerate(p):
        logits, mean = np.log(row) / TEMPERATURE, row @ scores

        def gap(beta: float, logits: Array = logits, mean: float = mean) -> float:
            return float(softmax(logits + beta * scores) @ scores - mean)

        out[i] = softmax(logits + brentq(gap, -50.0, 50.0, xtol=1e-13) * scores)
    return out


def main() -> None:
    """Print seconds, memory, the largest error of a mean, and the ratio to the loop."""
    scores = np.arange(1.0, OPTIONS + 1)
    p = np.random.default_rng(0).dirichlet(np.full(OPTIONS, 0.5), ROWS)
    p[:, 0] += 1e-12
    p /= p.sum(axis=1, keepdims=True)
    tilt(p[:20_000], scores, TEMPERATURE)
    q = p
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        q = tilt(p, scores, TEMPERATURE)
        seconds.append(time.perf_counter() - start)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    error = np.abs((q - p) @ scores).max() / (OPTIONS - 1)
    start = time.perf_counter()
    reference = by_brentq(p[:YARDSTICK_ROWS], scores)
    loop = (time.perf_counter() - start) / YARDSTICK_ROWS
    best, per_row = min(seconds), min(seconds) / ROWS
    print(
        f"{ROWS:,} distributions, K = {OPTIONS}, T = {TEMPERATURE}: "
        f"{best:.2f} s, best of 3 (worst {max(seconds):.2f} s)"
    )
    print(f"peak memory of the process {memory:.0f} MiB; largest error of a mean {error:.1e} of the range")
    print(
        f"brentq loop: {loop * 1e6:.0f} µs a distribution; "
        f"the tilt {per_row * 1e6:.2f} µs, {loop / per_row:.0f} × faster"
    )
    print(
        f"largest |q − q_brentq| on {YARDSTICK_ROWS} rows: {np.abs(q[:YARDSTICK_ROWS] - reference).max():.1e}"
    )


if __name__ == "__main__":
    main()

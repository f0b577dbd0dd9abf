"""Intervals of 8 methods and their 28 pairs over 60 countries × 60 questions, beside scipy.stats.bootstrap.

``python -m value_personas.experiments.benchmarks.bench_inference``; the yardstick draws countries only,
for one method.
"""

import time
from itertools import combinations

import numpy as np
from scipy.stats import bootstrap

from value_personas.experiments.inference import clustered_means

METHODS, COUNTRIES, QUESTIONS = 8, 60, 60


def main() -> None:
    """Print seconds for every case, and the ratio to the yardstick."""
    errors = np.random.default_rng(0).gamma(2.0, 0.05, (METHODS, COUNTRIES, QUESTIONS))
    start = time.perf_counter()
    bootstrap((errors[0].mean(axis=1),), np.mean, n_resamples=10_000, method="percentile")
    yardstick = time.perf_counter() - start
    pairs = list(combinations(range(METHODS), 2))
    gaps = errors.copy()
    gaps[2, 5, 7], gaps[:, 11, 3] = np.nan, np.nan
    drawn = errors + np.random.default_rng(1).normal(0, 0.01, (20, *errors.shape))
    zones = [c // 6 for c in range(COUNTRIES)]
    print(f"scipy.stats.bootstrap, one method, countries only: {yardstick:.3f} s")
    for name, e, units, replicates in (
        ("complete cells", errors, None, None),
        ("with undefined cells", gaps, None, None),
        ("zones left out", errors, zones, None),
        ("20 draws of personas", errors, None, drawn),
    ):
        start = time.perf_counter()
        redrawn = None if replicates is None else _with_pairs(replicates, pairs)
        clustered_means(_with_pairs(e, pairs), units, replicates=redrawn)
        ratio = (seconds := time.perf_counter() - start) / yardstick
        print(f"{METHODS} methods and {len(pairs)} pairs, {name}: {seconds:.2f} s ({ratio:.1f} ×)")


def _with_pairs(e: np.ndarray, pairs: list[tuple[int, int]]) -> np.ndarray:
    differences = [e[..., j, :, :] - e[..., i, :, :] for i, j in pairs]
    return np.concatenate([e, np.stack(differences, axis=-3)], axis=-3)


if __name__ == "__main__":
    main()

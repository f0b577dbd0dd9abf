"""10,000 crossed bootstrap draws over 60 countries × 60 questions × 8 methods, beside scipy.stats.bootstrap.

``python -m value_personas.experiments.benchmarks.bench_bootstrap``; the yardstick draws countries only,
for one method.
"""

import time

import numpy as np
from scipy.stats import bootstrap

from value_personas.experiments.inference import crossed_bootstrap

METHODS, COUNTRIES, QUESTIONS, DRAWS = 8, 60, 60, 10_000


def main() -> None:
    """Print seconds for every case, and the ratio to the yardstick."""
    errors = np.random.default_rng(0).gamma(2.0, 0.05, (METHODS, COUNTRIES, QUESTIONS))
    start = time.perf_counter()
    bootstrap(
        (errors[0].mean(axis=1),),
        np.mean,
        n_resamples=DRAWS,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    yardstick = time.perf_counter() - start
    gaps = errors.copy()
    gaps[2, 5, 7], gaps[:, 11, 3] = np.nan, np.nan
    replicates = errors + np.random.default_rng(1).normal(0, 0.01, (200, *errors.shape))
    cases = {
        "complete cells": {"errors": errors},
        "with undefined cells": {"errors": gaps},
        "zones drawn": {"errors": errors, "clusters": [c // 6 for c in range(COUNTRIES)]},
        "200 persona replicates inside": {"errors": errors, "replicates": replicates},
    }
    print(f"scipy.stats.bootstrap, one method, countries only: {yardstick:.3f} s")
    for name, arguments in cases.items():
        start = time.perf_counter()
        crossed_bootstrap(draws=DRAWS, **arguments)  # type: ignore[arg-type]
        seconds = time.perf_counter() - start
        print(
            f"{METHODS} methods and their 28 pairs, {name}: {seconds:.2f} s "
            f"({seconds / yardstick:.1f} × the yardstick)"
        )


if __name__ == "__main__":
    main()

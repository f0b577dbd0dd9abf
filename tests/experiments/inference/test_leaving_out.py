import numpy as np
import pytest
from scipy.stats import t

from value_personas.experiments.inference import interval_by_leaving_out


def test_of_a_mean_it_is_students_interval_with_the_variances_added() -> None:
    cells = np.random.default_rng(3).normal(size=(5, 8))
    without = [[np.delete(cells, i, axis=axis).mean() for i in range(cells.shape[axis])] for axis in (0, 1)]
    lower, upper = interval_by_leaving_out(cells.mean(), *without, level=0.9)
    rows, columns = cells.mean(axis=1), cells.mean(axis=0)
    variance = rows.var(ddof=1) / 5 + columns.var(ddof=1) / 8
    assert (lower + upper) / 2 == pytest.approx(cells.mean())
    assert upper - lower == pytest.approx(2 * t.ppf(0.95, 4) * variance**0.5)


def test_what_is_not_known_or_alone_counts_in_no_clustering() -> None:
    one = interval_by_leaving_out(1.0, [0.5], [0.9, float("nan"), 1.2], level=0.95)
    assert one == interval_by_leaving_out(1.0, [0.9, 1.2], level=0.95)
    assert np.isnan(interval_by_leaving_out(1.0, [0.5], [], level=0.95)).all()
    assert np.isnan(interval_by_leaving_out(float("nan"), [0.5, 0.6], level=0.95)).all()

"""Worth in people against people who are drawn, and intervals against counts."""

import numpy as np
import pytest

from value_personas.experiments.evaluation.measures import (
    coverage_rows,
    measure_table,
    not_above_nothing,
    null_rows,
    worth_rows,
)
from value_personas.experiments.evaluation.prediction_intervals import PredictionErrors

COUNTRIES = tuple(f"C{c:02d}" for c in range(20))
QUESTIONS = tuple(f"Q{m}" for m in range(60))


def worth(errors, variance, sizes, drawn=None):
    rows = worth_rows({"it": errors}, variance, sizes, COUNTRIES, level=0.95, drawn=drawn)
    row = next(one for one in rows if one["measure"] == "worth_in_people")
    return row["estimate"], row["lower"], row["upper"], row["cells"]


@pytest.mark.parametrize("people", [3, 40])
def test_a_mean_of_so_many_people_is_worth_so_many(people):
    """The prediction is the mean of people drawn at random; the sample that judges it is drawn too."""
    rng = np.random.default_rng(people)
    variance = rng.uniform(0.02, 0.12, (20, 60))
    sizes = rng.integers(300, 1200, (20, 60)).astype(float)
    found = []
    for _ in range(100):
        off = rng.normal(0, np.sqrt(variance / people)) - rng.normal(0, np.sqrt(variance / sizes))
        found.append(worth(np.abs(off), variance, sizes))
    estimates, lower, upper, cells = map(np.array, zip(*found, strict=True))
    assert np.median(estimates) == pytest.approx(people, rel=0.02)
    assert ((lower < people) & (people < upper)).mean() >= 0.9
    assert set(cells) == {1200}


def test_a_prediction_that_is_not_told_from_the_survey_has_no_worth():
    variance, sizes = np.full((20, 60), 0.05), np.full((20, 60), 100.0)
    estimate, lower, upper, _ = worth(np.zeros((20, 60)), variance, sizes)
    assert np.isnan([estimate, lower, upper]).all()
    rng = np.random.default_rng(0)
    barely = np.abs(rng.normal(0, np.sqrt(0.05 / 100 * 1.05), (20, 60)))
    estimate, lower, upper, _ = worth(barely, variance, sizes)
    assert estimate > lower > 100
    assert upper == np.inf


def test_where_nobody_was_asked_nothing_is_said():
    unknown = np.full((20, 60), np.nan)
    estimate, *_, cells = worth(unknown, unknown, np.zeros((20, 60)))
    assert np.isnan(estimate)
    assert cells == 0


def test_coverage_is_a_count_and_a_new_country_counts_other_cells():
    rng = np.random.default_rng(1)
    off = np.abs(rng.normal(0, rng.uniform(0.01, 0.2, (20, 1)), (20, 60)))
    off[3, 7] = np.nan
    own = PredictionErrors(COUNTRIES, QUESTIONS, {"it": off}, {"it": off})
    half = own.half_widths("it", COUNTRIES, QUESTIONS, 0.9).mean
    table = measure_table(coverage_rows(own, own, {"it": half}, level=0.9, of_means=0.95))
    got = table.set_index("measure")
    held = np.where(np.isnan(off), np.nan, off <= half)
    assert got.loc["half_width", "estimate"] == pytest.approx(np.nanmean(half))
    assert got.loc["coverage", "estimate"] == pytest.approx(np.nanmean(held))
    assert got.loc["coverage_least", "estimate"] == pytest.approx(np.nanmean(held, axis=1).min())
    assert got.loc["coverage_most", "estimate"] == pytest.approx(np.nanmean(held, axis=1).max())
    assert got.loc["coverage", "lower"] < got.loc["coverage", "estimate"] < got.loc["coverage", "upper"]
    for name in ("coverage", "coverage_new_country", "coverage_new_question"):
        assert got.loc[name, "estimate"] == pytest.approx(0.9, abs=0.03)
    assert got.loc["coverage_least", "estimate"] < 0.8, "a country unlike the others is held less often"


def test_errors_of_elsewhere_say_nothing_of_new_countries_alone():
    off = np.abs(np.random.default_rng(2).normal(size=(20, 60)))
    own, other = (PredictionErrors(COUNTRIES, QUESTIONS, {"it": e}, {"it": e}) for e in (off, 2 * off))
    half = other.half_widths("it", COUNTRIES, QUESTIONS, 0.9).mean
    table = measure_table(coverage_rows(other, own, {"it": half}, level=0.9, of_means=0.95))
    assert "coverage_new_country" not in set(table["measure"])
    assert table.set_index("measure").loc["coverage", "estimate"] > 0.97


def test_who_does_not_beat_uniform_is_named():
    rng = np.random.default_rng(4)
    even = rng.uniform(0.1, 0.3, (20, 60))
    errors = {
        "good": even - 0.05 + rng.normal(0, 0.01, even.shape),
        "as good as nothing": even + rng.normal(0, 0.01, even.shape),
        "worse": even + 0.05,
    }
    of = {name: {"wasserstein": e} for name, e in errors.items()}
    rows = null_rows(of, {"uniform": {"wasserstein": even}}, COUNTRIES, level=0.95, drawn=None)
    table = measure_table(rows)
    assert not_above_nothing(table) == ["as good as nothing", "worse"]
    assert table.set_index("method").loc["good", "estimate"] == pytest.approx(-0.05, abs=0.002)
    assert not list(null_rows(of, {}, COUNTRIES, level=0.95, drawn=None))


def test_what_lies_beyond_noise_is_of_squares():
    """A bias of .0154 judged by samples whose own noise makes it look like .0155 on average."""
    rng = np.random.default_rng(6)
    variance, sizes = np.full((20, 60), 0.05), np.full((20, 60), 600.0)
    bias = rng.choice([-0.0154, 0.0154], (20, 60))
    seen = np.abs(bias + rng.normal(0, np.sqrt(0.05 / 600), (20, 60)))
    rows = worth_rows({"it": seen}, variance, sizes, COUNTRIES, level=0.95, drawn=None)
    row = next(one for one in rows if one["measure"] == "beyond_noise")
    assert row["estimate"] == pytest.approx(0.0154, abs=0.0008)
    assert row["lower"] < 0.0154 < row["upper"]

"""Power: the formula against simulation, the pilot against planted parts."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import t as student_t

from value_personas.experiments.inference import (
    Price,
    VarianceParts,
    half_width,
    needed_personas,
    pilot_parts,
    plan_table,
    variance_shares,
)
from value_personas.signatures import StatisticsError

PARTS = VarianceParts(country=0.0004, question=0.0009, cell=0.0025, persona=0.09)


def simulate(rng, c, m, n, parts=PARTS, replicates=0):
    e = rng.normal(0, np.sqrt(parts.country), (c, 1)) + rng.normal(0, np.sqrt(parts.question), (1, m))
    e = e + rng.normal(0, np.sqrt(parts.cell), (c, m)) + rng.normal(0, np.sqrt(parts.persona / n), (c, m))
    return e, e + rng.normal(0, np.sqrt(parts.persona / n), (replicates, c, m))


def test_half_width_agrees_with_simulation():
    rng = np.random.default_rng(0)
    means = [simulate(rng, 12, 15, 20)[0].mean() for _ in range(4000)]
    students = student_t.ppf(0.975, 11)
    assert half_width(PARTS, 12, 15, 20) == pytest.approx(students * np.std(means), rel=0.03)


def test_what_personas_share_between_questions_is_not_averaged_out():
    rng = np.random.default_rng(7)
    parts, c, m, n = VarianceParts(0.0, 0.0, 0.0, 0.09, shared=0.09), 12, 60, 20
    shared = rng.normal(0, np.sqrt(0.09 / n), (4000, c)).mean(axis=1)
    means = shared + rng.normal(0, np.sqrt(0.09 / n / (c * m)), 4000)
    got = half_width(parts, c, m, n)
    assert got == pytest.approx(student_t.ppf(0.975, 11) * means.std(), rel=0.03)
    assert got > 5 * half_width(VarianceParts(0.0, 0.0, 0.0, 0.09), c, m, n)


def test_half_width_by_hand():
    got = half_width(VarianceParts(0.04, 0.0, 0.0, 0.0), countries=16, questions=5, personas=7)
    assert got == pytest.approx(2.776445 * 0.05)  # Student's t, four degrees of freedom
    assert half_width(VarianceParts(0.04, 0.0, 0.0, 0.0), 1, 5, 7) == np.inf


@pytest.mark.parametrize("width", [0.0215, 0.0225, 0.025])
def test_needed_personas_is_the_fewest(width):
    n = needed_personas(PARTS, 20, 24, width)
    assert n is not None
    assert half_width(PARTS, 20, 24, n) <= width + 1e-12
    assert n == 1 or half_width(PARTS, 20, 24, n - 1) > width


def test_no_number_of_personas_makes_up_for_few_countries():
    assert needed_personas(PARTS, 3, 24, 0.01) is None


def test_a_pilot_recovers_planted_parts():
    rng = np.random.default_rng(1)
    got = [pilot_parts(*simulate(rng, 30, 30, 25, replicates=40), personas=25) for _ in range(60)]
    for name in ("country", "question", "cell", "persona"):
        mean = np.mean([getattr(one, name) for one in got])
        assert mean == pytest.approx(getattr(PARTS, name), rel=0.12)


def test_a_pilot_tells_what_personas_share_from_what_they_do_not():
    rng = np.random.default_rng(5)
    e = simulate(rng, 20, 25, 10)[0]
    drawn = e + rng.normal(0, 0.05, (300, 20, 1)) + rng.normal(0, 0.1, (300, 20, 25))
    got = pilot_parts(e, drawn, personas=10)
    assert got.shared == pytest.approx(10 * 0.05**2, rel=0.1)
    assert got.persona == pytest.approx(10 * 0.1**2, rel=0.1)


def test_a_pilot_with_gaps_uses_what_is_complete():
    e, _ = simulate(np.random.default_rng(2), 8, 9, 5)
    e[2, 3] = np.nan
    full = np.delete(e, 3, axis=1)
    assert pilot_parts(e) == pilot_parts(full)


def test_a_draw_in_which_nobody_answered_is_left_out():
    rng = np.random.default_rng(3)
    e, drawn = rng.normal(size=(3, 4)), rng.normal(size=(20, 3, 4))
    drawn[:5, 0, 0] = drawn[1:, 2, 3] = np.nan
    cells = [drawn[:, c, m] for c in range(3) for m in range(4) if (c, m) != (2, 3)]
    told = [np.var([value for value in cell if value == value], ddof=1) for cell in cells]
    got = pilot_parts(e, drawn, personas=7)
    assert got.persona + got.shared == pytest.approx(7 * np.mean(told))
    with pytest.raises(StatisticsError, match=r"the pilot is too small: .* more personas \(profiles\.n\)"):
        pilot_parts(e, np.full((20, 3, 4), np.nan))


def test_the_table_counts_calls_and_cost():
    price = Price(calls=2, input_tokens=500, output_tokens=10, input_price=1.0, output_price=10.0)
    table = plan_table(PARTS, [3, 20, 40], questions=[24], width=0.0215, kinds=3, price=price)
    assert table["personas"].isna().tolist() == [True, False, False]
    row = table.iloc[1]
    assert row["calls"] == 3 * 20 * 24 * row["personas"] * 2
    assert row["cost"] == pytest.approx(row["calls"] * 600 / 1e6)
    assert row["half_width"] <= 0.0215
    assert row["floor"] < row["half_width"]
    assert table["personas"].iloc[2] < row["personas"]


def test_without_a_width_each_design_asks_for_what_endless_personas_would_hardly_narrow():
    table = plan_table(PARTS, [10, 40], questions=[24, 48], width=None)
    assert list(zip(table["countries"], table["questions"], strict=True)) == [
        (10, 24), (40, 24), (10, 48), (40, 48)
    ]  # fmt: skip
    assert (table["half_width"] <= 1.1 * table["floor"] + 1e-12).all()
    assert (table["one"] > 1.1 * table["floor"]).all()
    assert (table["personas"] > 1).all()
    row = table.iloc[0]
    assert half_width(PARTS, 10, 24, row["personas"] - 1) > 1.1 * row["floor"]


def test_shares_of_the_variance_are_those_of_the_squared_half_width():
    shares = variance_shares(PARTS, 12, 15, 20)
    assert sum(shares.values()) == pytest.approx(1.0)
    without = replace(PARTS, country=0.0)
    ratio = (half_width(without, 12, 15, 20) / half_width(PARTS, 12, 15, 20)) ** 2
    assert shares["countries"] == pytest.approx(1.0 - ratio)


def test_bad_input_gets_one_clear_line():
    with pytest.raises(StatisticsError, match="≥ 0"):
        VarianceParts(-1.0, 0, 0, 0)
    with pytest.raises(StatisticsError, match="two countries"):
        pilot_parts([[1.0, 2.0]])
    with pytest.raises(StatisticsError, match="above 0"):
        needed_personas(PARTS, 3, 3, 0.0)

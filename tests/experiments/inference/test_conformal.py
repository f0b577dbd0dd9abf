"""Half widths against a loop over cells, and how often they hold where cells are alike."""

import math

import numpy as np
import pytest

from value_personas.experiments.inference import conformal_half_widths
from value_personas.signatures import StatisticsError

COUNTRIES, QUESTIONS = tuple("ABCDEFG"), tuple(f"Q{m}" for m in range(9))


@pytest.fixture
def errors():
    e = np.random.default_rng(0).gamma(1.5, 0.02, (7, 9))
    e[2, 3] = e[5, :] = np.nan
    return e


def by_loop(errors, country, question, level, new):
    left = sorted(
        errors[c, m]
        for c in range(7)
        for m in range(9)
        if not math.isnan(errors[c, m])
        and not (new[0] and COUNTRIES[c] == country)
        and not (new[1] and QUESTIONS[m] == question)
    )
    rank = math.ceil((len(left) + 1) * level)
    return left[rank - 1] if rank <= len(left) else math.nan


@pytest.mark.parametrize("new", [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("level", [0.8, 0.9, 0.975])
def test_of_the_errors_that_share_nothing_the_one_at_the_rank(errors, new, level):
    got = conformal_half_widths(errors, COUNTRIES, QUESTIONS, level=level, new=new)
    expected = [[by_loop(errors, c, q, level, new) for q in QUESTIONS] for c in COUNTRIES]
    np.testing.assert_array_equal(got, expected)


def test_another_country_and_another_question_rest_on_all(errors):
    got = conformal_half_widths(errors, COUNTRIES, QUESTIONS, (["X", "A"], ["Q1", "Q99"]))
    everything = by_loop(errors, "X", "Q99", 0.9, (True, True))
    assert got[0, 1] == everything
    assert got[1, 0] == by_loop(errors, "A", "Q1", 0.9, (True, True))


def test_few_errors_make_no_interval(errors):
    assert np.isnan(conformal_half_widths(errors[:1], "A", QUESTIONS)).all()
    assert np.isnan(conformal_half_widths(np.full((7, 9), np.nan), COUNTRIES, QUESTIONS)).all()
    eight = np.arange(1.0, 10.0).reshape(3, 3)  # nine cells, of which four share nothing
    assert np.isnan(conformal_half_widths(eight, "ABC", "xyz", level=0.9)).all()
    assert conformal_half_widths(eight, "ABC", "xyz", level=0.8)[0, 0] == 9.0


def test_among_cells_that_are_alike_they_hold_as_often_as_they_say():
    rng = np.random.default_rng(1)
    held = []
    for _ in range(200):
        e = np.abs(rng.standard_t(3, (8, 12)))
        held.append((e <= conformal_half_widths(e, list("ABCDEFGH"), list("abcdefghijkl"))).mean())
    rank = math.ceil((77 + 1) * 0.9)  # of the 7 × 11 cells that share nothing with one
    assert np.mean(held) == pytest.approx(rank / 78, abs=0.006)


@pytest.mark.parametrize("change", [{"level": 1.0}, {"questions": ["Q1"]}, {"errors": -np.ones((7, 9))}])
def test_bad_input_gets_one_clear_line(errors, change):
    given = {"errors": errors, "countries": COUNTRIES, "questions": QUESTIONS} | change
    with pytest.raises(StatisticsError, match="absolute errors"):
        conformal_half_widths(**given)

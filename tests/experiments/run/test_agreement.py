"""Two tables compared to the last digit."""

import math

import numpy as np
import pandas as pd
import pytest

from value_personas.experiments.run.agreement import compare_tables

THEN = pd.DataFrame({"country": ["XNA", "XNB"], "n": [1, 2], "p": [0.25, np.nan], "said": ["yes", None]})


def test_equal_tables_agree_whatever_the_order_of_rows() -> None:
    found = compare_tables("t", THEN, THEN.iloc[::-1], ["country"])
    assert (found.is_exact, found.values, found.largest, found.where) == (True, 6, 0.0, "")


def test_the_largest_difference_is_named_with_its_cell() -> None:
    now = THEN.assign(p=[np.nextafter(0.25, 1), np.nan], n=[1, 5])
    found = compare_tables("t", THEN, now, ["country"])
    assert (found.differing, found.largest, found.where) == (2, 3.0, "n of XNB")
    last_digit = compare_tables("t", THEN, now.assign(n=THEN["n"]), ["country"])
    assert last_digit.differing == 1
    assert last_digit.largest == pytest.approx(2**-54)
    assert last_digit.where == "p of XNA"


def test_undefined_on_one_side_is_no_agreement() -> None:
    found = compare_tables("t", THEN, THEN.assign(p=[0.25, 0.5]), ["country"])
    assert (found.differing, found.where) == (1, "p of XNB")
    assert math.isinf(found.largest)


def test_texts_differ_or_not() -> None:
    found = compare_tables("t", THEN, THEN.assign(said=["no", None]), ["country"])
    assert (found.differing, found.where) == (1, "said of XNA")


def test_rows_and_columns_of_one_side_count_as_absent() -> None:
    other = pd.DataFrame({"country": ["XNA", "XNC"], "n": [1, 2], "p": [0.25, 1.0], "new": [0, 0]})
    found = compare_tables("t", THEN, other, ["country"])
    assert (found.absent, found.differing, found.values) == (2 + 1, 0, 2)
    assert not found.is_exact


def test_nothing_against_something_is_absent() -> None:
    found = compare_tables("t", THEN.iloc[:0], THEN, ["country"])
    assert (found.absent, found.values) == (2, 0)
    assert not compare_tables("t", THEN, pd.DataFrame(), ["country"]).is_exact
    assert not compare_tables("t", pd.DataFrame(), THEN, ["country"]).is_exact

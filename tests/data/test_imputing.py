"""Missing answers to value items: left out or filled in, and how far apart the two are."""

import numpy as np
import pandas as pd
import pytest

from value_personas.data.imputing import filled_in, item_shifts

NAN = np.nan


def test_an_answer_is_that_of_the_nearest_of_the_country() -> None:
    frame = pd.DataFrame(
        [[1, 1, 2], [4, 4, 9], [1, 2, NAN], [4, 3, NAN], [NAN, 4, 8], [1, 1, NAN], [2, 2, 5]], dtype=float
    )
    country = pd.Series(["A", "A", "A", "A", "A", "B", "B"])
    filled = filled_in(frame, country)
    assert filled[2].tolist() == [2, 9, 2, 9, 8, 5, 5]
    assert filled.at[4, 0] == 4
    assert filled.notna().all(axis=None)
    assert frame.isna().to_numpy().sum() == 4  # the table itself is as it was


def test_what_nobody_answered_stays_missing() -> None:
    frame = pd.DataFrame([[1.0, NAN], [2.0, NAN]])
    assert filled_in(frame, pd.Series(["A", "A"]))[1].isna().all()


def test_the_shift_is_of_weighted_means_country_by_country() -> None:
    frame = pd.DataFrame({"a": [1.0, 3.0, NAN], "b": [1.0, 2.0, 3.0]})
    filled = frame.assign(a=[1.0, 3.0, 3.0])
    weight = pd.Series([1.0, 1.0, 2.0])
    moved = item_shifts(frame, filled, pd.Series(["A"] * 3), weight)
    assert moved.loc["A"].to_dict() == pytest.approx({"a": 2.5 - 2.0, "b": 0.0})


def test_answers_that_are_missing_by_what_they_would_be_come_back_nearer() -> None:
    rng = np.random.default_rng(0)
    value = rng.normal(size=4000)
    truth = pd.DataFrame({f"i{k}": np.rint(5 + 2 * value + rng.normal(size=4000)) for k in range(4)})
    silent = rng.random(4000) < 1 / (1 + np.exp(1.5 - 1.5 * value))
    frame = truth.assign(i0=truth["i0"].where(~silent))
    filled = filled_in(frame, pd.Series("A", index=frame.index))
    left_out, imputed = (abs(table["i0"].mean() - truth["i0"].mean()) for table in (frame, filled))
    assert imputed < 0.35 * left_out


def test_blocks_of_distances_come_to_what_a_plain_search_does(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(rng.normal(size=(60, 4))).mask(rng.random((60, 4)) < 0.2)
    country = pd.Series(rng.choice(["A", "B"], 60))
    monkeypatch.setattr("value_personas.data.imputing._AT_ONCE", 100)
    found = filled_in(frame, country)
    for row, item in zip(*np.nonzero(frame.isna().to_numpy()), strict=True):
        own = frame[country == country[row]]
        unit = own.std(ddof=0)
        apart = {
            other: (((frame.loc[row] - frame.loc[other]) / unit) ** 2).mean()
            for other in own.index
            if not np.isnan(frame.at[other, item])
        }
        known = {other: d for other, d in apart.items() if not np.isnan(d)}
        assert found.at[row, item] == frame.at[min(known, key=lambda other: known[other]), item]

"""What figures that studies share show, and that colour alone tells nothing apart."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from scipy.stats import linregress

from value_personas.experiments.evaluation.remoteness import Gap, gap_tables
from value_personas.experiments.figures.by_row import difference_figure
from value_personas.experiments.figures.gap import gap_figure
from value_personas.experiments.figures.human_against_predicted import human_against_predicted_figure
from value_personas.experiments.figures.palette import looks
from value_personas.experiments.figures.spill_over import spill_over_figure
from value_personas.experiments.inference import analyse_gap, catching_up


def test_the_lines_of_a_gap_are_those_of_least_squares() -> None:
    rng = np.random.default_rng(0)
    index = rng.normal(size=12)
    errors = 0.3 + 0.05 * index[:, None] + rng.normal(0, 0.05, (2, 12, 10))
    analysis, guard = analyse_gap(*errors, index), catching_up(*errors, "abcdefghij")
    gap = Gap(analysis, guard, "distance", ("none", "values-hedged"), tuple("ABCDEFGHIJKL"))
    figure = gap_figure(*gap_tables(gap), looks(["none", "values-hedged"]), "synthetic")
    axis = figure.axes[0]
    for line, error in zip(axis.lines, errors.mean(axis=2), strict=True):
        fit = linregress(index, error)
        x, y = (np.asarray(values) for values in line.get_data())
        assert y == pytest.approx(fit.intercept + fit.slope * x)
    assert axis.get_xlabel() == "distance"
    assert figure.get_suptitle() == "synthetic"


def differences() -> pd.DataFrame:
    rows = [
        (score, label, factor, label.upper(), d, d - 0.01, d + 0.01, p)
        for score in ("normalised_mae", "rps")
        for label, factor, d, p in (
            ("a", "kind", -0.02, 0.01),
            ("b", "kind", 0.0, 0.9),
            ("c", "n", 0.02, 0.04),
        )
    ]
    columns = ["score", "label", "factor", "level", "difference", "lower", "upper", "holm_p"]
    return pd.DataFrame(rows, columns=columns)


def test_differences_stand_under_their_factors_and_are_filled_where_sure() -> None:
    table = differences()
    figure = difference_figure(table, looks("abc"), "the base")
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["MAE of means", "RPS"]
    axis = figure.axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["A", "B", "C"]
    assert [text.get_text() for text in axis.texts] == ["kind", "n"]
    points = [
        line for line in axis.lines if line.get_marker() in {look.marker for look in looks("abc").values()}
    ]
    assert [float(np.asarray(point.get_xdata())[0]) for point in points] == [-0.02, 0.0, 0.02]
    assert [point.get_markerfacecolor() == "white" for point in points] == [False, True, False]
    plain = difference_figure(table.drop(columns=["factor", "level"]), looks("abc"), "the base")
    assert [label.get_text() for label in plain.axes[0].get_yticklabels()] == ["a", "b", "c"]


@pytest.mark.parametrize("countries", [8, 9])
def test_countries_are_told_apart_by_signs_or_not_at_all(countries: int) -> None:
    codes = [f"C{i}" for i in range(countries)]
    cells = pd.DataFrame(
        {
            "method": "country",
            "country": codes,
            "human_share": np.linspace(0, 1, countries),
            "predicted_share": 0.5,
            "normalised_mae": 0.1,
        }
    )
    figure = human_against_predicted_figure(cells, looks(["country"]), "synthetic")
    drawn = figure.axes[0].collections
    signs = {path.get_paths()[0].vertices.tobytes() for path in drawn}
    assert len(drawn) == len(signs) == (countries if countries == 8 else 1)
    assert sum(len(np.asarray(points.get_offsets())) for points in drawn) == countries
    if countries == 9:
        assert to_hex(drawn[0].get_facecolor()[0]) == looks(["country"])["country"].colour
        told = [text.get_text() for text in figure.legends[0].get_texts()]
        assert told == ["as people answered", "a country and question"]


def test_matrices_are_drawn_as_percent_on_one_scale() -> None:
    human = np.array([[np.nan, 0.1], [0.2, np.nan]])
    figure = spill_over_figure({"human": human, "hedged": 2 * human, "plain": human}, ["A", "B"], "synthetic")
    shown = [axis for axis in figure.axes if axis.get_visible() and axis.images]
    assert [text.get_text() for text in shown[0].texts] == ["10", "20"]
    assert [axis.get_title(loc="left") for axis in shown] == [
        "human · mean 15.0", "hedged · mean 30.0", "plain · mean 15.0",
    ]  # fmt: skip
    assert {axis.images[0].get_clim() for axis in shown} == {(0.0, 40.0)}

"""Figures of few and of many countries, and of names that are no formula."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from value_personas.experiments.figures.shapley import bar_figure, tile_figure
from value_personas.experiments.figures.style import save_figure
from value_personas.experiments.shapley.tables import COLUMNS


def table(countries: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    codes = [*(f"C{i:02d}" for i in range(countries)), "all"]
    rows = []
    for country in codes:
        for item, centre in (("A", 0.02), ("B", -0.05), ("C", 0.0)):
            value = centre + rng.normal(scale=0.005)
            rows.append((item, f"item {item}", country, "rps", value, value - 0.012, value + 0.012))
    return pd.DataFrame(rows, columns=COLUMNS)


@pytest.mark.parametrize(("countries", "numbers"), [(4, True), (66, False)])
def test_tiles_say_who_where_and_how_sure(countries: int, numbers: bool, tmp_path: Path) -> None:
    values = table(countries)
    values.loc[values["country"] == "C02", ["value", "lower", "upper"]] = np.nan
    names = {"C00": r"Costa $\frac$ Rica"}
    figure = tile_figure(values, names, "title with synthetic respondent")
    axis = figure.axes[0]
    items = [label.get_text() for label in axis.get_xticklabels()]
    assert items == ["item B (B)", "item C (C)", "item A (A)"]
    rows = [label.get_text() for label in axis.get_yticklabels()]
    assert rows[0] == "all countries"
    assert r"Costa $\frac$ Rica" in rows
    assert len(rows) == countries  # all, and every country but the one without a value
    sums = values.groupby("country")["value"].sum(min_count=1).drop("all").dropna()
    (tiles,) = axis.collections
    shown = np.asarray(tiles.get_array()).reshape(countries, 3)
    assert shown[1:].sum(axis=1).tolist() == pytest.approx(sums.sort_values().tolist())
    low, high = tiles.get_clim()
    assert low == -high
    sure = ((values["lower"] > 0) | (values["upper"] < 0)).sum()
    assert len(axis.texts) == (3 * countries if numbers else sure)
    assert "synthetic" in figure.get_suptitle()
    (path,) = save_figure(figure, tmp_path, "tiles", ("png",)).paths
    assert path.stat().st_size > 10_000


def test_bars_stand_for_all_countries_with_their_intervals(tmp_path: Path) -> None:
    values = table(3)
    figure = bar_figure(values, "a $ title")
    axis = figure.axes[0]
    over_all = values[values["country"] == "all"].sort_values("value")
    assert [bar.get_width() for bar in axis.patches] == pytest.approx(over_all["value"].tolist())
    (lines, _) = axis.collections[0], axis.lines
    ends = [path.vertices[:, 0].tolist() for path in lines.get_paths()]
    assert ends == [pytest.approx(pair) for pair in over_all[["lower", "upper"]].to_numpy().tolist()]
    told = [text.get_text() for text in figure.legends[0].get_texts()]
    assert told == ["the item lowers it", "the item raises it", "interval"]
    assert [path.name for path in save_figure(figure, tmp_path, "bars").paths] == [
        "bars.pdf",
        "bars.svg",
        "bars.png",
    ]


def test_one_country_is_drawn_once_and_a_long_title_in_full() -> None:
    title = "Shapley values · " + " ".join(["a long name"] * 24) + " · synthetic"
    figure = tile_figure(table(1), {}, title)
    assert len(figure.axes[0].get_yticklabels()) == 1
    lines = figure.get_suptitle().split("\n")
    assert " ".join(lines) == title
    assert len(lines) > 2

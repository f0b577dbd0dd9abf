"""Figures of few and of many countries, and of names that are no formula."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from value_personas.experiments.shapley.figures import draw_bars, draw_heat_map
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


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    seen: list[Figure] = []
    save = Figure.savefig

    def keep(figure: Figure, *args: object, **kwargs: object) -> None:
        seen.append(figure)
        save(figure, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Figure, "savefig", keep)
    return seen


@pytest.mark.parametrize(("countries", "marks"), [(4, 15), (66, None)])
def test_a_heat_map_says_who_where_and_how_sure(
    countries: int, marks: int | None, tmp_path: Path, drawn: list[Figure]
) -> None:
    values = table(countries)
    values.loc[values["country"] == "C02", ["value", "lower", "upper"]] = np.nan
    names = {"C00": r"Costa $\frac$ Rica"}
    draw_heat_map(values, names, "RPS", "title with synthetic respondent", tmp_path / "map.png")
    axis = drawn[0].axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()] == [
        "item B (B)",
        "item C (C)",
        "item A (A)",
    ]
    columns = [label.get_text() for label in axis.get_xticklabels()]
    assert columns[0] == "all countries"
    assert r"Costa $\frac$ Rica" in columns
    assert len(columns) == countries  # all, and every country but the one without a value
    sums = values.groupby("country")["value"].sum(min_count=1).drop("all").dropna()
    assert axis.images[0].get_array()[:, 1:].sum(axis=0).tolist() == pytest.approx(
        sums.sort_values().tolist()
    )
    low, high = axis.images[0].get_clim()
    assert low == -high
    sure = ((values["lower"] > 0) | (values["upper"] < 0)).sum()
    assert len(axis.texts) == (3 * countries if marks else sure)
    assert "synthetic" in drawn[0].get_suptitle()
    assert (tmp_path / "map.png").stat().st_size > 10_000


def test_bars_stand_for_all_countries_with_their_intervals(tmp_path: Path, drawn: list[Figure]) -> None:
    values = table(3)
    draw_bars(values, "RPS, 95 % intervals", "a $ title", tmp_path / "bars.svg")
    axis = drawn[0].axes[0]
    over_all = values[values["country"] == "all"].sort_values("value")
    assert [bar.get_width() for bar in axis.patches] == pytest.approx(over_all["value"].tolist())
    assert "negative: the item lowers it" in axis.get_xlabel()
    assert (tmp_path / "bars.svg").stat().st_size > 1_000


def test_one_country_is_drawn_once_and_a_long_title_in_full(tmp_path: Path, drawn: list[Figure]) -> None:
    title = "Shapley values · " + " ".join(["a long name"] * 12) + " · synthetic"
    draw_heat_map(table(1), {}, "RPS", title, tmp_path / "map.png")
    assert len(drawn[0].axes[0].get_xticklabels()) == 1
    lines = drawn[0].get_suptitle().split("\n")
    assert " ".join(lines[:-1]) == title
    assert len(lines) > 3

"""What each value item adds to the error or takes from it, by country and over all."""

from value_personas.experiments.figures.shapley import bar_figure, tile_figure
from value_personas.experiments.report.material import Material
from value_personas.experiments.report.plate import Plate
from value_personas.experiments.shapley.tables import ALL

__all__ = ["shapley_plates"]


def shapley_plates(material: Material) -> tuple[Plate, ...]:
    """Bars over all countries, and tiles of countries × items, of the first score that was computed."""
    if material.shapley is None or material.shapley.values.empty:
        return ()
    values, record = material.shapley.values, material.shapley.record
    values = values[values["score"] == values["score"].iloc[0]]
    stamp = material.stamp_beside(record.synthetic, record.leaks)
    over_all = values[values["country"] == ALL].sort_values("value")
    level = round(100 * material.run.recipe.scoring.level)
    helps = int((over_all["upper"] < 0).sum())
    countries = {str(code): material.country_name(str(code)) for code in values["country"].unique()}
    bars = Plate(
        "shapley-bars",
        bar_figure(values, stamp),
        "What each item adds to the error, averaged over orders in which items may be told; to the left it "
        f"lowers the error. All together change it by {_signed(over_all['value'].sum())}. Lines are "
        f"{level} % intervals: {helps} of {len(over_all)} items help beyond theirs.",
        "Bars of the items' Shapley values: "
        + "; ".join(f"{row.name} {row.value:+.3f}" for row in over_all.itertuples(index=False)),
    )
    tiles = Plate(
        "shapley",
        tile_figure(values, countries, stamp),
        "Countries × items: purple tiles are items that lower the error there, orange ones raise it. "
        "Countries are sorted by what all items together gain, most first.",
        f"Heat map of Shapley values of {len(over_all)} items in {len(countries) - 1} countries.",
    )
    return bars, tiles


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")

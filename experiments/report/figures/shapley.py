"""What each value item adds to the error or takes from it, by country and over all."""

from collections.abc import Mapping

from value_personas.experiments.figures.shapley import bar_figure, tile_figure
from value_personas.experiments.report.material import Material
from value_personas.experiments.report.plate import Plate
from value_personas.experiments.shapley.record import Shapley
from value_personas.experiments.shapley.tables import ALL


def shapley_plates(material: Material) -> tuple[Plate, ...]:
    """Bars over all countries, and tiles of countries × items, of the values beside the run."""
    if material.shapley is None:
        return ()
    record = material.shapley.record
    codes = material.shapley.values["country"].astype(str).unique()
    names = {code: material.country_name(code) for code in codes}
    lines = f"{round(100 * material.run.recipe.scoring.level)} % intervals"
    return plates_of(material.shapley, names, material.stamp_beside(record.synthetic, record.leaks), lines)


def plates_of(
    found: Shapley, names: Mapping[str, str], stamp: str, lines: str = "intervals"
) -> tuple[Plate, ...]:
    """The same of any values, of the first score that was computed; none where no value is."""
    values = found.values
    if values.empty:
        return ()
    values = values[values["score"] == values["score"].iloc[0]]
    over_all = values[values["country"] == ALL].sort_values("value")
    helps = int((over_all["upper"] < 0).sum())
    bars = Plate(
        "shapley-bars",
        bar_figure(values, stamp),
        "What each item adds to the error, averaged over orders in which items may be told; to the left it "
        f"lowers the error. All together change it by {_signed(over_all['value'].sum())}. "
        f"Lines are {lines}: {helps} of {len(over_all)} items help beyond theirs.",
        "Bars of the items' Shapley values: "
        + "; ".join(f"{row.name} {row.value:+.3f}" for row in over_all.itertuples(index=False)),
    )
    tiles = Plate(
        "shapley",
        tile_figure(values, names, stamp),
        "Countries × items: purple tiles are items that lower the error there, orange ones raise it. "
        "Countries are sorted by what all items together gain, most first.",
        f"Heat map of Shapley values of {len(over_all)} items in {len(names) - 1} countries.",
    )
    return bars, tiles


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")

"""Error by country, sorted within cultural zones."""

from collections.abc import Sequence

import pandas as pd

from value_personas.data import drawable
from value_personas.experiments.figures.palette import FAINT, INK, MUTED, looks
from value_personas.experiments.figures.style import COLUMN, SMALL, canvas, key, row_height
from value_personas.experiments.report.material import Material
from value_personas.experiments.report.plate import Plate


def shown_methods(material: Material) -> tuple[str, ...]:
    """What is drawn of many methods: no persona, the baseline and the main kind, as far as they are there.

    A calibrated method has the same means as the same method uncalibrated, and so the same error of means.
    """
    wanted = ("none", material.baseline, material.main)
    return tuple(dict.fromkeys(name for name in wanted if name in material.methods))


def country_errors(material: Material) -> pd.DataFrame:
    """One row a country, sorted by zone and within it by the main kind's error, zones by their mean.

    Returns:
        Columns code, name, zone, respondents, floor, and the mean error of each shown method.
    """
    main = material.cells(material.main).groupby("country", sort=False)
    table = pd.DataFrame(
        {
            "name": [material.country_name(c) for c in material.countries],
            "zone": [material.zone(c) for c in material.countries],
            "respondents": main["respondents"].max().reindex(material.countries),
            "floor": main["floor_normalised_mae"].mean().reindex(material.countries),
        },
        index=pd.Index(material.countries, name="code"),
    )
    for method in shown_methods(material):
        table[method] = material.cells(method).groupby("country")["normalised_mae"].mean()
    of_zone = table.groupby("zone")[material.main].transform("mean")
    order = pd.DataFrame({"of_zone": of_zone, "zone": table["zone"], "error": table[material.main]})
    order = order.sort_values(["of_zone", "zone", "error"])
    return table.loc[order.index].reset_index()


def country_plate(material: Material) -> Plate:
    """A row for each country, a sign for each method."""
    table = country_errors(material)
    places, heads = _rows(table["zone"].tolist())
    height = row_height(len(places)) * (places[-1] + 1.6) + 0.95
    figure = canvas(COLUMN, height, material.stamp)
    axis = figure.subplots()
    axis.hlines(places, 0.0, table[list(shown_methods(material))].max(axis=1), color=FAINT, linewidth=0.6)
    for method in shown_methods(material):
        look = looks(material.methods)[method]
        axis.plot(table[method], places, look.marker, color=look.colour, markersize=4.2, label=method)
    axis.plot(table["floor"], places, "|", color=INK, markersize=6, label="noise floor")
    for place, zone in heads:
        axis.annotate(
            zone, (0.0, place), xytext=(3, 0), textcoords="offset points", fontsize=SMALL, color=MUTED,
            va="center", style="italic",
        )  # fmt: skip
    names = [drawable([name, code]) for name, code in zip(table["name"], table["code"], strict=True)]
    axis.set_yticks(places, names)
    axis.tick_params(axis="y", length=0)
    axis.set(ylim=(places[-1] + 0.7, -0.9), xlabel="mean error of means (share of the scale)")
    axis.set_xlim(left=0.0)
    key(figure, list(zip(*axis.get_legend_handles_labels(), strict=True)))
    ranked = table.sort_values(material.main)["name"].tolist()
    return Plate(
        "countries",
        figure,
        "Mean error over questions, countries grouped by cultural zone and sorted by the error of "
        f"{material.main}. A country’s error is to be judged against its own noise floor.",
        f"Error of each country: {material.main} errs least in {ranked[0]} and most in {ranked[-1]}.",
    )


def _rows(zones: Sequence[str]) -> tuple[list[int], list[tuple[int, str]]]:
    """The row of each country, and of each zone's heading above its countries."""
    places, heads, row, last = [], [], 0, None
    for zone in zones:
        if zone != last:
            heads.append((row, zone))
            row, last = row + 1, zone
        places.append(row)
        row += 1
    return places, heads

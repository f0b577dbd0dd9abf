"""The gap between well and poorly represented countries, with and without value personas."""

from value_personas.experiments.figures.gap import draw_side
from value_personas.experiments.report.material import Material
from value_personas.experiments.report.palette import looks
from value_personas.experiments.report.plate import COLUMN, Plate, canvas

__all__ = ["gap_plate"]


def gap_plate(material: Material) -> Plate | None:
    """Country errors against the index; None where the recipe declares none."""
    gap, countries = material.gap, material.gap_countries
    if gap is None or countries is None:
        return None
    quantities = gap.set_index("quantity")["estimate"]
    baseline, method = str(gap["baseline"].iloc[0]), str(gap["method"].iloc[0])
    figure = canvas(COLUMN, 3.1, material.stamp)
    axis = figure.subplots()
    for name, column, slope in (
        (baseline, "baseline_error", "baseline_slope"),
        (method, "method_error", "method_slope"),
    ):
        look = looks(material.methods)[name]
        style = {"label": name, "color": look.colour, "marker": look.marker}
        draw_side(
            axis, countries["index"].to_numpy(), countries[column].to_numpy(), float(quantities[slope]), style
        )
    axis.set(xlabel=str(gap["index"].iloc[0]), ylabel="mean error of a country")
    axis.set_ylim(bottom=0.0)
    figure.legend(loc="outside lower center", ncols=2)
    return Plate(
        "gap",
        figure,
        "Each country’s error against the index of how poorly it is represented, which the recipe "
        f"declares. A flatter line for {method} than for {baseline} means a smaller gap.",
        f"Country errors of {baseline} and {method} against {gap['index'].iloc[0]}, with regression lines.",
    )

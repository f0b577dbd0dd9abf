"""The gap between well and poorly represented countries, with and without value personas."""

from value_personas.experiments.figures.gap import gap_figure
from value_personas.experiments.figures.palette import looks
from value_personas.experiments.report.material import Material
from value_personas.experiments.report.plate import Plate


def gap_plate(material: Material) -> Plate | None:
    """Country errors against the index; None where the recipe declares none."""
    gap, countries = material.gap, material.gap_countries
    if gap is None or countries is None:
        return None
    first = gap.iloc[0]
    return Plate(
        "gap",
        gap_figure(gap, countries, looks(material.methods), material.stamp),
        "Each country’s error against the index of how poorly it is represented, which the recipe "
        f"declares. A flatter line for {first['method']} than for {first['baseline']} means a smaller gap.",
        f"Country errors of {first['baseline']} and {first['method']} against {first['index']}, with "
        "regression lines.",
    )

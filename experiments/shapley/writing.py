"""The files of Shapley values."""

from collections.abc import Mapping

import pandas as pd

from value_personas.experiments.fieldwork.descriptors import descriptor_frame
from value_personas.experiments.figures.shapley import bar_figure, tile_figure
from value_personas.experiments.figures.style import save_figure
from value_personas.experiments.recipe.record import write_recipe
from value_personas.experiments.shapley.record import RESULT_FILE
from value_personas.experiments.shapley.result import ShapleyResult
from value_personas.experiments.workspace.json_file import write_json
from value_personas.experiments.workspace.tables import write_csv
from value_personas.programs import DescriptorTable, Variant
from value_personas.signatures import ValueItem


def write_shapley_files(
    result: ShapleyResult,
    names: Mapping[str, str],
    descriptors: Mapping[Variant, DescriptorTable],
    items: tuple[ValueItem, ...],
) -> None:
    """Write every file into the result's folder.

    Args:
        result: tables and where they go.
        names: country code → its name.
        descriptors: what personas were told by.
        items: the items they tell of.
    """
    folder = result.folder
    for name, table in {**result.tables, "coalitions": result.coalitions}.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)
    write_csv(folder / "checks.csv", result.checks)
    if descriptors:
        frame: pd.DataFrame = descriptor_frame(descriptors.values(), items)
        write_csv(folder / "descriptors.csv", frame)
    write_recipe(result.recipe, folder)
    write_json(folder / RESULT_FILE, result.record())
    title = f"Shapley values · {result.title}"
    level = f"{round(100 * result.recipe.scoring.level)} % intervals"
    save_figure(tile_figure(result.values, names, title), folder, "heat_map")
    save_figure(bar_figure(result.values, f"{title} · {level}"), folder, "bars")

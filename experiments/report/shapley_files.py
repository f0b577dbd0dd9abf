"""The newest Shapley values of a recipe, of the same survey and model, read back from their file."""

from pathlib import Path

import pandas as pd

from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.recipe.record import is_of_the_same
from value_personas.signatures import StoreError

__all__ = ["EVERYWHERE", "newest_shapley"]

EVERYWHERE = "all"
"""The ``country`` of the rows that stand for all countries together."""

_FILE = "shapley.parquet"
_COLUMNS = ("player", "name", "country", "score", "value", "lower", "upper")


def newest_shapley(folder: Path, recipe: Recipe, chosen: Path | None = None) -> pd.DataFrame | None:
    """Read the values of a recipe; None where there are none.

    Args:
        folder: the workspace's folder of them, with one folder ``<recipe>-<time>`` each time.
        recipe: the run's; values of another survey, instrument or model are passed over.
        chosen: a folder to take in place of the newest.

    Returns:
        Columns player, name, country (a code, or ``all``), score, value, lower, upper.

    Raises:
        StoreError: when the file is damaged or of another version, or ``chosen`` holds none.
    """
    if chosen is not None:
        if not (chosen / _FILE).is_file():
            raise StoreError(f"{chosen}: no {_FILE} there; value-personas shapley writes one")
        return _read(chosen / _FILE)
    found = sorted(
        (path for path in folder.glob(f"*/{_FILE}") if path.parent.name.rpartition("-")[0] == recipe.name),
        key=lambda path: path.stat().st_mtime_ns,
    )
    fitting = (path for path in reversed(found) if is_of_the_same(recipe, path.parent))
    return next(map(_read, fitting), None)


def _read(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_parquet(path)
        return table[list(_COLUMNS)]
    except (OSError, ValueError, KeyError) as error:
        raise StoreError(f"{path}: not Shapley values of this version, or damaged: {error}") from None

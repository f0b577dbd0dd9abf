"""A recipe beside what came of it, and whether what lies there is about the same people and model."""

import hashlib
import json
from pathlib import Path
from typing import Any

from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.workspace.json_file import read_json
from value_personas.experiments.workspace.passwords import without_passwords

RECIPE_FILE = "recipe.json"


def write_recipe(recipe: Recipe, folder: Path) -> None:
    """Write ``recipe.json``, in which no address of a database keeps its password."""
    told = without_passwords(recipe.model_dump(mode="json"))
    (folder / RECIPE_FILE).write_text(f"{json.dumps(told, indent=2, ensure_ascii=False)}\n", encoding="utf-8")


def read_recipe(folder: Path) -> Recipe:
    """Read it back; one of before weights were calibrated says nothing of them, and had the design's.

    Raises:
        StoreError: when it is absent, damaged or of another version.
    """
    recipe = read_json(folder / RECIPE_FILE, Recipe)
    if "weights" in recipe.profiles.model_fields_set:
        return recipe
    as_drawn = recipe.profiles.model_copy(update={"weights": "design"})
    return recipe.model_copy(update={"profiles": as_drawn})


def recipe_hash(recipe: Recipe) -> str:
    """SHA-256 of all that a recipe states but where things are kept: what claims were stated with."""
    stated = recipe.model_dump_json(exclude={"workspace", "store", "tracking"})
    return hashlib.sha256(stated.encode()).hexdigest()


def newest_of_the_same(recipe: Recipe, parent: Path, name: str, file: str) -> Path | None:
    """The newest folder ``<name>-<time>`` that is about the same people and model; None where none is.

    Args:
        recipe: the run's, beside which it is to be shown.
        parent: the workspace's folder of them.
        name: what the folder is called, without its time.
        file: one that each of them holds.
    """
    found = (path for path in parent.glob(f"*/{file}") if path.parent.name.rpartition("-")[0] == name)
    folders = (p.parent for p in sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True))
    return next((folder for folder in folders if is_of_the_same(recipe, folder)), None)


def is_of_the_same(recipe: Recipe, folder: Path) -> bool:
    """Whether a folder's recipe reads the same survey files and instrument and asks the same model.

    A folder that does not tell is taken to be of something else: one page must be about one thing.
    """
    try:
        told = json.loads((folder / RECIPE_FILE).read_text(encoding="utf-8"))
        return _matter(told) == _matter(recipe.model_dump(mode="json"))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _matter(told: dict[str, Any]) -> tuple[Any, ...]:
    return told["survey"]["path"], told["profiles"]["instrument"], told["respondent"]["lm"]

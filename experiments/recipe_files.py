"""TOML file + ``--set key=value`` → a checked ``Recipe``, or one clear line."""

import difflib
import tomllib
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from experiments.config import SYNTHETIC, Recipe
from signatures import RecipeError

__all__ = ["changed", "load_recipe", "shipped_recipes"]


def shipped_recipes() -> dict[str, Path]:
    """The recipes that come with the package, by name."""
    folder = Path(str(files("experiments") / "recipes"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def load_recipe(source: str | Path | None = None, overrides: Iterable[str] = ()) -> Recipe:
    """Read a recipe.

    Args:
        source: a TOML file or the name of a shipped recipe; ``quickstart`` when absent. Paths inside a
            file are relative to the file.
        overrides: ``dotted.key=value`` settings that win; a value is read as TOML, else as plain text,
            and paths in it are relative to the current folder.

    Raises:
        RecipeError: when a file, key or value is not usable; the message names the nearest valid key.
    """
    raw = _read(source or "quickstart")
    return _with_overrides(raw, overrides)


def changed(recipe: Recipe, overrides: Iterable[str]) -> Recipe:
    """A recipe with other values, as ``--set`` gives them.

    Raises:
        RecipeError: as ``load_recipe``.
    """
    return _with_overrides(recipe.model_dump(mode="json"), overrides)


def _with_overrides(raw: dict[str, Any], overrides: Iterable[str]) -> Recipe:
    for override in overrides:
        _apply(raw, override)
    try:
        return Recipe.model_validate(raw)
    except ValidationError as error:
        raise RecipeError(_first_problem(error)) from None


def _read(source: str | Path) -> dict[str, Any]:
    path = shipped_recipes().get(str(source), Path(source))
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        names = ", ".join(shipped_recipes())
        raise RecipeError(
            f"recipe {source}: {error.strerror or error}; give a TOML file or one of: {names}"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"recipe {path}: not valid TOML: {error}") from None
    _anchor_paths(raw, path.parent)
    return raw


_PATHS = (
    ("survey", "path"),
    ("personality", "path"),
    ("descriptors", "overrides"),
    ("descriptors", "frozen"),
)


def _anchor_paths(raw: dict[str, Any], folder: Path) -> None:
    """Make the paths of a recipe file relative to where it lies, not to where the command is run."""

    def anchor(value: Any) -> Any:
        if isinstance(value, list):
            return [anchor(v) for v in value]
        return str(folder / value) if isinstance(value, str) and value != SYNTHETIC else value

    for section, key in _PATHS:
        table = raw.get(section)
        if isinstance(table, dict) and key in table:
            table[key] = anchor(table[key])
    program = raw.get("program")
    if isinstance(program, str) and not program.startswith("models:/"):  # a registry's name is no path
        raw["program"] = anchor(program)


def _apply(raw: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not key.strip():
        raise RecipeError(f"--set {override}: expected key=value, for example --set profiles.n=200")
    *tables, last = key.strip().split(".")
    table = raw
    for name in tables:
        table = table.setdefault(name, {})
        if not isinstance(table, dict):
            raise RecipeError(f"--set {override}: {name} is a value, not a table")
    table[last] = _toml_value(value.strip())


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"recipe: unknown key {where}{_nearest(where)}"
    if "base_url" in where:  # a credential may have been typed into it
        return f"recipe: {where}: {problem['msg']}"
    return f"recipe: {where}: {problem['msg']}, got {problem['input']!r}"


def _nearest(where: str) -> str:
    close = difflib.get_close_matches(where, _known_keys(Recipe), n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else "; see the recipes folder for the keys there are"


def _known_keys(model: type[BaseModel], prefix: str = "") -> list[str]:
    keys = []
    for name, field in model.model_fields.items():
        keys.append(f"{prefix}{name}")
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            keys += _known_keys(inner, f"{prefix}{name}.")
    return keys

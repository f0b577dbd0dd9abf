"""TOML file + ``--set key=value`` → a checked ``Recipe``, or one clear line."""

import copy
import difflib
import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from value_personas.data import read_toml, require_plain
from value_personas.experiments.recipe.paths import NamesFile
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.recipe.section import settings_marked, settings_of, table_of
from value_personas.experiments.recipe.sweep import OfKeys, dotted
from value_personas.signatures import RecipeError


def shipped_recipes() -> dict[str, Path]:
    """The recipes that come with the package, by name."""
    folder = Path(str(files("value_personas.experiments") / "recipes"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def load_recipe(source: str | Path | None = None, overrides: Iterable[str] = ()) -> Recipe:
    """Read a recipe.

    Args:
        source: a TOML file or the name of a shipped recipe; ``quickstart`` when absent. A file may extend
            another by ``extends``; paths inside a file are relative to it.
        overrides: ``dotted.key=value`` settings that win; a value is read as TOML, else as plain text,
            and paths in it are relative to the current folder. ``dotted.key=`` takes a setting away, so that
            its default counts.

    Raises:
        RecipeError: when a file, key or value is not usable; the message names the nearest valid key.
    """
    origins: dict[str, str] = {}
    raw, settings = _read(source or "quickstart", origins), list(overrides)
    said = f"recipe {shipped_recipes().get(str(source or 'quickstart'), source)}"
    return _with_overrides(raw, settings, origins, f"{said}, with --set" if settings else said)


def recipe_of(given: Recipe | str | Path | None, usual: str = "quickstart") -> Recipe:
    """What a study is given, from Python or by a command: a recipe, or the file or name of one.

    Args:
        given: see above; None for the usual one.
        usual: the name of the shipped recipe that is then taken.

    Raises:
        RecipeError: as ``load_recipe``.
    """
    return given if isinstance(given, Recipe) else load_recipe(given or usual)


def changed(recipe: Recipe, overrides: Iterable[str]) -> Recipe:
    """A recipe with other values, as ``--set`` gives them.

    Raises:
        RecipeError: as ``load_recipe``.
    """
    return _with_overrides(recipe.model_dump(mode="json"), overrides)


def _with_overrides(
    raw: dict[str, Any],
    overrides: Iterable[str],
    origins: dict[str, str] | None = None,
    whole: str = "recipe",
) -> Recipe:
    origins = origins or {}
    settings = [_parsed(override) for override in overrides]
    _give_way(raw, [key for key, text in settings if text])
    for key, text in settings:
        if text:
            _put(raw, key, _toml_value(text), f"--set {key}")
            origins[key] = "--set"
        else:
            _take_away(raw, key)
    return _checked(raw, origins, whole)


def varied(recipe: Recipe, settings: Mapping[str, Any]) -> Recipe:
    """The same recipe with other settings.

    Args:
        recipe: the rest.
        settings: dotted key → value; a table in place of a section replaces it whole.

    Raises:
        RecipeError: as ``load_recipe``.
    """
    raw = recipe.model_dump()
    _give_way(raw, settings)
    for key, value in settings.items():
        _put(raw, key, copy.deepcopy(value), key)
    return _checked(raw)


def _checked(raw: dict[str, Any], origins: Mapping[str, str] | None = None, whole: str = "recipe") -> Recipe:
    """The recipe, or the first problem with where it stands: of several keys together, in the ``whole``."""
    try:
        require_plain(raw)
        return Recipe.model_validate(raw)
    except ValidationError as error:
        raise RecipeError(_first_problem(error, origins or {}, whole)) from None
    except ValueError as error:
        raise RecipeError(f"{whole}: {error}") from None


_MOST_EXTENDED = 20


def _read(source: str | Path, origins: dict[str, str], above: tuple[Path, ...] = ()) -> dict[str, Any]:
    """A file's settings over those of the file that it extends; notes in which one each key stands."""
    path = shipped_recipes().get(str(source), Path(source))
    raw = _toml(source, path)
    itself = path.resolve()
    if itself in above:
        raise RecipeError(f"recipe {path}: extends itself, by way of {above[-1]}")
    if len(above) > _MOST_EXTENDED:
        raise RecipeError(
            f"recipe {above[0]}: extends one file by way of another, {_MOST_EXTENDED} times over"
        )
    base = raw.pop("extends", None)
    for key, _ in dotted(raw):
        origins.setdefault(key, f"recipe {path}")
    raw.setdefault("name", path.stem)
    raw.setdefault("description", "")
    if base is None:
        return raw
    if not isinstance(base, str):
        raise RecipeError(f"recipe {path}: extends: expected a file or the name of a recipe, got {base!r}")
    beside = base if base in shipped_recipes() else path.parent / base
    under = _read(beside, origins, (*above, itself))
    _give_way(under, [key for key, _ in dotted(raw)])
    return _merged(under, raw)


def _toml(source: str | Path, path: Path) -> dict[str, Any]:
    try:
        raw = read_toml(path)
    except OSError as error:
        names = ", ".join(shipped_recipes())
        raise RecipeError(
            f"recipe {source}: {error.strerror or error}; give a TOML file or one of: {names}"
        ) from None
    except ValueError as error:
        raise RecipeError(f"recipe {path}: {error}") from None
    _anchor_paths(raw, path.parent)
    return raw


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Tables are merged key by key; any other value, a list too, takes the place of the base's."""
    both = dict(base)
    for key, value in over.items():
        inner = base.get(key)
        both[key] = _merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return both


_EITHER = (("calibration.temperature", "calibration.fitted"),)
"""Settings of which a recipe has one."""


def _give_way(raw: dict[str, Any], given: Iterable[str]) -> None:
    """Take away what is set already and excluded by what is set over it; set together, both are refused."""
    keys = set(given)
    for pair in _EITHER:
        if len(over := keys.intersection(pair)) == 1:
            _take_away(raw, next(key for key in pair if key not in over))


def _anchor_paths(raw: dict[str, Any], folder: Path) -> None:
    """Make the paths of a recipe file relative to where it lies, not to where the command is run."""
    for key in settings_marked(Recipe, NamesFile):
        table, last = table_of(raw, key)
        if last in table:
            table[last] = _anchored(key, table[last], folder)
    for key in settings_marked(Recipe, OfKeys):
        table, last = table_of(raw, key)
        if last in table:
            table[last] = _anchored_variations(table[last], folder)


def _anchored_variations(varied: Any, folder: Path) -> Any:
    """The same for paths that a sweep or an ablation varies."""
    if isinstance(varied, list):
        return [_anchored_variations(one, folder) for one in varied]
    if not isinstance(varied, dict):
        return varied
    return {key: _anchored(key, value, folder) for key, value in dotted(varied)}


def _anchored(key: str, value: Any, folder: Path) -> Any:
    if isinstance(value, list):
        return [_anchored(key, one, folder) for one in value]
    mark = settings_marked(Recipe, NamesFile).get(key)
    return str(folder / value) if mark and isinstance(value, str) and mark.is_path(value) else value


def _parsed(override: str) -> tuple[str, str]:
    key, equals, value = override.partition("=")
    if not equals or not key.strip():
        raise RecipeError(f"--set {override}: expected key=value, for example --set profiles.n=200")
    return key.strip(), value.strip()


def _take_away(raw: dict[str, Any], key: str) -> None:
    """Let a key's default count again, which TOML has no word for where it is nothing at all."""
    if key not in {known for known, _, _ in settings_of(Recipe)}:
        raise RecipeError(f"--set: unknown key {key}{_nearest(key)}")
    table, last = table_of(raw, key)
    table.pop(last, None)


def _put(raw: dict[str, Any], key: str, value: Any, said: str) -> None:
    *tables, last = key.split(".")
    table = raw
    for name in tables:
        if table.get(name) is None:
            table[name] = {}
        table = table[name]
        if not isinstance(table, dict):
            raise RecipeError(f"{said}: {name} is a value, not a table")
    table[last] = value


def _toml_value(text: str) -> Any:
    try:
        read = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"--set …={text[:20]}…: not a value: {error}") from None
    return read["value"] if len(read) == 1 else text  # what follows a line break is no part of the value


_MAY_HOLD_CREDENTIALS = frozenset(
    {"api_key_env", "base_url", "deployment", "lm", "parameters", "store", "tracking", "uri"}
)
"""Keys into which a person may have typed a key or a password: what was given is not repeated."""


_IN_TOML = {
    "tuple_type": 'expected a list, as in ["a", "b"]',
    "list_type": 'expected a list, as in ["a", "b"]',
    "model_type": "expected a table of settings",
    "dict_type": "expected a table of settings",
    "missing": "is missing",
}
"""Kinds of problem that are told in Python's words elsewhere."""


def _first_problem(error: ValidationError, origins: Mapping[str, str], whole: str) -> str:
    problem = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in problem["loc"])
    # Who gave the table whole has the word before whoever named a key of it.
    near = [key for key in origins if f"{where}.".startswith(f"{key}.")]
    near = near or [key for key in origins if key.startswith(f"{where}.")]
    place = origins[max(near, key=len)] if near and where else whole
    if problem["type"] == "extra_forbidden":
        return f"{place}: unknown key {where}{_nearest(where)}"
    if not where:
        return f"{place}: {problem['msg'].removeprefix('Value error, ')}"
    said = _IN_TOML.get(problem["type"]) or problem["msg"].removeprefix("Value error, ")
    hidden = isinstance(problem["input"], dict) or not _MAY_HOLD_CREDENTIALS.isdisjoint(problem["loc"])
    got = "" if hidden else f", got {problem['input']!r}"
    return f"{place}: {where}: {said}{got}"


def _nearest(where: str) -> str:
    """What may have been meant: a key of the table it stands in, then any other."""
    known = [key for key, _, _ in settings_of(Recipe)]
    tables = {key.rpartition(".")[0] for key in known}
    parts = where.split(".")
    depth = max(n for n in range(len(parts)) if ".".join(parts[:n]) in tables)
    table, rest = ".".join(parts[:depth]), ".".join(parts[depth:])
    varied = [key for key in settings_marked(Recipe, OfKeys) if key.rpartition(".")[0] == table]
    if varied and rest in known:
        return f"; did you mean [{varied[0]}], where keys of the recipe are varied?"
    own = [key for key in known if key.rpartition(".")[0] == table]
    close = difflib.get_close_matches(rest, [key.rpartition(".")[2] for key in own], n=1, cutoff=0.6)
    others = [key for key in known if key != table]
    anywhere = difflib.get_close_matches(where, others, n=1, cutoff=0.8 if table else 0.5)
    if table and close:
        return f"; did you mean {table}.{close[0]}?"
    if anywhere:
        return f"; did you mean {anywhere[0]}?"
    return f"; [{table}] has {', '.join(own)}" if table else "; value-personas recipes --settings lists all"

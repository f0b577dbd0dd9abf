"""Every setting of a recipe, told by the models themselves: a page to read, and a schema for editors."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.recipe.section import parts_of, settings_of

_NAMES_SCHEMA = "#:schema recipe.schema.json"
"""The first line of a shipped recipe."""

Schema = dict[str, Any]


def recipe_schema() -> Schema:
    """The JSON Schema of a recipe file, each setting with its meaning.

    Editors that know the ``#:schema`` line of TOML complete and check by it. ``extends``, which belongs to
    the file and not to the recipe, is added.
    """
    schema = Recipe.model_json_schema()
    for model in {model for _, model, _ in settings_of(Recipe)}:
        table = schema if model is Recipe else schema["$defs"].get(model.__name__)
        if table is None:  # its place takes any table
            continue
        meanings = _meanings(model)
        for name, property_ in table["properties"].items():
            property_["description"] = meanings.get(name) or _of_table(model, name)
            property_.pop("title", None)
        table["description"] = _first_paragraph(model)
    file = {
        "type": "string",
        "description": "A file or a shipped recipe whose settings count where this says none.",
    }
    schema["properties"] = {"extends": file, **schema["properties"]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def printed_recipe(path: Path) -> str:
    """A shipped recipe as one begins one's own from: it names the installed schema, wherever it is kept."""
    text = path.read_text(encoding="utf-8")
    return text.replace(_NAMES_SCHEMA, f"#:schema {(path.parent / 'recipe.schema.json').as_uri()}", 1)


def settings_page() -> str:
    """A page of Markdown: a table a section, a row a setting with type, default, range and meaning."""
    schema = recipe_schema()
    lines = ["# Every setting of a recipe", "", *_INTRODUCTION, ""]
    places: dict[str, str] = {}
    heads = {
        key: f"[[{key}]]" for key, one in schema["properties"].items() if _references(one.get("items", {}))
    }
    for path, name in _tables(schema):
        places.setdefault(name, path)  # a model of several places stands at its first
    for name, path in places.items():
        table = schema["$defs"][name] if name else schema
        lines += [
            f"## {heads.get(path, f'[{path}]') if path else 'Top of the file'}",
            "",
            table["description"],
            "",
        ]
        lines += ["| setting | type | default | range | meaning |", "|---|---|---|---|---|"]
        lines += [_row(setting, one, places) for setting, one in table["properties"].items()]
        lines.append("")
    return "\n".join(lines)


_INTRODUCTION = (
    "Written by `value-personas recipes --settings` from the code, and held to it by a test. A file may set",
    "any of these; `--set TABLE.SETTING=VALUE` sets one on the command line. To begin from there are the",
    "files beside this one (`value-personas recipes NAME` prints one). Their first line names",
    "`recipe.schema.json`, by which editors complete and check; `value-personas recipes --schema` prints it.",
    "A default of – stands for: none.",
)


def _tables(schema: Schema, table: Schema | None = None, path: str = "") -> Iterator[tuple[str, str]]:
    """Every table's path and the name of its model, which is empty for the file's own."""
    if table is None:
        yield "", ""
    for name, one in (table or schema)["properties"].items():
        for model in _references(one):
            inner = f"{path}.{name}".lstrip(".")
            yield inner, model
            yield from _tables(schema, schema["$defs"][model], inner)


def _references(one: Schema) -> list[str]:
    inner = [one, *one.get("anyOf", ()), *one.get("allOf", ()), one.get("items", {})]
    return [kind["$ref"].rpartition("/")[2] for kind in inner if "$ref" in kind]


def _row(name: str, one: Schema, places: dict[str, str]) -> str:
    kinds = [kind for kind in one.get("anyOf", [one]) if kind.get("type") != "null"]
    if tables := [places[model] for model in _references(one)]:
        many = "tables" if "items" in one else "table"
        told, default, limits = f"{many}, see [{tables[0]}]", "", ""
    else:
        told = " or ".join(dict.fromkeys(_kind(kind) for kind in kinds))
        default = _toml(one.get("default"))
        limits = "; ".join(dict.fromkeys(filter(None, map(_limits, kinds))))
    cells = (f"`{name}`", told, default, limits, re.sub(r"``", "`", one["description"]))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _kind(kind: Schema) -> str:
    if "enum" in kind:
        return ", ".join(f"`{one}`" for one in kind["enum"])
    if "const" in kind:
        return f"`{kind['const']}`"
    if kind.get("type") == "array":
        each = kind.get("items") or {}
        inner = " or ".join(_kind(one) for one in each.get("anyOf", [each]) if one)
        if "prefixItems" in kind:
            inner = ", ".join(_kind(one) for one in kind["prefixItems"])
        return f"list of {inner or 'values'}"
    if kind.get("type") == "object":
        return "table of keys and values"
    names = {"string": "text", "integer": "whole number", "boolean": "true or false"}
    return (
        "path"
        if kind.get("format") == "path"
        else names.get(kind.get("type", ""), str(kind.get("type", "any value")))
    )


def _limits(kind: Schema) -> str:
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    of_items = {"minItems": "at least {} of them", "minLength": "not empty", "pattern": "of the form `{}`"}
    said = [f"{sign} {kind[key]:g}" for key, sign in signs.items() if key in kind and kind[key] < 2**53]
    said += [words.format(kind[key]) for key, words in of_items.items() if kind.get(key)]
    return ", ".join(said)


def _toml(value: Any) -> str:
    """A default as it would be typed; – where nothing stands for it."""
    if value is None or value in ([], {}, ""):
        return "–"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, list):
        return f"`[{', '.join(_toml(one).strip('`') for one in value)}]`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def _first_paragraph(model: type[BaseModel]) -> str:
    return " ".join((inspect.getdoc(model) or "").partition("\n\n")[0].split())


def _of_table(model: type[BaseModel], name: str) -> str:
    """What a table's own model says of it, where the model it stands in has no more to say."""
    inner = parts_of(model.model_fields[name].annotation)
    return _first_paragraph(
        next(one for one in inner if isinstance(one, type) and issubclass(one, BaseModel))
    )


def _meanings(model: type[BaseModel]) -> dict[str, str]:
    """Setting → what its class's docstring says of it under ``Attributes``, those of base classes too."""
    found: dict[str, str] = {}
    for base in model.__mro__:
        attributes = inspect.cleandoc(base.__doc__ or "").partition("Attributes:\n")[2]
        for name, text in re.findall(r"^    (\w+): (.*(?:\n {8,}.*)*)", attributes, re.MULTILINE):
            found.setdefault(name, " ".join(text.split()))
    return found

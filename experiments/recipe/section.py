"""What every table of a recipe is, and the keys that tables have."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, TypeVar, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from value_personas.signatures import Frozen

Mark = TypeVar("Mark")


class Section(Frozen):
    """A table of a recipe: frozen, and without a key that it does not know."""


def settings_of(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, type[BaseModel], FieldInfo]]:
    """Every setting of a model, a table before its own: its dotted key, the model it stands in, its field."""
    for name, field in model.model_fields.items():
        yield f"{prefix}{name}", model, field
        for part in parts_of(field.annotation):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from settings_of(part, f"{prefix}{name}.")


def parts_of(annotation: Any) -> Iterator[Any]:
    """A type and everything that it is made of; of ``Annotated``, what it says too."""
    yield annotation
    for part in get_args(annotation):
        yield from parts_of(part)


@cache
def settings_marked(model: type[BaseModel], kind: type[Mark]) -> Mapping[str, Mark]:
    """Dotted key → its mark of a kind, for every setting of a model that bears one, in the model's order."""
    return {
        key: part
        for key, _, field in settings_of(model)
        for part in (*field.metadata, *parts_of(field.annotation))
        if isinstance(part, kind)
    }


def table_of(raw: dict[str, Any], key: str) -> tuple[dict[str, Any], str]:
    """The table in which a dotted key would stand, and its last name; an empty one where there is none."""
    *tables, last = key.split(".")
    table: Any = raw
    for name in tables:
        table = table.get(name) if isinstance(table, dict) else None
    return table if isinstance(table, dict) else {}, last

"""``descriptors.csv``: the table of descriptors that a person can read, correct and hand back."""

from collections.abc import Collection, Iterable
from pathlib import Path

import pandas as pd

from programs.descriptor_writer import DescriptorTable, Variant
from signatures import RecipeError, ValueItem

__all__ = ["descriptor_frame", "read_overrides"]

_COLUMNS = ("item", "score", "variant", "text")


def descriptor_frame(tables: Iterable[DescriptorTable], items: Collection[ValueItem]) -> pd.DataFrame:
    """One row for each descriptor: variant, item, score, the answer's meaning, text, writer, broken rules."""
    meaning = {
        (item.code, score): label
        for item in items
        for label, score in zip(item.scale.labels, item.scale.scores, strict=True)
    }
    rows = [
        {
            "variant": d.variant,
            "item": d.item,
            "score": d.score,
            "answer": meaning[d.item, d.score],
            "text": d.text,
            "writer": d.writer,
            "broken_rules": "; ".join(d.broken_rules),
        }
        for table in tables
        for d in table.descriptors
    ]
    return pd.DataFrame(rows)


def read_overrides(path: Path, items: Collection[ValueItem]) -> dict[tuple[Variant, str, float], str]:
    """Read a person's own descriptors.

    Args:
        path: a CSV with the columns item, score, variant and text; other columns are ignored.
        items: the items whose answers may be described.

    Returns:
        (variant, item, score) → text.

    Raises:
        RecipeError: when the file, a column, an item or a score is not usable.
    """
    try:
        frame = pd.read_csv(path, dtype={"text": str, "item": str, "variant": str})
    except (OSError, ValueError) as error:
        raise RecipeError(f"descriptors {path}: cannot be read as CSV: {error}") from None
    if absent := [column for column in _COLUMNS if column not in frame.columns]:
        raise RecipeError(
            f"descriptors {path}: column {absent[0]} is missing; expected {', '.join(_COLUMNS)}"
        )
    known = {(item.code, score) for item in items for score in item.scale.scores}
    overrides: dict[tuple[Variant, str, float], str] = {}
    for row in frame.to_dict("records"):
        cell, text = (row["item"], row["score"]), str(row["text"]).strip()
        if cell not in known or row["variant"] not in ("hedged", "unhedged") or text in ("", "nan"):
            raise RecipeError(
                f"descriptors {path}: item {row['item']} score {row['score']} variant {row['variant']} is "
                "no answer of the instrument, or its text is empty; take the table a run wrote as a model"
            )
        overrides[row["variant"], row["item"], float(row["score"])] = text
    return overrides

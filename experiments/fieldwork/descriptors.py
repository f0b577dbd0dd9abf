"""``descriptors.csv``: the table of descriptors that a person can read, correct, freeze and hand back."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

import pandas as pd

from value_personas import data
from value_personas.experiments.workspace.tables import as_written
from value_personas.programs import Descriptor, DescriptorTable, Variant
from value_personas.signatures import RecipeError, ValueItem

REFERENCE = "reference"
"""What ``descriptors.frozen`` says for the table that comes with the product; also the name of its writer."""

_COLUMNS = ("item", "score", "variant", "text")

_SHOWN = 100
"""Signs of a descriptor that a note shows."""

_Override = tuple[Variant, str, float, int]


def descriptor_frame(tables: Iterable[DescriptorTable], items: Collection[ValueItem]) -> pd.DataFrame:
    """One row for each descriptor.

    Returns:
        Columns variant, item, score, wording, answer (its meaning), text, writer, prompt (the digest of the
        instruction), version (of the whole table) and broken_rules.
    """
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
            "wording": d.wording,
            "answer": meaning[d.item, d.score],
            "text": d.text,
            "writer": d.writer,
            "prompt": d.prompt,
            "version": version,
            "broken_rules": "; ".join(d.broken_rules),
        }
        for table, version in ((table, table.version) for table in tables)
        for d in table.descriptors
    ]
    return pd.DataFrame(rows)


def rule_notes(tables: Mapping[Variant, DescriptorTable]) -> Iterator[str]:
    """What descriptors still break, a sentence for each variant and rule, with a text that does."""
    for variant, table in tables.items():
        by_rule: dict[str, list[Descriptor]] = {}
        for d in table.unmended:
            by_rule.setdefault(d.broken_rules[0], []).append(d)
        for rule, broken in by_rule.items():
            first = broken[0]
            wording = f", wording {first.wording}" if first.wording else ""
            how_many = f"{len(broken)} of {len(table.descriptors)}"
            yield (
                f"{how_many} {variant} descriptors break a rule, {rule}; that of {first.item} = "
                f"{first.score:g}{wording} is {' '.join(first.text.split())[:_SHOWN]!r}"
            )


def read_overrides(path: Path, items: Collection[ValueItem], wordings: int = 1) -> dict[_Override, str]:
    """Read a person's own descriptors.

    Args:
        path: a CSV with the columns item, score, variant and text; without a column wording, a text stands
            for every wording of its answer. Other columns are ignored.
        items: the items whose answers may be described.
        wordings: how many wordings the recipe has.

    Returns:
        (variant, item, score, wording) → text.

    Raises:
        RecipeError: when the file, a column, an item or a score is not usable.
    """
    frame = _read(path)
    known = {(item.code, score) for item in items for score in item.scale.scores}
    overrides: dict[_Override, str] = {}
    for row in frame.to_dict("records"):
        cell, text = (row["item"], row["score"]), str(row["text"]).strip()
        if cell not in known or row["variant"] not in ("hedged", "unhedged") or text in ("", "nan"):
            raise RecipeError(
                f"descriptors {path}: item {row['item']} score {row['score']} variant {row['variant']} is "
                "no answer of the instrument, or its text is empty; take the table a run wrote as a model"
            )
        told = [int(row["wording"])] if "wording" in frame.columns else range(wordings)
        overrides |= {(row["variant"], row["item"], float(row["score"]), w): text for w in told}
    return overrides


def read_frozen(
    path: Path, items: Collection[ValueItem], variants: Collection[Variant], wordings: int = 1
) -> Mapping[Variant, DescriptorTable]:
    """Read a run's whole table, so that nothing is written anew.

    Args:
        path: a ``descriptors.csv`` as a run wrote it.
        items: every answer of which must be described.
        variants: the variants that are needed.
        wordings: how many wordings of each answer are needed.

    Raises:
        RecipeError: when an answer is not described, or the table was changed after it was written.
    """
    frame = _read(path)
    if absent := [c for c in ("wording", "writer", "prompt", "version") if c not in frame.columns]:
        raise RecipeError(
            f"descriptors {path}: column {absent[0]} is missing; take the table that a run wrote"
        )
    read: dict[Variant, DescriptorTable] = {
        variant: _frozen_table(frame[frame["variant"] == variant], path) for variant in variants
    }
    for variant, table in read.items():
        described = {(d.item, d.score, d.wording) for d in table.descriptors}
        needed = ((i.code, s, w) for i in items for s in i.scale.scores for w in range(wordings))
        if lacking := [cell for cell in needed if cell not in described]:
            item, score, wording = lacking[0]
            raise RecipeError(
                f"descriptors {path}: no {variant} text for {item} = {score:g}, wording {wording}; "
                "take the table of a run of the same instrument and wordings"
            )
    return read


def reference_tables(
    items: Collection[ValueItem], variants: Collection[Variant], address: str, wordings: int = 1
) -> Mapping[Variant, DescriptorTable]:
    """The table that comes with the product.

    Args:
        items: every answer of which must be described.
        variants: the variants that are needed.
        address: the pronoun by which the person is spoken of.
        wordings: how many wordings of each answer are needed.

    Raises:
        RecipeError: when it lacks an answer or has too few wordings.
    """
    if wordings > 1:
        raise RecipeError(
            f"descriptors.frozen = reference has one wording an answer, descriptors.wordings is {wordings}"
        )
    texts = data.reference_descriptors()
    cells = [(item.code, score) for item in items for score in item.scale.scores]
    if lacking := [cell for cell in cells if (address, "hedged", *cell) not in texts]:
        raise RecipeError(
            f"descriptors.frozen = reference does not describe {lacking[0][0]} = {lacking[0][1]:g}; it has "
            "the items of the instrument inglehart-welzel"
        )
    return {
        variant: DescriptorTable(
            tuple(
                Descriptor(item, score, variant, texts[address, variant, item, score], REFERENCE)
                for item, score in cells
            )
        )
        for variant in variants
    }


def _frozen_table(frame: pd.DataFrame, path: Path) -> DescriptorTable:
    table = DescriptorTable(
        tuple(
            Descriptor(
                item=row["item"],
                score=float(row["score"]),
                variant=row["variant"],
                text=row["text"],
                writer=row["writer"],
                broken_rules=tuple(row["broken_rules"].split("; ")) if row["broken_rules"] else (),
                wording=int(row["wording"]),
                prompt=row["prompt"],
            )
            for row in frame.fillna("").to_dict("records")
        )
    )
    if len(frame) and set(frame["version"]) != {table.version}:
        raise RecipeError(
            f"descriptors {path}: version {frame['version'].iloc[0]} was written, the texts are now "
            f"{table.version}; give changed texts as descriptors.overrides, which records them as yours"
        )
    return table


def _read(path: Path) -> pd.DataFrame:
    texts = dict.fromkeys(("text", "item", "variant", "writer", "prompt", "version", "broken_rules"), str)
    try:
        frame = pd.read_csv(path, dtype=texts)
    except (OSError, ValueError) as error:
        raise RecipeError(f"descriptors {path}: cannot be read as CSV: {error}") from None
    if absent := [column for column in _COLUMNS if column not in frame.columns]:
        raise RecipeError(
            f"descriptors {path}: column {absent[0]} is missing; expected {', '.join(_COLUMNS)}"
        )
    return frame.assign(text=frame["text"].map(as_written, na_action="ignore"))

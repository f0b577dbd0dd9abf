"""The newest audit of a recipe's descriptors, on the same survey and model, read back from its folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.recipe.record import is_of_the_same
from value_personas.signatures import StoreError

__all__ = ["Audit", "newest_audit"]

_HUMAN = "human"


@dataclass(frozen=True, slots=True)
class Audit:
    """How far one stated answer moves the others.

    Attributes:
        items: I codes.
        matrices: ``human`` and kinds of statements → shape (I, I), as shares of the scale; the answer to the
            row's item is known, the column's is asked.
        summary: one row a kind of statement.
        folder: where it lies.
    """

    items: tuple[str, ...]
    matrices: Mapping[str, NDArray[np.float64]]
    summary: pd.DataFrame
    folder: Path


def newest_audit(audits: Path, recipe: Recipe) -> Audit | None:
    """Read the newest audit of a recipe on the same survey, instrument and model; None where there is none.

    Raises:
        StoreError: when its files are damaged or of another version.
    """
    name = f"audit-{recipe.name}"
    found = sorted(
        (p for p in audits.glob("*/spill_over.csv") if p.parent.name.rpartition("-")[0] == name),
        key=lambda path: path.stat().st_mtime_ns,
    )
    fitting = (path.parent for path in reversed(found) if is_of_the_same(recipe, path.parent))
    return next(map(_read, fitting), None)


def _read(folder: Path) -> Audit:
    try:
        long, summary = pd.read_csv(folder / "spill_over.csv"), pd.read_csv(folder / "summary.csv")
        items = tuple(dict.fromkeys(long["given"].astype(str)))
        kinds = dict.fromkeys(long["statement"].astype(str))
        first = next(iter(kinds))
        matrices = {_HUMAN: _square(long[long["statement"] == first], "human", items)}
        matrices |= {kind: _square(long[long["statement"] == kind], "judged", items) for kind in kinds}
    except (OSError, ValueError, KeyError, StopIteration) as error:
        raise StoreError(f"{folder}: not an audit of this version, or damaged: {error}") from None
    return Audit(items, matrices, summary, folder)


def _square(rows: pd.DataFrame, column: str, items: Sequence[str]) -> NDArray[np.float64]:
    table = rows.pivot_table(index="given", columns="item", values=column, dropna=False)
    return table.reindex(index=list(items), columns=list(items)).to_numpy(np.float64)

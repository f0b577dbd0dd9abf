"""A report of some methods of a run: the same figures, with fewer rows."""

import difflib
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from value_personas.experiments.evaluation.map_positions import HUMAN
from value_personas.experiments.report.material import Material
from value_personas.signatures import RecipeError


def chosen(material: Material, kinds: Sequence[str]) -> Material:
    """Keep the rows of some methods, in the order in which they are named.

    Nothing is computed anew: means stay over the cells that all ranked methods of the run have, and p-values
    adjusted for all its comparisons.

    Args:
        material: of the whole run.
        kinds: methods, comparators and rows that know nothing of a country, by their names in tables; a
            persona kind brings its calibrated rows.

    Raises:
        RecipeError: for a name that the run has no row of.
    """
    run = material.run
    nulls = [] if run.nulls.empty else list(run.nulls["method"].unique())
    names = [name for kind in kinds for name in _named(kind.strip(), [*material.methods, *nulls])]
    methods = [name for name in dict.fromkeys(names) if name in material.methods]
    if not methods:
        raise RecipeError(
            f"--kinds {', '.join(kinds)}: name a method too; the run has {_told(material.methods)}"
        )

    def rows(table: pd.DataFrame, column: str = "method", among: Sequence[str] = methods) -> pd.DataFrame:
        """The rows of what was chosen, in its order."""
        if table.empty:
            return table
        kept = table[table[column].isin(list(among))]
        place = kept[column].map({name: n for n, name in enumerate(among)})
        return kept.loc[place.sort_values(kind="stable").index].reset_index(drop=True)

    def optional(table: pd.DataFrame | None, column: str, *more: str) -> pd.DataFrame | None:
        return None if table is None else rows(table, column, [*more, *methods])

    against = material.comparisons
    if len(against):
        against = rows(against[against["against"].isin([*methods, ""])])
    gap = material.gap
    told = gap is not None and {str(gap.iloc[0]["baseline"]), str(gap.iloc[0]["method"])} <= set(methods)
    return replace(
        material,
        run=replace(
            run,
            estimates=rows(run.estimates),
            scores=rows(run.scores),
            summary=rows(run.summary),
            measures=rows(run.measures),
            nulls=rows(run.nulls, among=[name for name in names if name in nulls]),
            missing={kind: reasons for kind, reasons in run.missing.items() if kind in methods},
        ),
        comparisons=against,
        asking=rows(material.asking, "personas"),
        gap=gap if told else None,
        structure=optional(material.structure, "kind"),
        positions=optional(material.positions, "method", HUMAN),
    )


def _named(kind: str, known: Sequence[str]) -> list[str]:
    found = [name for name in known if name == kind or name.startswith(f"{kind} + calibrated")]
    if not found:
        near = difflib.get_close_matches(kind, known, n=1, cutoff=0.3)
        hint = f"did you mean {near[0]}?" if near else f"it has {_told(known)}"
        raise RecipeError(f"--kinds {kind}: the run has no such row; {hint}")
    return found


def _told(names: Sequence[str]) -> str:
    return ", ".join(names)

"""What separates the methods: paired differences."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from value_personas import data
from value_personas.experiments.evaluation.judging import Judgement
from value_personas.experiments.inference import CellGroups, compare_methods
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.scoring import compared_scores

__all__ = ["baseline_of", "compare", "least_p_note", "zones_of"]

_CLAIMED = 0.05
"""The p-value below which readers take a difference for shown."""


def zones_of(countries: tuple[str, ...]) -> dict[str, str]:
    """Each country's cultural zone; a country that the published map lacks is a zone of its own."""
    return {country: data.cultural_zone(country) or country for country in countries}


def compare(recipe: Recipe, judgement: Judgement) -> pd.DataFrame:
    """Every method against the baseline, over all cells and by zone, nearness and scale length.

    The baseline is country roleplay where it was asked, else the first method.

    Returns:
        As ``experiments.inference.compare_methods``, with a column score; empty for a single method.
    """
    names = list(judgement.errors)
    if len(names) < 2:
        return pd.DataFrame()
    cells = judgement.cells[judgement.cells["method"] == names[0]]
    countries, questions = tuple(cells["country"].unique()), cells.drop_duplicates("question")
    groups = CellGroups(
        zones=list(zones_of(countries).values()),
        near=questions["near"].tolist(),
        options=questions["options"].tolist(),
    )
    tables = [
        compare_methods(
            np.stack([errors[score] for errors in judgement.errors.values()]),
            names,
            groups,
            baseline=baseline_of(names),
            draws=recipe.scoring.draws,
            level=recipe.scoring.level,
            seed=recipe.seed,
            replicates=None if judgement.drawn is None else judgement.drawn[score],
        ).assign(score=score)
        for score in compared_scores()
    ]
    return pd.concat(tables, ignore_index=True)


def least_p_note(countries: int, tests: int, what: str) -> str | None:
    """What a sign-flip test over few countries cannot show, whatever is found; None where it can.

    Args:
        countries: over which signs are flipped: of 2^countries patterns two are the most extreme.
        tests: that Holm adjusts for.
        what: they compare, in the plural.
    """
    least = 2.0 ** (1 - countries)
    if least * tests <= _CLAIMED:
        return None
    return (
        f"over {countries} countries no sign-flip test gives p below {least:.2g}, nor, adjusted for "
        f"{tests} {what}, below {min(1.0, least * tests):.2g}: read the intervals, or take more countries"
    )


def baseline_of(names: Sequence[str]) -> int:
    """The place of the method that others are compared with: country roleplay, else the first."""
    return names.index("country") if "country" in names else 0

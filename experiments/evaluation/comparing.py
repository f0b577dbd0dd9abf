"""What separates the methods: paired differences."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from value_personas.experiments.evaluation.judging import Judgement
from value_personas.experiments.inference import CellGroups, compare_methods, within, zones_of
from value_personas.experiments.recipe.recipe import ScoringSection
from value_personas.experiments.scoring import SCORES, compared_scores


def compare(judgement: Judgement, section: ScoringSection, seed: int) -> pd.DataFrame:
    """Methods in pairs (``pairs_of``), over all cells and by zone, nearness and scale length.

    Args:
        judgement: the errors of every method.
        section: level of the intervals, and draws of the tests.
        seed: of those.

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
        within(
            compare_methods(
                np.stack([errors[score] for errors in judgement.errors.values()]),
                names,
                groups,
                pairs_of(names),
                level=section.level,
                draws=section.draws,
                seed=seed,
                replicates=None if judgement.drawn is None else judgement.drawn[score],
            ),
            SCORES[score].furthest,
        ).assign(score=score)
        for score in compared_scores()
    ]
    return pd.concat(tables, ignore_index=True)


def pairs_of(names: Sequence[str]) -> list[tuple[int, int]]:
    """Every method with the baseline, then every calibrated one with itself before calibration.

    A calibration that keeps means is no better than before in their error: such pairs count in no family.
    """
    base = baseline_of(names)
    before = {f"{name} + calibrated": i for i, name in enumerate(names)}
    against_itself = ((i, before.get(name.partition(" (")[0])) for i, name in enumerate(names))
    return [(i, base) for i in range(len(names)) if i != base] + [
        (i, j) for i, j in against_itself if j is not None and j != base
    ]


def baseline_of(names: Sequence[str]) -> int:
    """The place of the method that others are compared with: country roleplay, else the first."""
    return names.index("country") if "country" in names else 0

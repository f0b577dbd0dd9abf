"""The before/after table, cell by cell, with the limit that calibration cannot pass."""

from dataclasses import replace

import numpy as np
import pandas as pd

from value_personas.experiments.calibration.judged import CalibratedPanel
from value_personas.experiments.evaluation.calibrated import Prepared
from value_personas.experiments.scoring import Cells, shape_scores
from value_personas.programs.calibration import Setting
from value_personas.signatures import Array


def before_after(judged: CalibratedPanel) -> pd.DataFrame:
    """One row for each country × question.

    Columns: country, zone, question, topic, near, options, part (what the fit has seen); mean_before,
    mean_after and mean_difference in score points; human_variance; for before and after the variance with
    its within- and between-persona parts and its ratio to the human variance; variance_limit, the
    maximum-entropy limit of a mean-preserving tilt at the record's level, and beyond_limit, whether the
    human variance lies above it, out of a tilt's reach; every score of the shape before and after.
    """
    panel = judged.panel
    cells = _cells(judged)
    c, m = judged.part.shape
    before, after = judged.uncalibrated, judged.calibrated
    mean_before, mean_after = (_mean(p.probabilities, cells.scores) for p in (before, after))
    human = cells.variance(cells.human)
    limit = variance_limit(Prepared(panel), judged.record.setting)
    columns: dict[str, object] = {
        "country": np.repeat(panel.countries, m),
        "zone": np.repeat(panel.zones, m),
        "question": list(panel.questions) * c,
        "topic": list(panel.topics) * c,
        "near": list(panel.near) * c,
        "options": panel.lengths.tolist() * c,
        "part": judged.part.ravel(),
        "mean_before": mean_before.ravel(),
        "mean_after": mean_after.ravel(),
        "mean_difference": (mean_after - mean_before).ravel(),
        "human_variance": human.ravel(),
    }
    for when, spread in (("before", before), ("after", after)):
        columns[f"variance_{when}"] = spread.total.ravel()
        columns[f"within_{when}"] = spread.within.ravel()
        columns[f"between_{when}"] = spread.between.ravel()
    columns["variance_limit"] = limit.ravel()
    columns["beyond_limit"] = (human > limit).ravel()
    for when, calibrated in (("before", False), ("after", True)):
        values = judged.scores(calibrated)
        for name in shape_scores():
            columns[f"{name}_{when}"] = values[name].ravel()
    return pd.DataFrame(columns)


def variance_limit(prepared: Prepared, setting: Setting) -> Array:
    """The variance of the maximum-entropy law: what an infinitely hot tilt of full support tends to.

    At persona level each persona has a limit of its own, and the spread between their means is added.

    Args:
        prepared: stored answers.
        setting: tells the level.

    Returns:
        Shape (C, M), in score points².
    """
    flat = setting.model_copy(update={"method": "maximum-entropy", "strength": {"all": 1.0}, "per": "all"})
    return prepared.average(flat).total


def _cells(judged: CalibratedPanel) -> Cells:
    panel = judged.panel
    cells = Cells.check(panel.human, judged.calibrated.probabilities, panel.scores, panel.mask)
    # The human variance is shown for cells that are not estimated, too.
    return replace(cells, scores=np.broadcast_to(cells.scores, cells.human.shape))


def _mean(p: Array, scores: Array) -> Array:
    return np.asarray((p * scores).sum(axis=-1))

"""Estimates after the personas of each country were drawn anew: what sampling them adds to an error."""

from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from experiments.calibration.panel import StoredPanel
from experiments.calibration.prepared import Prepared, Rows
from experiments.calibration.setting import Setting

__all__ = ["persona_replicates"]

Array = NDArray[np.float64]


def persona_replicates(
    panel: StoredPanel, setting: Setting, *, replicates: int = 100, seed: int | np.random.SeedSequence = 0
) -> Array:
    """Bootstrap the personas within countries; a persona keeps its weight and brings all its answers.

    At persona level each answer is calibrated once, and only the average is drawn anew; at population level
    each new average is calibrated.

    Args:
        panel: stored answers.
        setting: a complete setting.
        replicates: how often the personas are drawn.
        seed: of the draws; two methods with the same personas and seed are paired.

    Returns:
        Shape (replicates, C, M, K), as ``Prepared.estimate``; NaN where no drawn persona answered.
    """
    countries, n = panel.weights.shape
    rng = np.random.default_rng(seed)
    there = (panel.weights > 0).sum(axis=1)
    counts = np.zeros((replicates, countries, n))
    for c in range(countries):
        places = np.flatnonzero(panel.weights[c] > 0)
        drawn = rng.multinomial(there[c], np.full(there[c], 1.0 / there[c]), size=replicates)
        counts[:, c, places] = drawn
    if setting.level == "persona":
        return _averages(Prepared(panel), setting, counts)
    raw = setting.model_copy(update={"level": "persona", "method": "none"})
    averages = _averages(Prepared(panel), raw, counts)
    done = setting.model_copy(update={"alpha": 0.0})  # smoothed already, answer by answer
    return np.stack([Prepared(_of_averages(panel, one)).estimate(done) for one in averages])


def _averages(prepared: Prepared, setting: Setting, counts: Array) -> Array:
    c, m, k = prepared.shape
    out = np.where(prepared.panel.mask, np.nan, 0.0)[None, None].repeat(len(counts), axis=0)
    out = out.repeat(c, axis=1).reshape(len(counts), c * m, k)
    for rows in prepared.rows(setting):
        q = prepared.calibrate_rows(setting, rows)
        country = np.repeat(rows.cell // m, np.diff(np.append(rows.start, len(rows.weight))))
        for r, count in enumerate(counts):
            out[r, rows.cell, : q.shape[0]] = _average(rows, q, count[country, rows.persona]).T
    return out.reshape(len(counts), c, m, k)


def _average(rows: Rows, q: Array, count: Array) -> Array:
    weight = rows.weight * count
    share = np.add.reduceat(weight, rows.start)
    total = np.add.reduceat(q * weight, rows.start, axis=1)
    return np.asarray(np.divide(total, share, out=np.full(total.shape, np.nan), where=share > 0))


def _of_averages(panel: StoredPanel, averages: Array) -> StoredPanel:
    """Averages as if each country were one persona."""
    with np.errstate(divide="ignore"):
        log_p = np.log(np.where(panel.mask, averages, np.nan))
    values = {field.name: getattr(panel, field.name) for field in fields(panel)}
    weights = np.ones((len(panel.countries), 1))
    return StoredPanel(**values | {"log_p": log_p[:, :, None, :], "weights": weights})

"""Estimates after the people of each country were drawn anew: what sampling them adds to an error."""

from collections.abc import Sequence
from zlib import crc32

import numpy as np

from value_personas.experiments.evaluation.answers import Answers, TrainingAnswers
from value_personas.experiments.evaluation.calibrated import Prepared, Rows, as_answers, smoothed_already
from value_personas.programs.calibration import Setting
from value_personas.signatures import Array, Integers

_PERSON_STREAM = 33
"""Keeps the persons' draws apart from every other draw of the recipe's seed."""


def persona_replicates(
    prepared: Prepared, setting: Setting, *, replicates: int = 100, seed: int | np.random.SeedSequence = 0
) -> Array:
    """Bootstrap the people within countries; a person keeps its weight and brings all its texts' answers.

    What is drawn is persons, not texts: several who share a persona are drawn as so many, and the several
    texts of one person come together. So methods are paired however they merge what they tell of the same
    people. At persona level each answer is calibrated once, and only the average is drawn anew; at population
    level each new average is calibrated.

    Personas of calibrated weights are not drawn: their deviations are those of the jackknife, in which every
    G-th draw of the walk is given up to its neighbours and all calibrated anew, so that they vary as the
    estimates do.

    Args:
        prepared: stored answers.
        setting: a complete setting.
        replicates: how often the personas are drawn.
        seed: of the draws; two methods of the same people and seed are paired.

    Returns:
        Shape (replicates, C, M, K), as ``Prepared.estimate``; NaN where no drawn persona answered.
    """
    if prepared.panel.jackknife.size:
        return _left_out(prepared, setting, replicates, seed)
    return _replicated(prepared, setting, _counts(prepared.panel, replicates, seed))


def _replicated(prepared: Prepared, setting: Setting, counts: Array) -> Array:
    """Estimates when each persona counts so much more or less, shape (R, C, M, K)."""
    if setting.level == "persona":
        return _averages(prepared, setting, counts)
    raw = setting.model_copy(update={"level": "persona", "method": "none"})
    done = smoothed_already(setting)
    return np.stack(
        [Prepared(as_answers(prepared.panel, one)).estimate(done) for one in _averages(prepared, raw, counts)]
    )


def _left_out(
    prepared: Prepared, setting: Setting, replicates: int, seed: int | np.random.SeedSequence
) -> Array:
    panel = prepared.panel
    with np.errstate(divide="ignore", invalid="ignore"):
        counts = np.where(panel.weights[:, None] > 0, panel.jackknife / panel.weights[:, None], 0.0)
    q = np.stack(list(_replicated(prepared, setting, counts.transpose(1, 0, 2))))
    return moved_by_groups(prepared.estimate(setting), q, panel.countries, replicates, seed)


def moved_by_groups(
    estimate: Array,
    left_out: Array,
    countries: Sequence[str],
    replicates: int,
    seed: int | np.random.SeedSequence,
) -> Array:
    """The estimate, moved by (G−1)/√G times what giving a group up does; clipped at 0.

    So the variance over the G replicates, Σ(…)²/(G−1), is the jackknife's, (G−1)/G · Σ(t_g − t̄)².

    Where another number of replicates than G is wanted, each is moved by all groups with random signs, which
    has the same variance.

    Args:
        estimate: shape (C, M, K).
        left_out: shape (G, C, M, K), with every G-th draw given up.
        countries: C codes; each has a stream of its own.
        replicates: R.
        seed: of the signs.

    Returns:
        Shape (R, C, M, K).
    """
    groups = len(left_out)
    apart = (groups - 1) / np.sqrt(groups) * (left_out - left_out.mean(axis=0))
    if replicates != groups:
        above = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
        signs = np.empty((replicates, len(countries), groups))
        for c, country in enumerate(countries):  # one stream a country, as of those who are drawn
            key = (*above.spawn_key, _PERSON_STREAM, crc32(country.encode()), groups)
            rng = np.random.default_rng(np.random.SeedSequence(above.entropy, spawn_key=key))
            signs[:, c] = rng.choice((-1.0, 1.0), size=(replicates, groups))
        apart = np.einsum("rcg,gcmk->rcmk", signs, apart) / np.sqrt(groups - 1)
    moved = np.maximum(estimate + apart, 0.0)
    total = moved.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(moved, total, out=np.full(moved.shape, np.nan), where=total > 0))


def redraw_people(n: int, draws: int, seed: int | np.random.SeedSequence, country: str) -> Integers:
    """How often each of a country's n persons is drawn with replacement, shape (draws, n).

    One stream a country and size, so that leaving a country out changes no other's draws.
    """
    above = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    key = (*above.spawn_key, _PERSON_STREAM, crc32(country.encode()), n)
    rng = np.random.default_rng(np.random.SeedSequence(above.entropy, spawn_key=key))
    return rng.multinomial(n, np.full(n, 1.0 / n), size=draws)


def _counts(panel: Answers | TrainingAnswers, replicates: int, seed: int | np.random.SeedSequence) -> Array:
    """How much of each persona's weight every draw holds, shape (replicates, C, N); 1 on average."""
    n = panel.weights.shape[1]
    counts = np.zeros((replicates, len(panel.countries), n))
    for c, country in enumerate(panel.countries):
        first = panel.people[c][panel.people[c] >= 0]
        drawn = redraw_people(len(first), replicates, seed, country)
        holders = np.bincount(first, minlength=n)
        told = np.flatnonzero(holders)
        shares = np.stack([np.bincount(first, row, n) for row in drawn])[:, told]
        for text in range(panel.texts):
            counts[:, c, told + text] = shares / holders[told]
    return counts


def _averages(prepared: Prepared, setting: Setting, counts: Array) -> Array:
    c, m, k = prepared.shape
    out = np.where(prepared.panel.mask, np.nan, 0.0)[None, None].repeat(len(counts), axis=0)
    out = out.repeat(c, axis=1).reshape(len(counts), c * m, k)
    for rows in prepared.rows(setting):
        q = prepared.calibrate_rows(setting, rows)
        country = rows.cell_of_row // m
        for r, count in enumerate(counts):
            out[r, rows.cell, : q.shape[0]] = _average(rows, q, count[country, rows.persona]).T
    return np.where(prepared.estimated[..., None] | ~prepared.panel.mask, out.reshape(-1, c, m, k), np.nan)


def _average(rows: Rows, q: Array, count: Array) -> Array:
    weight = rows.weight * count
    share = np.add.reduceat(weight, rows.start)
    total = np.stack([np.add.reduceat(option * weight, rows.start) for option in q])
    return np.asarray(np.divide(total, share, out=np.full(total.shape, np.nan), where=share > 0))

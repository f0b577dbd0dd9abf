"""Sampling designs: which respondents' profiles stand for a country.

Every design is unbiased under the weights: a respondent is drawn n·w/Σw times on average, so that the mean of
any function of a profile estimates its weighted population mean. ``marginal`` keeps this for functions of one
item only: it draws the items independently and so destroys their joint distribution on purpose.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from value_personas.data.calibrated_weights import (
    CalibratedWeights,
    calibrated_weights,
    enough_to_calibrate,
    standardised_items,
)
from value_personas.data.margins import Margins
from value_personas.data.profiles import ProfileTable
from value_personas.signatures import Array, Integers, Profile, SurveyError


@dataclass(frozen=True)
class ProfileSample:
    """Profiles that stand for a country.

    Attributes:
        profiles: the distinct profiles drawn; an item that a respondent did not answer is left out.
        weights: shape (len(profiles),), the share of the country each stands for, summing to 1.
        design: how they were drawn.
        n: the number of draws asked for (with ``all``, the number of respondents).
        respondents: shape (draws,), rows of the survey, so that other kinds of persona can be made from the
            same draws; empty for ``marginal``, whose profiles belong to nobody.
        profile_of: shape (draws,), the position in ``profiles`` of each draw.
        draw_weights: shape (draws,), summing to 1.
        jackknife: shape (G, draws), calibrated weights with every G-th draw given up to its neighbours,
            moved back toward ``draw_weights`` as far as who is drawn cannot be drawn again; none of design
            weights.
    """

    profiles: tuple[Profile, ...] = field(repr=False)
    weights: Array = field(repr=False)
    design: str
    n: int
    respondents: Integers = field(repr=False)
    profile_of: Integers = field(repr=False)
    draw_weights: Array = field(repr=False)
    jackknife: Array = field(repr=False, default_factory=lambda: np.empty((0, 0)))


@dataclass(frozen=True)
class _Frame:
    """What a design draws from: one country's profiles, shares summing to 1, and what they are ordered by."""

    profiles: ProfileTable
    country: str
    values: Array
    share: Array
    rows: Integers
    by: "str | pd.Series[Any] | None"


def sample_profiles(
    profiles: ProfileTable,
    country: str,
    n: int,
    design: str = "systematic",
    seed: int = 0,
    *,
    by: "str | pd.Series[Any] | None" = None,
    calibrate: bool = False,
    margins: Margins | None = None,
) -> ProfileSample:
    """Draw value profiles of a country.

    Args:
        profiles: the population's profiles.
        country: a country of it.
        n: how many draws, ≥ 1; ``all`` takes every respondent whatever n is.
        design: ``systematic`` (an even walk through the respondents ordered along the profile space, from a
            random start), ``random`` (independent draws with replacement), ``stratified`` (an even walk
            through the strata of ``by``, random within each), ``all``, or ``marginal`` (items drawn
            independently).
        seed: the same seed, country and design give the same draws.
        by: for ``stratified``, the name of an item or a sociodemographic, or a series over the survey's rows.
        calibrate: whether draws are weighted so that their means of the items are the country's
            (``calibrated_weights``), where there are draws enough; never of ``all`` and ``marginal``.
        margins: shares from outside the survey to which they are weighted too.

    Raises:
        SurveyError: for an unknown country, design or stratum, or n < 1.
    """
    if design not in DESIGNS:
        raise SurveyError(f"unknown sampling design {design!r}; expected one of {', '.join(DESIGNS)}")
    if n < 1:
        raise SurveyError(f"a sample needs at least one draw, got n={n}")
    frame, weight = profiles.of(country)
    drawn = _Frame(
        profiles,
        country,
        frame.to_numpy(np.float64),
        weight / weight.sum(),
        frame.index.to_numpy(np.int64),
        by,
    )
    # One stream a country, so that leaving a country out changes no other's draws.
    stream = np.random.SeedSequence(seed, spawn_key=(zlib.crc32(country.encode()),))
    values, respondents, draw_weights = DESIGNS[design](drawn, n, np.random.default_rng(stream))
    distinct, profile_of = _collapse(values)
    items = tuple(item.code for item in profiles.items)
    jackknife = np.empty((0, 0))
    if calibrate and design not in _AS_THEY_ARE:
        found = _calibrated(drawn, respondents, margins)
        if found is not None:
            left = 0.0 if design in _AGAIN or margins is not None else _drawn_share(drawn.share, n)
            draw_weights = found.weights
            jackknife = draw_weights + np.sqrt(1.0 - left) * (found.jackknife - draw_weights)
    return ProfileSample(
        profiles=tuple(_profile(items, row) for row in distinct),
        weights=np.bincount(profile_of, draw_weights, len(distinct)).astype(np.float64),
        design=design,
        n=len(draw_weights),
        respondents=respondents,
        profile_of=profile_of,
        draw_weights=draw_weights,
        jackknife=jackknife,
    )


_AS_THEY_ARE = ("all", "marginal")
"""Designs whose weights are the population's own, or of nobody."""

_AGAIN = ("random",)
"""Designs that may draw whom they have drawn."""


def _drawn_share(share: Array, n: int) -> float:
    """Σ w·min(1, n·w), how much of the respondents a walk of n steps has drawn on average.

    Draws without replacement vary by 1 less that share of what draws from endlessly many would (the finite
    population correction, of unequal inclusion as in Hájek 1964, Annals of Mathematical Statistics 35(4)):
    what is estimated is the mean of the respondents there are.
    """
    return float(share @ np.minimum(1.0, n * share))


def _calibrated(frame: _Frame, respondents: Integers, margins: Margins | None) -> CalibratedWeights | None:
    """Weights of the draws; None where they are too few."""
    known = standardised_items(frame.values, frame.share)
    beside = 0
    if margins is not None:
        facts = frame.profiles.demographics.loc[frame.rows]
        outside = margins.columns(frame.country, facts)
        known = np.column_stack([known, outside])
        beside = outside.shape[1]
    total = frame.share @ known
    if beside:
        total[-beside:] = 0.0
    if not enough_to_calibrate(len(respondents), known.shape[1]):
        return None
    at = np.searchsorted(frame.rows, respondents)
    return calibrated_weights(known[at], total)


Draw = tuple[Array, Integers, Array]


def _rows(frame: _Frame, at: Integers) -> Draw:
    return frame.values[at], frame.rows[at], np.full(len(at), 1.0 / len(at))


def _even_walk(share: Array, order: Integers, n: int, rng: np.random.Generator) -> Integers:
    """Systematic sampling with probability proportional to size (Madow 1949): n even steps, random start."""
    ends = np.cumsum(share[order])
    steps = (rng.random() + np.arange(n)) / n * ends[-1]
    at = np.searchsorted(ends, steps, side="right").clip(max=len(order) - 1)
    return np.asarray(order[at], dtype=np.int64)


def _systematic(frame: _Frame, n: int, rng: np.random.Generator) -> Draw:
    cache = frame.profiles.order_cache
    if frame.country not in cache:
        cache[frame.country] = spread_order(frame.values, frame.share)
    return _rows(frame, _even_walk(frame.share, cache[frame.country], n, rng))


def _random(frame: _Frame, n: int, rng: np.random.Generator) -> Draw:
    return _rows(frame, rng.choice(len(frame.share), size=n, replace=True, p=frame.share))


def _stratified(frame: _Frame, n: int, rng: np.random.Generator) -> Draw:
    strata = _strata(frame)
    shuffled = rng.permutation(len(strata))
    order = shuffled[np.argsort(strata[shuffled], kind="stable")]
    return _rows(frame, _even_walk(frame.share, order, n, rng))


def _all(frame: _Frame, n: int, rng: np.random.Generator) -> Draw:
    return frame.values, frame.rows, frame.share


def _marginal(frame: _Frame, n: int, rng: np.random.Generator) -> Draw:
    # Drawn among those who answered the item: with a missing answer there is no marginal to draw from.
    columns: list[Array] = [np.empty((n, 0))]
    for values in frame.values.T:
        answered = np.flatnonzero(~np.isnan(values))
        share = frame.share[answered]
        columns.append(values[rng.choice(answered, size=n, replace=True, p=share / share.sum())])
    return np.column_stack(columns), np.empty(0, dtype=np.int64), np.full(n, 1.0 / n)


DESIGNS: dict[str, Callable[[_Frame, int, np.random.Generator], Draw]] = {
    "systematic": _systematic,
    "random": _random,
    "stratified": _stratified,
    "all": _all,
    "marginal": _marginal,
}


def _strata(frame: _Frame) -> Integers:
    """The stratum of each respondent as a number; those without one make a stratum of their own."""
    table = frame.profiles
    known = [*table.frame.columns, *table.demographics.columns]
    if frame.by is None:
        raise SurveyError(f"the stratified design needs by=..., one of {', '.join(known)} or a series")
    if isinstance(frame.by, str):
        if frame.by not in known:
            raise SurveyError(f"unknown stratum {frame.by!r}; expected one of {', '.join(known)}")
        source = table.frame if frame.by in table.frame.columns else table.demographics
        column = source[frame.by]
    else:
        column = frame.by
    absent = set(frame.rows.tolist()) - set(column.index)
    if absent:
        raise SurveyError(f"the series of strata lacks {len(absent)} respondents of {frame.country}")
    return np.asarray(pd.factorize(column.reindex(frame.rows), sort=True)[0], dtype=np.int64)


def _collapse(values: Array) -> tuple[Array, Integers]:
    """Distinct rows, missing equal to missing, and the row of each draw."""
    if not values.shape[1]:
        return values[:1], np.zeros(len(values), dtype=np.int64)
    filled = np.where(np.isnan(values), np.inf, values)  # NaN is unequal to itself
    distinct, inverse = np.unique(filled, axis=0, return_inverse=True)
    return np.where(np.isinf(distinct), np.nan, distinct), inverse.reshape(-1).astype(np.int64)


def _profile(items: tuple[str, ...], row: Array) -> Profile:
    answered = [(code, float(value)) for code, value in zip(items, row, strict=True) if not np.isnan(value)]
    return Profile(tuple(code for code, _ in answered), tuple(value for _, value in answered))


# Below this many respondents a further split cannot be told from noise.
_SMALLEST_CELL = 4


def spread_order(values: Array, share: Array) -> Integers:
    """Order respondents by halving the profile space along its main axis, again and again.

    Each cell is split at its weighted median along its own first principal component and its halves are laid
    end to end; an even walk along the order then visits all regions in proportion to their weight. The order
    does not depend on the random start, so the draw stays unbiased.

    Args:
        values: shape (n, items), NaN where missing.
        share: shape (n,), > 0, summing to 1.

    Returns:
        Shape (n,), a permutation.
    """
    rows = np.arange(len(share), dtype=np.int64)
    if not values.shape[1]:  # nothing is known by which they could be ordered
        return rows
    order = _halve(_standardised(values, share), share, rows, depth=0)
    return np.concatenate(order)


def _standardised(values: Array, share: Array) -> Array:
    """Unit variance under the weights; missing answers at the mean (they only decide the order)."""
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    total = np.maximum(share @ known, np.finfo(float).tiny)
    mean = (share @ filled) / total
    centred = np.where(known, values - mean, 0.0)
    deviation = np.sqrt(share @ centred**2 / total)
    return centred / np.where(deviation > 0, deviation, 1.0)


def _halve(points: Array, share: Array, rows: Integers, depth: int) -> list[Integers]:
    if len(rows) <= _SMALLEST_CELL:
        return [rows]
    along = _main_axis(points[rows], share[rows])
    sorted_rows = rows[np.lexsort((rows, along))]
    if along.max() - along.min() < 1e-12:  # all alike: any order serves
        return [sorted_rows]
    cumulated = np.cumsum(share[sorted_rows])
    middle = int(np.searchsorted(cumulated, cumulated[-1] / 2)) + 1
    middle = min(max(middle, 1), len(rows) - 1)
    low, high = sorted_rows[:middle], sorted_rows[middle:]
    return _halve(points, share, low, depth + 1) + _halve(points, share, high, depth + 1)


def _main_axis(points: Array, share: Array) -> Array:
    """Positions along the first principal component of a cell; its sign is fixed so that cells line up."""
    weights = share[:, None]
    centred = points - (points * weights).sum(axis=0) / weights.sum(axis=0)
    _, vectors = np.linalg.eigh((centred * weights).T @ centred)
    axis = vectors[:, -1]
    # The sum is arbitrary but the same for neighbouring cells: their order then runs the same way.
    return np.asarray(centred @ (axis if axis.sum() >= 0 else -axis))

"""How far real respondents' other answers move with one answer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from value_personas import data
from value_personas.signatures import Array, quotient


@dataclass(frozen=True, slots=True)
class HumanMeans:
    """The joint answers of the training countries' respondents, countries counting alike.

    Attributes:
        conditional: for each item, the means of all I items given each of its answers, as shares of the
            scales, shape (answers, I); NaN for an answer that nobody gave.
        shares: for each item, the share of each answer, shape (answers,), summing to 1.
    """

    conditional: tuple[Array, ...]
    shares: tuple[Array, ...]


def training_countries(countries: Sequence[str], share: float, seed: int) -> tuple[str, ...]:
    """The countries whose respondents the audit may see: all but a share of each zone's.

    With fewer than three countries nothing is held out, since nothing would be left.
    """
    if len(countries) < 3:
        return tuple(countries)
    return data.split_countries(countries, share=share, seed=seed).training


def human_means(profiles: data.ProfileTable, countries: Sequence[str]) -> HumanMeans:
    """Weighted means among respondents with each answer; a missing item is left out of its own mean."""
    rows = profiles.country.isin(list(countries)).to_numpy()
    frame, weights = profiles.frame[rows], profiles.weight[rows]
    totals = weights.groupby(profiles.country[rows]).transform("sum")
    w = (weights / totals).to_numpy(np.float64)
    answers = frame.to_numpy(np.float64)
    scales = [item.scale.values for item in profiles.items]
    x = (answers - [r[0] for r in scales]) / [r[-1] - r[0] for r in scales]
    conditional, shares = [], []
    for i, item in enumerate(profiles.items):
        chosen = [answers[:, i] == score for score in item.scale.scores]
        conditional.append(np.stack([_means(x[rows], w[rows]) for rows in chosen]))
        totals_of_answers = np.array([w[rows].sum() for rows in chosen])
        shares.append(totals_of_answers / totals_of_answers.sum())
    return HumanMeans(tuple(conditional), tuple(shares))


def _means(x: Array, w: Array) -> Array:
    """Weighted column means, missing left out; NaN for a column that nobody answered."""
    known = ~np.isnan(x)
    return quotient(w @ np.where(known, x, 0.0), w @ known)

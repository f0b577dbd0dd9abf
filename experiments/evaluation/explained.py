"""How far the value items tell what personas answer: what calibrated weights can bring."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from value_personas.programs import PanelResult
from value_personas.signatures import Array, Persona

_WORTH = (
    (0.75, "about 55 so weighted tell as much as 100 by their design weights"),
    (0.55, "about 75 so weighted tell as much as 100 by their design weights"),
    (0.2, "fewer so weighted tell as much as many by their design weights, though not by far"),
    (-np.inf, "the weights bring nothing"),
)
"""R² from which on → what was found to hold (1,190 profiles, 64 questions, 20 to 200 draws)."""


def explained_share(panel: PanelResult) -> float:
    """The share of the differences between persona means that is linear in the value items.

    Leave-one-out R² of a weighted least-squares fit, 1 − Σ w (e/(1−h))² / Σ w (y−ȳ)², averaged over cells.

    Returns:
        At most 1, below 0 where the fit predicts worse than the mean; NaN where personas tell no values, or
        too few are there to be fitted.
    """
    rows = [row for row, one in enumerate(panel.personas) if one.profile is not None and not one.replicate]
    countries = dict.fromkeys(panel.personas[row].country for row in rows)
    found = [
        _of_country(panel, [row for row in rows if panel.personas[row].country == country])
        for country in countries
    ]
    known = np.concatenate(found) if found else np.empty(0)
    known = known[np.isfinite(known)]
    return float(known.mean()) if known.size else float("nan")


def _of_country(panel: PanelResult, rows: list[int]) -> Array:
    """R² of each question, shape (M,)."""
    people = [panel.personas[row] for row in rows]
    weight = np.array([person.weight for person in people])
    x = _items(people, weight)
    out = np.full(len(panel.questions), np.nan)
    for m, question in enumerate(panel.questions):
        y = np.exp(panel.log_p[rows, m, : len(question.scale)]) @ question.scale.values
        there = ~np.isnan(y) & (weight > 0)
        if there.sum() > 2 * x.shape[1]:
            out[m] = _left_out(x[there], y[there], weight[there])
    return out


def _told(people: list[Persona]) -> tuple[list[dict[str, float]], tuple[str, ...]]:
    """What each tells, and the items that any tells."""
    told = [person.profile.as_dict() if person.profile else {} for person in people]
    return told, tuple(dict.fromkeys(code for one in told for code in one))


def _items(people: list[Persona], weight: Array) -> Array:
    """A constant and every item, the mean where it is missing, shape (N, 1 + items)."""
    told, items = _told(people)
    columns = [np.ones(len(people))]
    for item in items:
        values = np.array([one.get(item, np.nan) for one in told])
        known = ~np.isnan(values)
        if known.any():
            columns.append(np.where(known, values, np.average(values[known], weights=weight[known])))
    return np.column_stack(columns)


def _left_out(x: Array, y: Array, weight: Array) -> float:
    w = weight / weight.sum()
    total = w @ (y - w @ y) ** 2
    if not total > 1e-12:
        return float("nan")
    root = np.sqrt(w)[:, None]
    q, _ = np.linalg.qr(root * x)
    fitted = q @ (q.T @ (root[:, 0] * y))
    leverage = (q**2).sum(axis=1)
    error = (root[:, 0] * y - fitted) / np.maximum(1.0 - leverage, 1e-9)
    return float(1.0 - error @ error / total)


def weight_notes(panels: Mapping[str, PanelResult]) -> Iterator[str]:
    """What calibrated weights bring, of each kind that tells values; nothing of the design's."""
    for kind, panel in panels.items():
        if not any(persona.jackknife for persona in panel.personas):
            continue
        share = explained_share(panel)
        if np.isfinite(share):
            worth = next(words for least, words in _WORTH if share >= least)
            yield (
                f"{kind}: the value items tell {share:.2f} of how persona means differ (leave-one-out R², "
                f"linear); of personas weighted to the country's means of the items, {worth}"
            )


def filling_notes(panels: Mapping[str, PanelResult], moved: pd.DataFrame) -> Iterator[str]:
    """How far filling missing answers in moves what is predicted of each kind, as far as that is linear.

    Args:
        panels: kind → answers.
        moved: as of ``ProfileTable``.
    """
    for kind, panel in panels.items():
        shifts = np.abs(filling_shifts(panel, moved))
        known = shifts[np.isfinite(shifts)]
        if known.size:
            yield (
                f"{kind}: filling missing answers in moves predicted means by about {known.mean():.4f} of "
                f"the scale on average, {known.max():.4f} at most (linear in the value items)"
            )


def filling_shifts(panel: PanelResult, moved: pd.DataFrame) -> Array:
    """Σ_j β_j · Δ_j, with β the slopes of persona means on the items and Δ how far the items' means move.

    Returns:
        Of every country × question that can be fitted, as shares of the scale; empty where no persona tells
        values or nothing moves.
    """
    rows = [row for row, one in enumerate(panel.personas) if one.profile and one.profile.items]
    found = []
    for country in dict.fromkeys(panel.personas[row].country for row in rows):
        if country not in moved.index:
            continue
        own = [row for row in rows if panel.personas[row].country == country]
        people = [panel.personas[row] for row in own]
        weight = np.array([person.weight for person in people])
        x, (_, items) = _items(people, weight), _told(people)
        by = np.nan_to_num(moved.loc[country].reindex(list(items)).to_numpy(np.float64))
        for m, question in enumerate(panel.questions):
            scores = question.scale.values
            y = np.exp(panel.log_p[own, m, : len(scores)]) @ scores / np.ptp(scores)
            there = ~np.isnan(y) & (weight > 0)
            if there.sum() > 2 * x.shape[1]:
                root = np.sqrt(weight[there])[:, None]
                beta = np.linalg.lstsq(root * x[there], root[:, 0] * y[there], rcond=None)[0]
                found.append(float(beta[1:] @ by))
    return np.array(found)

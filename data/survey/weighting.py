"""Survey weights: which are usable, and what scale is given to countries."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from value_personas.data.formats.plain_text import one_line
from value_personas.signatures import Array, Integers, SurveyError

WEIGHTINGS = ("within-country", "equal-country", "population", "unweighted")


# The size to which the equal-country weights bring each country, as S018 does.
_EQUAL_SIZE = 1000.0

# Beyond these squares and sums of weights leave the range of floating-point numbers.
_LEAST, _MOST = 1e-30, 1e30


_OTHER_KINDS = {
    "within-country": re.compile(r"population[- ]size|size of (the )?population", re.IGNORECASE),
    "equal-country": re.compile(r"population[- ]size|size of (the )?population", re.IGNORECASE),
    "population": re.compile(r"\b1[,. ]?000\b|equilibrated|equal[- ](size|country)", re.IGNORECASE),
}
_OF_WEIGHTS = re.compile(
    r"weigh|we?gh?t|gewicht|\bpesos?\b|ponder|pondér|poids|weging|wegung|factor|faktor|facteur|fattore|"
    r"expansi[oó]n|calibrat|stratif",
    re.IGNORECASE,
)


def judge_weight_label(choice: str, column: str, label: str, where: str) -> str | None:
    """Hold the file's own label of a weight against what the codebook takes the column for.

    Args:
        choice: one of ``WEIGHTINGS``.
        column: the column.
        label: of the column; empty where the file bears none.
        where: the file, for messages.

    Returns:
        A sentence where the label does not speak of weights; None where it agrees or is silent.

    Raises:
        SurveyError: when it speaks of another kind of weight.
    """
    shown = one_line(label, 60)
    if choice in _OTHER_KINDS and _OTHER_KINDS[choice].search(label):
        raise SurveyError(
            f"{where}: column {column} is labelled {shown!r}, and the codebook takes it for the {choice} "
            "weight. If the label is right, name the right column in a codebook of your own (--codebook), or "
            "read the file unweighted (--weight unweighted, in a recipe: survey.weight)"
        )
    if label.strip() and not _OF_WEIGHTS.search(label):
        return f"{column} is taken for a weight, and its label {shown!r} speaks of none."
    return None


def kish_effective_size(weights: Array) -> float:
    """Kish's effective sample size (Σw)² / Σw² (Kish 1965); weights ≥ 0, not all zero."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def usable_weights(
    raw: "pd.Series[float]", country: Integers, names: Sequence[str], where: str
) -> tuple[Array, list[str]]:
    """Set unusable weights to zero and say how many there were.

    Args:
        raw: shape (n,), as stored.
        country: shape (n,), positions in ``names``.
        names: country codes.
        where: the file and column, for messages.

    Returns:
        Weights ≥ 0, shape (n,), and sentences on what was set to zero.

    Raises:
        SurveyError: when all weights of a country are zero, negative or missing, or one is no number,
            infinite or of a size that no weight has.
    """
    weights = pd.to_numeric(raw, errors="coerce").to_numpy(dtype=np.float64, copy=True)
    _refuse_unusable(raw, weights, where)
    problems = {"missing": np.isnan(weights), "negative": weights < 0, "zero": weights == 0}
    notes = []
    for kind, mask in problems.items():
        if mask.any():
            places = [names[int(i)] for i in np.unique(country[mask])]
            notes.append(
                f"{int(mask.sum())} respondent(s) have a {kind} weight in {where} and are left out "
                f"({', '.join(places[:5])}{' …' if len(places) > 5 else ''})."
            )
    weights[problems["missing"] | problems["negative"]] = 0.0
    totals = np.bincount(country, weights, len(names))
    empty = [name for name, total in zip(names, totals, strict=True) if not total > 0]
    if empty:
        raise SurveyError(
            f"{where}: all weights of {', '.join(empty)} are zero, negative or missing; name the other "
            "countries (--country; in a recipe: survey.countries), or count everybody as one (--weight "
            "unweighted; survey.weight)"
        )
    return weights, notes


def _refuse_unusable(raw: "pd.Series[float]", weights: Array, where: str) -> None:
    # A single letter is a tagged missing value of Stata or SAS.
    words = [text for text in raw[np.isnan(weights)].dropna().astype(str) if len(text.strip()) > 1]
    if words:
        raise SurveyError(f"{where}: holds {one_line(words[0], 40)!r}; expected numbers only")
    if np.isinf(weights).any():
        raise SurveyError(f"{where}: holds an infinite weight; expected finite numbers")
    size = np.abs(weights[weights != 0])
    odd = size[(size < _LEAST) | (size > _MOST)]  # false for NaN
    if len(odd):
        raise SurveyError(f"{where}: holds a weight of {odd[0]:g}; expected 0 or {_LEAST:g} to {_MOST:g}")


def country_scaled(weights: Array, country: Integers, totals: Array | None) -> Array:
    """Scale the weights so that countries sum to given totals; shares within a country do not change.

    Args:
        weights: shape (n,), within-country weights.
        country: shape (n,), positions.
        totals: shape (C,), population sizes; None for equal countries.
    """
    sums = np.bincount(country, weights, 0 if totals is None else len(totals))
    wanted = np.full(len(sums), _EQUAL_SIZE) if totals is None else totals
    return np.asarray(weights * (wanted / np.where(sums > 0, sums, 1.0))[country])

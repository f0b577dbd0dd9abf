"""An interval for a single prediction, out of the errors of others: split-conformal.

Of the absolute errors of n cells the ⌈(n + 1)·level⌉-th smallest is the half width (Vovk, Gammerman & Shafer
2005; Lei et al. 2018, Journal of the American Statistical Association 113). Only cells that share neither
country nor question with the one that is predicted count, so that the interval is one for a new country and a
new question both. It is right on average over such cells, not for each country: in one that is unlike the
others it holds less.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from value_personas.signatures import Array, StatisticsError


def conformal_half_widths(
    errors: ArrayLike,
    countries: Sequence[str],
    questions: Sequence[str],
    at: tuple[Sequence[str], Sequence[str]] | None = None,
    *,
    level: float = 0.9,
    new: tuple[bool, bool] = (True, True),
) -> Array:
    """Half the width of each cell's interval.

    Args:
        errors: shape (C, M), absolute errors of predictions; NaN where one is not known.
        countries: the C codes.
        questions: the M codes.
        at: codes of the countries and of the questions that are predicted; the same ones when absent.
        level: how often intervals hold, 0–1.
        new: whether cells of the same country, and of the same question, are left out; with one of them
            alone the interval is one for a new country, or for a new question.

    Returns:
        Shape (C′, M′) of ``at``; NaN where fewer than level / (1 − level) cells are left.

    Raises:
        StatisticsError: when shapes do not fit, an error is negative, or the level is not in (0, 1).
    """
    e = np.asarray(errors, dtype=np.float64)
    if e.shape != (len(countries), len(questions)) or not 0.0 < level < 1.0 or (e < 0.0).any():
        raise StatisticsError(
            "absolute errors (country, question), a code for each of both and a level in (0, 1) are needed, "
            f"got shape {e.shape}, {len(countries)} countries, {len(questions)} questions, {level=}"
        )
    at_countries, at_questions = at or (countries, questions)
    c, m = np.nonzero(~np.isnan(e))
    order = np.argsort(e[c, m], kind="stable")
    c, m = c[order], m[order]
    sorted_errors = np.append(e[c, m], np.nan)
    columns = np.array([_place(questions, code) for code in at_questions], dtype=np.intp)
    other_question = (m != columns[:, None]) | (not new[1])
    out = np.full((len(at_countries), len(at_questions)), np.nan)
    for row, code in enumerate(at_countries):
        counts = np.cumsum(other_question & ((c != _place(countries, code)) | (not new[0])), axis=1)
        n = counts[:, -1] if counts.size else np.zeros(len(columns), dtype=np.intp)
        rank = np.ceil((n + 1) * level - 1e-9)
        found = (counts < rank[:, None]).sum(axis=1)  # the first place that as many lie at or before
        out[row] = sorted_errors[np.where(rank <= n, found, len(order))]
    return out


def _place(codes: Sequence[str], code: str) -> int:
    """A code's place; −1, which is nobody's, for one that is not among them."""
    return list(codes).index(code) if code in codes else -1

"""Every score of a cell by name: the package's own, then those of the group ``value_personas.scores``."""

from collections.abc import Iterable, Sequence
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike
from pydantic import AfterValidator

from value_personas.experiments.scoring.base import Score
from value_personas.experiments.scoring.cells import Cells
from value_personas.experiments.scoring.js_distance import JS_DISTANCE
from value_personas.experiments.scoring.kl_divergence import KL_DIVERGENCE
from value_personas.experiments.scoring.normalised_mae import NORMALISED_MAE
from value_personas.experiments.scoring.opinionqa_alignment import OPINIONQA_ALIGNMENT
from value_personas.experiments.scoring.rps import RPS
from value_personas.experiments.scoring.signed_bias import SIGNED_BIAS
from value_personas.experiments.scoring.simbench import SIMBENCH
from value_personas.experiments.scoring.total_variation import TOTAL_VARIATION
from value_personas.experiments.scoring.variance_ratio import VARIANCE_RATIO
from value_personas.experiments.scoring.wasserstein import WASSERSTEIN
from value_personas.signatures import Array, Registry, StatisticsError

SCORES = Registry(
    "value_personas.scores",
    Score,
    {
        "normalised_mae": NORMALISED_MAE,
        "signed_bias": SIGNED_BIAS,
        "wasserstein": WASSERSTEIN,
        "js_distance": JS_DISTANCE,
        "total_variation": TOTAL_VARIATION,
        "kl_divergence": KL_DIVERGENCE,
        "rps": RPS,
        "variance_ratio": VARIANCE_RATIO,
        "opinionqa_alignment": OPINIONQA_ALIGNMENT,
        "simbench": SIMBENCH,
    },
)
"""Name → score, in the order of tables."""


def headline_scores() -> tuple[str, ...]:
    """Those in the table of every method."""
    return tuple(name for name, one in SCORES.items() if one.headline)


def leading_scores() -> tuple[str, ...]:
    """Those in figures and narrow tables."""
    return tuple(name for name, one in SCORES.items() if one.leading)


def compared_scores() -> tuple[str, ...]:
    """Those of which paired differences are tested."""
    return tuple(name for name in leading_scores() if SCORES[name].better == "lower")


def shape_scores() -> tuple[str, ...]:
    """Those that are shown before and after a calibration."""
    return tuple(name for name, one in SCORES.items() if one.of_shape)


def heading(name: str) -> str:
    """A score's name for people; one that a stored run knows and that is not installed here keeps its own."""
    return SCORES[name].heading if name in SCORES else name


def error_heading(name: str) -> str:
    """What a score is called where it stands for an error, 0 best; one that is turned for that says so."""
    turned = name in SCORES and SCORES[name].better != "lower"
    return f"{heading(name)}{', turned so that 0 is best' if turned else ''}"


def directions(names: Iterable[str]) -> str:
    """What a caption says of how scores are read: what is not better the lower is named."""
    known = [SCORES[name] for name in names if name in SCORES]
    others = [
        f"{one.heading}: {'higher' if one.better == 'higher' else f'{one.best:g}'}"
        for one in known
        if one.better != "lower"
    ]
    return ", ".join(["lower is better", *others])


def known_score(name: str) -> Score:
    """A score by the name that a person gave.

    Raises:
        StatisticsError: when there is none of that name; the message gives the nearest.
    """
    if name not in SCORES:
        raise StatisticsError(f"no score {name!r}; {SCORES.nearest(name)}")
    return SCORES[name]


def _known(name: str) -> str:
    if name in SCORES:
        return name
    for key, one in SCORES.items():
        if one.heading.casefold() == name.casefold():
            return key
    raise ValueError(f"no such score; {SCORES.nearest(name)}")


ScoreName = Annotated[str, AfterValidator(_known)]
"""A score as a recipe names it: by its key, or as tables do."""


def score(human: ArrayLike, model: ArrayLike, scores: ArrayLike) -> dict[str, float]:
    """Every score of one cell.

    Args:
        human: shape (K,), the human distribution.
        model: shape (K,), the predicted one.
        scores: shape (K,), the options' scores, strictly monotone.

    Returns:
        Score name → value; NaN where it is undefined.

    Raises:
        StatisticsError: when a row is no distribution or the scores are not strictly monotone.
    """
    cells = Cells.check(np.atleast_2d(human), np.atleast_2d(model), scores)
    return {name: float(one.of(cells)[0]) for name, one in SCORES.items()}


def score_cells(
    human: ArrayLike, model: ArrayLike, scores: ArrayLike, mask: ArrayLike | None = None
) -> dict[str, Array]:
    """Every score of many cells.

    Args:
        human: shape (..., K); NaN throughout a cell that has no human answers.
        model: the same; NaN throughout a cell that is not estimated.
        scores: broadcastable to (..., K).
        mask: broadcastable to (..., K), True for a cell's own options, which come first; all when absent.

    Returns:
        Score name → values of shape (...); NaN for an undefined cell. The share of NaN is the count that
        belongs beside any mean of them.

    Raises:
        StatisticsError: as ``score``.
    """
    cells = Cells.check(human, model, scores, mask)
    return {name: one.of(cells) for name, one in SCORES.items()}


def score_array(
    human: Array, predicted: Array, scales: Sequence[Array], names: Iterable[str] | None = None
) -> dict[str, Array]:
    """Scores of predictions of C countries × M questions, whose scales differ in length.

    Args:
        human: shape (C, M, K); NaN beyond a question's options and where a country was not asked.
        predicted: shape (..., C, M, K), likewise.
        scales: the options' scores of each of the M questions.
        names: which scores; all when absent.

    Returns:
        Score name → values of shape (..., C, M); NaN where undefined.

    Raises:
        StatisticsError: as ``score``.
    """
    names = tuple(SCORES if names is None else names)
    lengths = np.array([len(scale) for scale in scales])
    found = {name: np.full(predicted.shape[:-1], np.nan) for name in names}
    for k in np.unique(lengths):
        of_length = np.flatnonzero(lengths == k)
        model = predicted[..., of_length, :k]
        known = np.broadcast_to(human[:, of_length, :k], model.shape)
        cells = Cells.check(known, model, np.stack([scale for scale in scales if len(scale) == k]))
        for name in names:
            found[name][..., of_length] = SCORES[name].of(cells)
    return found

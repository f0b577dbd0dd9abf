"""Whether a file really uses the scale that the codebook gives an item."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from data.decoding import Coded
from data.missing import code_of_kind
from signatures.domain import Scale

__all__ = ["cut_scale", "used_options"]

# Only a long scale can be shortened in the field, and only a large sample can show that it was: with so many
# answers outside the commonest option, an option nobody chose was not on offer.
_LONG_SCALE = 7
_ENOUGH_ANSWERS = 100
_LEAST_UNUSED_SHARE = 1 / 3


def used_options(
    coded: Coded, country: NDArray[np.int64], names: Sequence[str], scale: Scale
) -> tuple[tuple[int, ...], str]:
    """Find a scale that was asked on fewer points than it is stored on.

    Args:
        coded: shape (n,), positions or kinds of missing answers.
        country: shape (n,), positions in ``names``.
        names: country codes.
        scale: the scale of the codebook.

    Returns:
        The positions in use when every country with answers uses the same few, else all; and a sentence on
        what was found, "" when there is nothing to say.
    """
    everything = tuple(range(len(scale)))
    if len(scale) < _LONG_SCALE:
        return everything, ""
    mask = coded >= 0
    cells = country[mask] * len(scale) + coded[mask]
    counts = np.bincount(cells, minlength=len(names) * len(scale)).reshape(len(names), len(scale))
    few = {name: used for name, row in zip(names, counts, strict=True) if (used := _few_points(row))}
    if not few:
        return everything, ""
    patterns = set(few.values())
    answering = int((counts.sum(axis=1) > 0).sum())
    codes = ", ".join(f"{scale.scores[k]:g}" for k in min(patterns))
    if len(patterns) == 1 and len(few) == answering:
        used = patterns.pop()
        return used, f"asked on {len(used)} points, stored as {codes}; this scale is the one that is scored."
    return everything, f"asked on fewer points (such as {codes}) in {', '.join(few)}; compare with care."


def _few_points(counts: NDArray[np.int64]) -> tuple[int, ...] | None:
    """The options in use when the sample shows that the others were not on offer, else None."""
    used = tuple(int(k) for k in np.flatnonzero(counts))
    unused = len(counts) - len(used)
    interior = len(used) >= 3 and used[0] == 0 and used[-1] == len(counts) - 1
    enough = counts.sum() - counts.max() >= _ENOUGH_ANSWERS
    return used if interior and enough and unused >= _LEAST_UNUSED_SHARE * len(counts) else None


def cut_scale(scale: Scale, coded: Coded, used: tuple[int, ...]) -> tuple[Scale, Coded]:
    """Keep only the options in use; the scale itself is returned when all are."""
    if len(used) == len(scale):
        return scale, coded
    shorter = Scale(tuple(scale.labels[k] for k in used), tuple(scale.scores[k] for k in used))
    table = np.full(len(scale), code_of_kind("off_scale"), dtype=np.int8)
    table[list(used)] = np.arange(len(used), dtype=np.int8)
    return shorter, np.where(coded >= 0, table[np.maximum(coded, 0)], coded).astype(np.int8)

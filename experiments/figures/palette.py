"""One look for each method, the same in every figure, and the inks that a dark page turns round."""

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = [
    "DARK_ON_TILE",
    "FAINT",
    "HELPS",
    "HURTS",
    "INK",
    "LIGHT_ON_TILE",
    "MUTED",
    "TILES",
    "Look",
    "looks",
]

INK, MUTED, FAINT = "#1c1c1e", "#6a6a70", "#d3d3d8"
"""Text and people; frames and side notes; backgrounds. The page gives each a light and a dark value."""

DARK_ON_TILE, LIGHT_ON_TILE = "#101012", "#fdfdfd"
"""Figures written on coloured tiles, which are the same on a light and on a dark page."""

TILES = "PuOr_r"
"""Negative to positive over white, told apart with any colour vision."""

HELPS, HURTS = "#7a6fd0", "#c65f00"
"""What lowers an error and what raises it, as on tiles, and standing out on either page."""

# Okabe & Ito's hues, each set to a luminance that stands out by 3 : 1 or more on white and on near-black.
_COLOURS = ("#c65f00", "#2b83c6", "#0a9270", "#b7558f", "#8f7a00", "#7a6fd0", "#96613d", "#5b8a9a")
_NEUTRAL = "#7d7d84"
_MARKERS = ("o", "^", "s", "v", "P", "X", "<", ">")

_FIXED = {
    "none": (_NEUTRAL, "X"),
    "country": (_COLOURS[0], "s"),
    "values-hedged": (_COLOURS[1], "o"),
    "values-hedged + calibrated": (_COLOURS[2], "D"),
    "values-unhedged": (_COLOURS[3], "^"),
}


@dataclass(frozen=True, slots=True)
class Look:
    """How a method is drawn.

    Attributes:
        colour: as #rrggbb.
        marker: Matplotlib's sign for its points; with the colour it tells methods apart in print, too.
    """

    colour: str
    marker: str


def looks(methods: Iterable[str]) -> dict[str, Look]:
    """The look of each method: the usual ones always have theirs, the rest take what is left, in order."""
    names = tuple(dict.fromkeys(methods))
    others = [method for method in names if method not in _FIXED]
    free = _COLOURS[4:]
    assigned = {
        method: (free[i % len(free)], _MARKERS[(i + 3) % len(_MARKERS)]) for i, method in enumerate(others)
    }
    return {method: Look(*(_FIXED.get(method) or assigned[method])) for method in names}

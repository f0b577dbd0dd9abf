"""One look for each method, the same in every figure, and the inks that a dark page turns round."""

from collections.abc import Iterable
from dataclasses import dataclass

INK, MUTED, FAINT = "#1c1c1e", "#6a6a70", "#d3d3d8"
"""Text and people; frames and side notes; backgrounds. The page gives each a light and a dark value."""

DARK_ON_TILE, LIGHT_ON_TILE = "#101012", "#fdfdfd"
"""Figures written on coloured tiles, which are the same on a light and on a dark page."""

TILES = "PuOr_r"
"""Negative to positive over white, told apart with any colour vision."""

HELPS, HURTS = "#7a6fd0", "#ca6100"
"""What lowers an error and what raises it, as on tiles, and standing out on either page."""

# Each stands out by 3 : 1 or more on white and on near-black. The first five, of the usual methods, differ by
# ΔE 16 (CIEDE2000) or more in any colour vision; what others lack of 15 their signs tell.
_NEUTRAL = "#8d8d95"
_COLOURS = ("#ca6100", "#008ded", "#1a7b61", "#95468d", "#3e4fed", "#6a9561", "#8f7a00", "#96613d")
_MARKERS = ("v", "P", "<", ">", "p", "*", "h", "d")
"""Of methods other than the usual ones, which have theirs."""

BARS = tuple(
    zip(
        (*_COLOURS, _NEUTRAL),
        ("", "////", "....", "\\\\\\\\", "xxxx", "----", "||||", "++++", "oooo"),
        strict=True,
    )
)
"""Colour and hatching of the parts of a bar, which has no signs: neither is another's."""

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
    assigned = {method: (free[i % len(free)], _MARKERS[i % len(_MARKERS)]) for i, method in enumerate(others)}
    return {method: Look(*(_FIXED.get(method) or assigned[method])) for method in names}

"""A figure with its caption: drawn once, then set into the page and saved for a paper."""

import html
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from value_personas.experiments.figures.style import texts_as_they_are
from value_personas.experiments.report.palette import FAINT, INK, MUTED

__all__ = ["COLUMN", "FULL", "Plate", "canvas", "drawing", "inline_svg", "row_height", "save_plate"]

COLUMN, FULL = 3.5, 7.0
"""Inches: a journal's column, and its page."""

_RESOLUTION = 300
_ROWS_AT_EASE = 40

_STYLE: Any = {  # its type names every setting there is
    "figure.dpi": _RESOLUTION,  # the layout then measures type as it is saved
    "figure.constrained_layout.w_pad": 0.06,
    "font.size": 8.0,
    "axes.titlesize": 8.0,
    "axes.titleweight": "bold",
    "axes.labelsize": 8.0,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.facecolor": "none",
    "pdf.fonttype": 42,  # whole fonts, which journals ask for
    "svg.fonttype": "path",
}


@dataclass(frozen=True, slots=True)
class Plate:
    """A figure of the report.

    Attributes:
        name: of its files.
        figure: not yet saved.
        caption: one or two plain sentences that say what to see.
        alt: what is drawn, for those who do not see it.
        wide: whether it takes a page's width rather than a column's.
    """

    name: str
    figure: Figure
    caption: str
    alt: str
    wide: bool = False


def row_height(rows: int) -> float:
    """Inches for a row of a figure with so many rows: tighter where a page would else not hold them."""
    return 0.155 if rows <= _ROWS_AT_EASE else 0.13


@contextmanager
def drawing() -> Iterator[None]:
    """Draw and save inside this: it sets type, inks and strokes."""
    with mpl.rc_context(_STYLE), texts_as_they_are():
        yield


def canvas(width: float, height: float, stamp: str) -> Figure:
    """An empty figure.

    Args:
        width: inches.
        height: inches.
        stamp: stands above it, where not empty: a figure taken out of the report still says synthetic.
    """
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="none")
    if stamp:
        figure.suptitle(stamp, fontsize=6.5, color=MUTED, x=0.995, ha="right")
    return figure


def save_plate(plate: Plate, folder: Path) -> list[Path]:
    """Write the figure as PDF, SVG and PNG, on white."""
    plate.figure.draw_without_rendering()
    plate.figure.set_layout_engine(
        None
    )  # laid out once, and so alike in every format; not drawn again for it
    paths = [folder / f"{plate.name}.{ending}" for ending in ("pdf", "svg", "png")]
    for path in paths:
        undated = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}.get(path.suffix)
        with mpl.rc_context({"svg.hashsalt": plate.name}):
            plate.figure.savefig(path, dpi=_RESOLUTION, facecolor="white", metadata=undated)
    return paths


def inline_svg(plate: Plate) -> str:
    """The figure as an <svg> element for the page; its text is text, in the reader's system font.

    Matplotlib escapes what is written in a figure. Ids are made the plate's own, since a page has but one of
    each; inks become the page's, so that they turn round on a dark one.
    """
    stream = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": plate.name}):
        plate.figure.savefig(stream, format="svg", metadata={"Date": None}, transparent=True)
    found = _PICTURE.search(stream.getvalue())
    assert found is not None  # what Matplotlib always writes
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", found["body"], flags=re.DOTALL)
    body = re.sub(r"<[^>]*>", lambda tag: _of_page(tag.group(), plate.name), body)
    label = html.escape(plate.alt)
    head = f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" {found["box"]} role="img" aria-label="{label}">'
    return head + re.sub(r"\n\s*", "\n", body)


_PICTURE = re.compile(r'<svg[^>]*?(?P<box>viewBox="[-\d. ]+")[^>]*>(?P<body>.*</svg>)', re.DOTALL)


def _of_page(tag: str, name: str) -> str:
    tag = re.sub(r'\bid="', f'id="{name}-', tag)
    tag = re.sub(r'(url\(|href=")#', rf"\1#{name}-", tag)
    tag = re.sub(r"(font: [^;\"]*?[\d.]+px) [^;\"]*", r"\1 system-ui, sans-serif", tag)
    for ink, variable in ((INK, "ink"), (MUTED, "muted"), (FAINT, "faint")):
        tag = tag.replace(ink, f"var(--{variable})")
    return tag

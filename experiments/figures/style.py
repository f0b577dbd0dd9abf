"""The one style of every figure: type, inks, sizes, and how it is saved."""

import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from value_personas.experiments.figures.palette import INK, MUTED
from value_personas.experiments.figures.pdf_fonts import glyphs_alone
from value_personas.experiments.figures.svg import drawn_twice

COLUMN, FULL = 3.5, 7.0
"""Inches: a journal's column, and its page."""

SMALL = 7.0
"""Points: the smallest type, as printed."""

_widest: ContextVar[float] = ContextVar("widest", default=FULL)
"""Inches that a figure may take at most."""

_RESOLUTION = 300
_PACKED = 3
"""zlib's level for a PNG: two thirds of the CPU of Pillow's 6, and a sixth more bytes."""

_ROWS_AT_EASE = 40

_STAMP_LETTERS, _STAMP_LINE = 18, 0.12
"""Of what stands above a figure: letters an inch, and inches a line."""

_LETTER = 0.058
"""Inches of a letter in a key."""

_STYLE: Any = {  # its type names every setting there is
    "figure.dpi": _RESOLUTION,  # the layout then measures type as it is saved
    "figure.constrained_layout.w_pad": 0.06,
    "text.parse_math": False,
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
    "text.hinting": "none",  # at this resolution it is not seen, and takes a quarter of the CPU of type
}


def row_height(rows: int) -> float:
    """Inches for a row of a figure with so many rows: tighter where a page would else not hold them."""
    return 0.155 if rows <= _ROWS_AT_EASE else 0.13


@contextmanager
def drawing(widest: float | None = None) -> Iterator[None]:
    """Draw and save inside this, or in a function that it decorates: it sets type, inks and strokes.

    ``widest``: inches that a figure may take at most, a journal's column, say; panels that have no room
    beside each other then stand below each other, and type keeps its size. As outside, where absent.

    Texts come from files and recipes: a dollar is a dollar and begins no formula, and a letter that the font
    lacks is a box, without a warning on the terminal for each.
    """
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        before = _widest.set(_widest.get() if widest is None else widest)
        try:
            yield
        finally:
            _widest.reset(before)


def beside(panels: int, each: float) -> int:
    """How many of the panels have room beside each other, where one takes so many inches; one at least."""
    return max(1, min(panels, int(_widest.get() / each + 0.01)))


def room(wanted: float) -> float:
    """Inches that a figure gets of those that it would take."""
    return min(wanted, _widest.get())


def canvas(width: float, height: float, stamp: str) -> Figure:
    """An empty figure.

    Args:
        width: inches, as far as the page has them.
        height: inches.
        stamp: stands above it, where not empty: a figure taken out of its place still says synthetic.
    """
    width = room(width)
    lines = textwrap.wrap(stamp, int(_STAMP_LETTERS * width))
    size = (width, height + _STAMP_LINE * max(len(lines) - 1, 0))
    figure = Figure(figsize=size, layout="constrained", facecolor="none")
    if lines:
        figure.suptitle("\n".join(lines), fontsize=SMALL, color=MUTED, x=0.995, ha="right")
    return figure


def key(figure: Figure, marks: Sequence[tuple[Any, str]]) -> None:
    """Say below a figure what each mark and line in it is, in as many columns as its width holds."""
    longest = max(len(text) for _, text in marks)
    columns = int(figure.get_figwidth() / (_LETTER * longest + 0.5))
    figure.legend(
        [mark for mark, _ in marks], [text for _, text in marks], loc="outside lower center",
        ncols=max(1, min(columns, len(marks))), handletextpad=0.5, columnspacing=1.2,
    )  # fmt: skip


def settle(figure: Figure) -> None:
    """Lay a figure out, once: places on the paper are then known, and what is drawn later gets no room."""
    if (layout := figure.get_layout_engine()) is not None:
        FigureCanvasAgg(figure)  # it measures type for the layout, and draws the PNG with what it measured
        layout.execute(figure)
        figure.set_layout_engine(None)


@dataclass(frozen=True, slots=True)
class Saved:
    """What was written of a figure.

    Attributes:
        paths: the files, one an ending.
        svg: what its .svg is, with letters as text; empty where none was written.
    """

    paths: tuple[Path, ...]
    svg: str


@drawing()
def save_figure(
    figure: Figure, folder: Path, name: str, endings: Sequence[str] = ("pdf", "svg", "png")
) -> Saved:
    """Write a figure on white, laid out once and so alike in every format."""
    settle(figure)
    paths = tuple(folder / f"{name}.{ending}" for ending in endings)
    svg = ""
    for path in paths:
        if path.suffix == ".svg":
            shapes, svg = drawn_twice(figure, name, _RESOLUTION)
            path.write_text(shapes, encoding="utf-8")
        elif path.suffix == ".pdf":
            with glyphs_alone():
                figure.savefig(path, dpi=_RESOLUTION, facecolor="white", metadata={"CreationDate": None})
        else:
            packed = {"compress_level": _PACKED}
            figure.savefig(path, dpi=_RESOLUTION, facecolor="white", pil_kwargs=packed)
    FigureCanvasBase(figure)  # the other lets go of its picture: megabytes a figure
    return Saved(paths, svg)

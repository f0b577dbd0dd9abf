"""A figure as SVG: with letters as shapes, for a file, and as text, for a page; drawn once for both."""

import io
import re
from typing import Any
from uuid import uuid4

import matplotlib as mpl
from matplotlib.backend_bases import GraphicsContextBase
from matplotlib.backends.backend_mixed import MixedModeRenderer
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.figure import Figure

_POINTS_AN_INCH = 72
_FENCE = uuid4().hex
"""Stands around the two forms of each text, and cannot be in one."""

_TEXTS = re.compile(rf"<!-- {_FENCE} -->(.*?)<!-- {_FENCE} -->(.*?)<!-- {_FENCE} -->\n", re.DOTALL)


class _Twice(RendererSVG):
    """Writes each text first as shapes, then as text."""

    def draw_text(self, gc: GraphicsContextBase, x: float, y: float, *more: Any, **named: Any) -> None:
        writer: Any = self.writer
        write: Any = super().draw_text
        for form in ("path", "none"):
            writer.comment(_FENCE)
            mpl.rcParams["svg.fonttype"] = form  # a context for each text takes more than the text
            write(gc, x, y, *more, **named)
        writer.comment(_FENCE)


_RENDERERS: tuple[Any, Any] = _Twice, MixedModeRenderer  # of which Matplotlib tells no types


def drawn_twice(figure: Figure, name: str, resolution: int) -> tuple[str, str]:
    """The figure on white.

    Args:
        figure: laid out.
        name: of its file; ids hang on it alone.
        resolution: of pictures in it, in dots an inch.

    Returns:
        The SVG with letters as shapes, and the same with letters as text.
    """
    stream = io.StringIO()
    wide, high = figure.get_size_inches()
    size = (_POINTS_AN_INCH * wide, _POINTS_AN_INCH * high)
    face, dpi = figure.get_facecolor(), figure.dpi
    figure.set_facecolor("white")
    figure.dpi = _POINTS_AN_INCH
    try:
        with mpl.rc_context({"svg.hashsalt": name}):
            texts, mixed = _RENDERERS
            plain = texts(*size, stream, image_dpi=resolution, metadata={"Date": None})
            renderer = mixed(figure, wide, high, resolution, plain)
            figure.draw(renderer)
            renderer.finalize()
    finally:
        figure.set_facecolor(face)
        figure.dpi = dpi
    both = stream.getvalue()
    return _TEXTS.sub(r"\1", both), _TEXTS.sub(r"\2", both)

"""Fonts in a PDF: what draws the letters, and nothing else."""

import io
import threading
from collections.abc import Iterator, Set
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from matplotlib.backends import _backend_pdf_ps
from matplotlib.font_manager import get_font

_LAYOUT = ["GSUB", "GPOS", "GDEF", "MATH", "kern"]
"""Tables of an OpenType font by which a typesetter chooses and places glyphs. In a PDF both are done."""

_USUAL = frozenset({*range(0x20, 0x7F), *map(ord, "–—‘’“”…−·×±→∞ﬀﬁﬂﬃﬄ")})
"""What most figures keep to, ligatures among it: its part of a font is cut out once, not figure by figure."""

_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Cut:
    """A part of a font, as Matplotlib takes it from FontTools.

    Attributes:
        content: the file.
        glyph_index_map: number of a glyph in the font → in the part.
    """

    content: bytes
    glyph_index_map: dict[int, int]

    @property
    def font(self) -> "_Cut":
        return self

    def save(self, file: io.BytesIO, reorderTables: bool = False) -> None:  # noqa: N803, as in FontTools
        file.write(self.content)


@contextmanager
def glyphs_alone() -> Iterator[None]:
    """Within this, Matplotlib embeds fonts without the tables of ``_LAYOUT`` and hints, and cuts them once.

    It lets FontTools cut them down to the letters used, font by font and figure by figure, which is a
    quarter of the CPU of a report's figures. Matplotlib has no setting for it, hence its function is
    replaced meanwhile; a release that has none of that kind cuts them itself.
    """
    backend: Any = _backend_pdf_ps
    if not hasattr(backend, "SubsetResults"):
        yield
        return
    with _one_at_a_time:
        before = backend.get_glyphs_subset
        backend.get_glyphs_subset = _subset
        try:
            yield
        finally:
            backend.get_glyphs_subset = before


def _subset(font: str, glyphs: Set[int]) -> AbstractContextManager[_Cut]:
    asked, usual = frozenset(glyphs), _usual_glyphs(font)
    return nullcontext(_cut(font, usual if asked <= usual else asked))


@lru_cache(maxsize=32)
def _usual_glyphs(font: str) -> frozenset[int]:
    """Numbers of the glyphs of ``_USUAL``, and of the box in place of what a font lacks."""
    of_letters = get_font(font).get_charmap()
    return frozenset({0} | {of_letters[letter] for letter in _USUAL & of_letters.keys()})


@lru_cache(maxsize=32)
def _cut(font: str, glyphs: frozenset[int]) -> _Cut:
    from fontTools import subset  # only where a PDF is drawn

    options = subset.Options(glyph_names=True, recommended_glyphs=True, hinting=False)
    options.drop_tables += [*_LAYOUT, "FFTM", "PfEd", "meta"]
    options.font_number = getattr(font, "face_index", 0)
    content = io.BytesIO()
    with subset.load_font(font, options) as opened:
        cutter = subset.Subsetter(options)
        cutter.populate(gids=glyphs)
        cutter.subset(opened)
        opened.save(content, reorderTables=False)
    return _Cut(content.getvalue(), cutter.glyph_index_map)

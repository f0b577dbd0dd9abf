"""A PDF holds its letters whole, and no tables that a typesetter alone would read."""

import io
import re
import zlib
from pathlib import Path

from fontTools.ttLib import TTFont
from matplotlib.backends import _backend_pdf_ps as backend

from value_personas.experiments.figures import pdf_fonts
from value_personas.experiments.figures.style import canvas, drawing, save_figure


def fonts_of(text: str, folder: Path) -> list[bytes]:
    with drawing():
        figure = canvas(2.0, 1.0, text)
        figure.add_subplot()
        (path,) = save_figure(figure, folder, "one", ("pdf",)).paths
    streams = [
        zlib.decompress(packed)
        for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", path.read_bytes(), re.DOTALL)
    ]
    return [data for data in streams if data[:4] == b"\0\1\0\0"]


def test_a_font_in_a_pdf_has_its_glyphs_and_nothing_to_lay_them_out(tmp_path: Path) -> None:
    before = backend.get_glyphs_subset
    found = fonts_of("fi Würzburg", tmp_path)
    assert backend.get_glyphs_subset is before  # others' subsetting is as it was
    assert found
    for font in (TTFont(io.BytesIO(data)) for data in found):
        assert {"glyf", "hmtx"} <= set(font.keys())
        assert not {"GSUB", "GPOS", "GDEF", "MATH", "kern"} & set(font.keys())
        assert sum(len(font["glyf"][name].getCoordinates(font["glyf"])[0]) for name in font.getGlyphOrder())


def test_what_letters_a_figure_has_decides_how_its_font_is_cut_and_not_what_was_drawn_before(
    tmp_path: Path,
) -> None:
    fonts_of("warm", tmp_path)
    cut = pdf_fonts._cut.cache_info().misses
    usual = fonts_of("first figure", tmp_path)
    assert fonts_of("a fifth, 3 of 4", tmp_path) == usual
    assert pdf_fonts._cut.cache_info().misses == cut  # once for all
    other = fonts_of("Łódź", tmp_path)
    assert other != usual
    assert pdf_fonts._cut.cache_info().misses > cut
    assert fonts_of("first figure", tmp_path) == usual

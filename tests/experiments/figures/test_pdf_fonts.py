"""A PDF holds its letters whole, and no tables that a typesetter alone would read."""

import io
import re
import zlib
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

from value_personas.experiments.figures.style import canvas, drawing, save_figure


def test_a_font_in_a_pdf_has_its_glyphs_and_nothing_to_lay_them_out(tmp_path: Path) -> None:
    before = list(subset.Options().drop_tables)
    with drawing():
        figure = canvas(2.0, 1.0, "fi Würzburg")
        figure.add_subplot()
        (path,) = save_figure(figure, tmp_path, "one", ("pdf",))
    assert subset.Options().drop_tables == before  # others' subsetting is as it was
    streams = [
        zlib.decompress(packed)
        for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", path.read_bytes(), re.DOTALL)
    ]
    fonts = [TTFont(io.BytesIO(data)) for data in streams if data[:4] == b"\0\1\0\0"]
    assert fonts
    for font in fonts:
        assert {"glyf", "hmtx"} <= set(font.keys())
        assert not {"GSUB", "GPOS", "GDEF", "MATH", "kern"} & set(font.keys())
        assert sum(len(font["glyf"][name].getCoordinates(font["glyf"])[0]) for name in font.getGlyphOrder())

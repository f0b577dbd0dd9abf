"""Fonts in a PDF: what draws the letters, and nothing else."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LAYOUT = ("GSUB", "GPOS", "GDEF", "MATH", "kern")
"""Tables of an OpenType font by which a typesetter chooses and places glyphs. In a PDF both are done."""

_one_at_a_time = threading.Lock()


@contextmanager
def glyphs_alone() -> Iterator[None]:
    """Within this, Matplotlib embeds fonts without the tables of ``_LAYOUT``.

    It lets FontTools cut them down to the letters used, font by font and figure by figure, which is half of
    the CPU that a PDF takes; nothing reads them there. Matplotlib has no setting for it, hence FontTools'
    own default is widened meanwhile; where a release of it has none of that name, they stay.
    """
    from fontTools import subset  # only where a PDF is drawn

    dropped: list[str] = getattr(subset.Options, "_drop_tables_default", [])
    with _one_at_a_time:
        before = dropped[:]
        dropped += _LAYOUT
        try:
            yield
        finally:
            dropped[:] = before

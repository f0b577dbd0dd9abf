"""Texts in figures, which come from files and recipes."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib as mpl

__all__ = ["texts_as_they_are"]


@contextmanager
def texts_as_they_are() -> Iterator[None]:
    """Within this, or in a function that it decorates, a dollar is a dollar and begins no formula.

    A letter that the font lacks is a box, without a warning on the terminal for each.
    """
    with mpl.rc_context({"text.parse_math": False}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield

"""Text from a file, made fit to be shown: one line, nothing that a terminal obeys."""

import re

_LONGEST = 200


def one_line(text: str, longest: int = _LONGEST) -> str:
    """Printable characters and single spaces only, cut to a length.

    Escape sequences, line breaks and marks that turn the direction of writing come from files of unknown
    origin; a label may also be as long as a book.
    """
    head = text[: 4 * longest]
    shown = " ".join("".join(sign if sign.isprintable() else " " for sign in head).split())
    return shown if len(shown) <= longest and len(head) == len(text) else f"{shown[: longest - 1]}…"


_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Terminal controls, turns of direction and halves of characters; line breaks and tabs are none."""


def visible(text: str) -> str:
    """A text as it is, but for what a terminal obeys, which is shown by its number, escapes as ``x1b``."""
    return _OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode(), text)

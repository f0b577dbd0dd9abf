"""Text from a file, made fit to be shown: one line, nothing that a terminal obeys."""

__all__ = ["one_line"]

_LONGEST = 200


def one_line(text: str, longest: int = _LONGEST) -> str:
    """Printable characters and single spaces only, cut to a length.

    Escape sequences, line breaks and marks that turn the direction of writing come from files of unknown
    origin; a label may also be as long as a book.
    """
    head = text[: 4 * longest]
    shown = " ".join("".join(sign if sign.isprintable() else " " for sign in head).split())
    return shown if len(shown) <= longest and len(head) == len(text) else f"{shown[: longest - 1]}…"

"""Scores as tables set them."""

import math

__all__ = ["three_digits"]


def three_digits(value: float, signed: bool = False) -> str:
    """Three digits without a leading zero; a dash for what is not known.

    Example:
        >>> three_digits(0.0187), three_digits(1.04), three_digits(-0.0906, signed=True)
        ('.019', '1.04', '−.091')
    """
    if math.isnan(value):
        return "–"
    digits = f"{abs(value):.3f}".removeprefix("0")[:4]
    if digits.strip(".0") == "":
        return digits
    return f"−{digits}" if value < 0 else f"+{digits}" if signed else digits

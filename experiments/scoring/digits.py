"""Scores as tables set them."""

import math

_NOTHING = 1e-9
"""Up to here a figure is 0 but for rounding."""


def three_digits(value: float, signed: bool = False) -> str:
    """Three digits without a leading zero; a dash for what is not known, and no 0 for what is more than it.

    Example:
        >>> three_digits(0.0187), three_digits(1.04), three_digits(-0.0906, signed=True), three_digits(3e-4)
        ('.019', '1.04', '−.091', '<.001')
    """
    if math.isnan(value):
        return "–"
    digits = f"{abs(value):.3f}".removeprefix("0")[:4]
    if digits.strip(".0") == "":
        return "<.001" if not signed and value > _NOTHING else digits
    return f"−{digits}" if value < 0 else f"+{digits}" if signed else digits


def interval(lower: float, upper: float, signed: bool = False) -> str:
    """An interval that no line's end tears apart; a dash where there is none."""
    if math.isnan(lower):
        return "–"
    low, high = three_digits(lower, signed), three_digits(upper, signed)
    return f"{low}\u00a0to\u00a0{high}" if signed else f"{low}\u2060–\u2060{high}"


def with_interval(mean: float, lower: float, upper: float) -> str:
    """A figure and, where there is one, its interval in brackets, before which a line may end."""
    ends = "" if math.isnan(mean) or math.isnan(lower) else f" ({interval(lower, upper)})"
    return f"{three_digits(mean)}{ends}"


def of_p(p: float) -> str:
    """A p-value to three digits, never as zero; a dash for what is not known.

    Example:
        >>> of_p(0.0312), of_p(0.00004)
        ('.031', '<.001')
    """
    return "<.001" if p < 0.0005 else three_digits(p)


def in_people(value: float) -> str:
    """A number of people: one decimal below ten; ∞ where there is no end, a dash for what is not known.

    Example:
        >>> in_people(2.92), in_people(126.47), in_people(1234.5), in_people(float("inf"))
        ('2.9', '126', '1,234', '∞')
    """
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞"
    return f"{value:.1f}" if value < 9.95 else f"{value:,.0f}"

"""What each row of the tables is, in the few words that a reader of a methods section needs."""

from value_personas.experiments.comparators import COMPARATORS
from value_personas.programs.personas import parse_kind

__all__ = ["what_it_is"]


def what_it_is(method: str) -> str:
    """Say what a persona kind or a comparator is.

    Args:
        method: its name in tables, not calibrated.
    """
    return COMPARATORS[method].meaning if method in COMPARATORS else parse_kind(method).what

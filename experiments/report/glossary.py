"""What each row of the tables is, in the few words that a reader of a methods section needs."""

from value_personas.programs.personas import parse_kind

__all__ = ["what_it_is"]

_COMPARATORS = {
    "training-mean": "no model: the mean of the other countries",
    "map-neighbours": "no model: the mean of the nearest countries on the cultural map",
    "ridge": "no model: linear regression from the value items, fitted on the other countries’ respondents",
    "ordinal": "no model: ordinal regression from the value items, fitted likewise",
    "split-half": "no model: a random half of the country’s own sample",
}


def what_it_is(method: str) -> str:
    """Say what a persona kind or a comparator is.

    Args:
        method: its name in tables, not calibrated.
    """
    return _COMPARATORS.get(method) or parse_kind(method).what

"""What each row of the tables is, in the few words that a reader of a methods section needs."""

from collections.abc import Iterator

from value_personas.programs.personas import PersonaKindSpec, parse_kind

__all__ = ["what_it_is"]

_COMPARATORS = {
    "training-mean": "no model: the mean of the other countries",
    "map-neighbours": "no model: the mean of the nearest countries on the cultural map",
    "ridge": "no model: linear regression from the value items, fitted on the other countries’ respondents",
    "ordinal": "no model: ordinal regression from the value items, fitted likewise",
    "split-half": "no model: a random half of the country’s own sample",
}

_PROFILES = {
    "own": "whole value profiles of drawn respondents",
    "shuffled": "a placebo: value profiles of another country",
    "marginal": "a placebo: each item’s answers dealt anew among the drawn respondents",
    "mean": "a placebo: one profile, on each item the answer nearest to the mean",
}

_STATED = {
    "hedged": "in descriptors that are to imply nothing beyond the answer",
    "unhedged": "in descriptors without that hedge",
    "verbatim": "in the questionnaire’s words",
}


def what_it_is(method: str) -> str:
    """Say what a persona kind or a comparator is.

    Args:
        method: its name in tables, not calibrated.
    """
    if method in _COMPARATORS:
        return _COMPARATORS[method]
    spec = parse_kind(method)
    if method == "none":
        return "no persona: ten neutral wordings"
    if spec.parts == ("country",):
        return "roleplay of the country by its name, in ten neutral wordings"
    return ", ".join(_parts(spec))


def _parts(spec: PersonaKindSpec) -> Iterator[str]:
    if spec.demographic:
        religion = " with religion" if spec.religion else ""
        form = "a portrait" if spec.demographic == "portrait" else "an interview"
        yield f"sociodemographics of drawn respondents{religion} as {form}"
    if spec.personality:
        yield "personality traits of drawn respondents"
    if spec.statement:
        yield f"{_PROFILES[spec.population]}, {_STATED[spec.statement]}"
    if spec.country:
        yield "with the country named"

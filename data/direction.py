"""Stub to be replaced."""

from data.instruments import Instrument
from data.survey import Survey

__all__ = ["refuse_contradictions"]


def refuse_contradictions(survey: Survey, instrument: Instrument) -> list[str]:
    """Nothing yet."""
    return []

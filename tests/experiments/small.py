"""Settings of a run that takes a second."""

__all__ = ["SMALL"]

SMALL = (
    "survey.respondents=150",
    "profiles.n=6",
    'questions.include=["Q29", "Q185"]',
    'personas=["none", "values-hedged"]',
    "scoring.draws=200",
    "scoring.floor_draws=20",
    "scoring.persona_draws=2",
)
"""Of a recipe that extends ``quickstart``: eight countries, two questions."""

"""What is in a survey file, on one page: gathered once, then shown on the terminal, as JSON or as HTML."""

from value_personas.experiments.report.survey.facts import SurveyFacts, gather_facts
from value_personas.experiments.report.survey.page import render_html

__all__ = ["SurveyFacts", "gather_facts", "render_html"]

"""What is in a survey file, on one page: gathered once, then shown on the terminal, as JSON or as HTML."""

from experiments.survey_page.facts import SurveyFacts, gather_facts
from experiments.survey_page.page import render_html
from experiments.survey_page.terminal import print_facts

__all__ = ["SurveyFacts", "gather_facts", "print_facts", "render_html"]

"""``value-personas inspect``: single personas, for a person to judge."""

from value_personas.experiments.report.personas.inspect import InspectedPersona, Inspection, inspect_personas
from value_personas.experiments.report.personas.page import render_html

__all__ = ["InspectedPersona", "Inspection", "inspect_personas", "render_html"]

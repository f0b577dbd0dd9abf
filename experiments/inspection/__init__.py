"""``value-personas inspect``: single personas, for a person to judge."""

from experiments.inspection.page import render_html
from experiments.inspection.stage import InspectedPersona, Inspection, inspect_personas
from experiments.inspection.terminal import print_inspection

__all__ = ["InspectedPersona", "Inspection", "inspect_personas", "print_inspection", "render_html"]

"""Personas as one HTML file that needs nothing beside it."""

from pathlib import Path

import jinja2

from value_personas.experiments.report.personas.inspect import Inspection


def render_html(inspection: Inspection) -> str:
    """The page; every text of a file or a model is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(inspection=inspection)

"""The page as one HTML file that needs nothing beside it."""

import base64
import colorsys
import io
from pathlib import Path

import jinja2
import pandas as pd

from value_personas.experiments.report.survey.facts import (
    SurveyFacts,
    direction_text,
    missing_text,
    scale_text,
)


def render_html(facts: SurveyFacts) -> str:
    """The page as HTML: every text that comes from a file is escaped, every image embedded."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    template = environment.get_template("page.html.j2")
    return template.render(
        facts=facts,
        names={country.code: country.name for country in facts.countries},
        map_image=_map_image(facts),
        colour=_colour,
        direction=direction_text,
        missing=missing_text,
        scale=scale_text,
    )


def _colour(position: int, options: int) -> str:
    """From blue over grey to orange, readable with any colour vision."""
    place = position / (options - 1)
    hue, strength = (0.58, 1 - 2 * place) if place < 0.5 else (0.07, 2 * place - 1)
    red, green, blue = colorsys.hls_to_rgb(hue, 0.82 - 0.3 * strength, 0.75 * strength + 0.05)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


def _map_image(facts: SurveyFacts) -> str:
    if not facts.cultural_map:
        return ""
    points = pd.DataFrame(
        [(p.country, p.survival_self_expression, p.traditional_secular) for p in facts.cultural_map],
        columns=["country", "survival_self_expression", "traditional_secular"],
    )
    names = {country.code: country.name for country in facts.countries}
    stamp = "synthetic population" if facts.synthetic else ""
    stream = io.BytesIO()
    # Where a survey is only told of, nothing is drawn.
    from value_personas.experiments.figures.style import drawing
    from value_personas.experiments.figures.survey_map import survey_map_figure

    with drawing():
        survey_map_figure(points, names, stamp).savefig(stream, format="png", dpi=150)
    return base64.b64encode(stream.getvalue()).decode("ascii")

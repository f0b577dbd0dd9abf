"""The report as one HTML file that needs nothing beside it."""

import base64
import hashlib
from pathlib import Path

import jinja2
from markupsafe import Markup

from value_personas.experiments.report.cells import every_cell
from value_personas.experiments.report.citations import citations
from value_personas.experiments.report.material import Material
from value_personas.experiments.report.methods import headline_sentences, methods_paragraphs
from value_personas.experiments.report.plate import inline_svg
from value_personas.experiments.report.sections import Section, warnings
from value_personas.experiments.report.tables import provenance_table

__all__ = ["render_html"]

_HERE = Path(__file__).parent


def render_html(material: Material, parts: tuple[Section, ...]) -> str:
    """The page. Every text of a file or a model is escaped, and only the page's own script may run."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["unbroken"] = _unbroken
    script = (_HERE / "chooser.js").read_text(encoding="utf-8")
    return environment.get_template("page.html.j2").render(
        title=material.run.title,
        warnings=warnings(material),
        headline=headline_sentences(material),
        sections=[part for part in parts if not part.is_empty],
        empty=[part for part in parts if part.is_empty],
        svg=lambda plate: Markup(inline_svg(plate)),
        cells=every_cell(material),
        methods=methods_paragraphs(material),
        citations=citations(material),
        provenance=provenance_table(material),
        notes=material.run.notes,
        style=Markup((_HERE / "page.css").read_text(encoding="utf-8")),
        script=Markup(script),
        script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii"),
    )


def _unbroken(text: str) -> str:
    """Keep a number and its per cent sign on one line."""
    return text.replace(" %", "\u00a0%")

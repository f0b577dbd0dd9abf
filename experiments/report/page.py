"""The report as one HTML file that needs nothing beside it."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from value_personas.experiments.report.cells import every_cell
from value_personas.experiments.report.citations import Citation, citations
from value_personas.experiments.report.material import Material
from value_personas.experiments.report.methods import headline_sentences, methods_paragraphs
from value_personas.experiments.report.plate import inline_svg
from value_personas.experiments.report.sections import Section, sections, warnings
from value_personas.experiments.report.tables import Table, provenance_table

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Page:
    """What stands on a page, of a run or of a study.

    Attributes:
        title: its heading.
        warnings: what must be read before any number.
        headline: what was found, in sentences.
        sections: drawn.
        methods: paragraphs, ready to paste.
        citations: what a paper must cite.
        provenance: where everything comes from.
        notes: plain sentences that a reader must know.
        cells: as ``every_cell``, where any cell can be chosen.
    """

    title: str
    warnings: tuple[str, ...]
    headline: tuple[str, ...]
    sections: tuple[Section, ...]
    methods: tuple[str, ...]
    citations: tuple[Citation, ...]
    provenance: Table
    notes: tuple[str, ...]
    cells: Mapping[str, Any] = field(default_factory=dict)


def page_of_run(material: Material) -> Page:
    """The page of a run, its figures drawn."""
    return Page(
        material.run.title,
        warnings(material),
        headline_sentences(material),
        sections(material),
        methods_paragraphs(material),
        citations(material),
        provenance_table(material),
        material.run.notes,
        every_cell(material),
    )


def render_html(page: Page, svgs: Mapping[str, str]) -> str:
    """The page. Every text of a file or a model is escaped, and only the page's own script may run.

    Args:
        page: what stands on it.
        svgs: name of a plate → its figure, as saved with letters as text.
    """
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
        page=page,
        sections=[part for part in page.sections if not part.is_empty],
        empty=[part for part in page.sections if part.is_empty],
        svg=lambda plate: Markup(inline_svg(plate, svgs[plate.name])),
        style=Markup((_HERE / "page.css").read_text(encoding="utf-8")),
        script=Markup(script),
        script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii"),
    )


def _unbroken(text: str) -> str:
    """Keep a number and its per cent sign on one line."""
    return text.replace(" %", "\u00a0%")

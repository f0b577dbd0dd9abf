"""A figure with its caption: drawn once, then set into the page and saved for a paper."""

import html
import re
from dataclasses import dataclass

from matplotlib.figure import Figure

from value_personas.experiments.figures.palette import FAINT, INK, MUTED
from value_personas.experiments.figures.style import COLUMN

_COLUMN_AT_MOST = 1.35 * COLUMN


@dataclass(frozen=True, slots=True)
class Plate:
    """A figure of the report.

    Attributes:
        name: of its files.
        figure: not yet saved.
        caption: one or two plain sentences that say what to see.
        alt: what is drawn, for those who do not see it.
    """

    name: str
    figure: Figure
    caption: str
    alt: str

    @property
    def wide(self) -> bool:
        """Whether it takes a page's width rather than a column's."""
        return float(self.figure.get_figwidth()) > _COLUMN_AT_MOST


def inline_svg(plate: Plate, svg: str) -> str:
    """The figure as an <svg> element for the page; its text is text, in the reader's system font.

    Matplotlib escapes what is written in a figure. Ids are made the plate's own, since a page has but one of
    each; inks become the page's, so that they turn round on a dark one, as does what is behind the figure.

    Args:
        plate: whose it is.
        svg: the figure, as it was saved with letters as text.
    """
    found = _PICTURE.search(svg)
    assert found is not None  # what Matplotlib always writes
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", found["body"], flags=re.DOTALL)
    body = _BEHIND.sub("", body, count=1)
    body = re.sub(r"<[^>]*>", lambda tag: _of_page(tag.group(), plate.name), body)
    label = html.escape(plate.alt)
    head = f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" {found["box"]} role="img" aria-label="{label}">'
    return head + re.sub(r"\n\s*", "\n", body)


_BEHIND = re.compile(r'<g id="patch_1">.*?</g>', re.DOTALL)
_PICTURE = re.compile(r'<svg[^>]*?(?P<box>viewBox="[-\d. ]+")[^>]*>(?P<body>.*</svg>)', re.DOTALL)


def _of_page(tag: str, name: str) -> str:
    tag = re.sub(r'\bid="', f'id="{name}-', tag)
    tag = re.sub(r'(url\(|href=")#', rf"\1#{name}-", tag)
    tag = re.sub(r"(font: [^;\"]*?[\d.]+px) [^;\"]*", r"\1 system-ui, sans-serif", tag)
    for ink, variable in ((INK, "ink"), (MUTED, "muted"), (FAINT, "faint")):
        tag = tag.replace(ink, f"var(--{variable})")
    return tag

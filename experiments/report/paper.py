"""What a paper takes from a run: its tables for LaTeX, Word and Markdown, and its references for BibTeX."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from value_personas.data import visible
from value_personas.experiments.report.citations import Citation
from value_personas.experiments.report.page import Page
from value_personas.experiments.report.tables import Table

_WORDS = 30
"""Letters from which on a column is of words: it wraps in a paper, and is not set to the right."""


def write_paper(page: Page, folder: Path) -> tuple[Path, ...]:
    r"""Write every table of the page as ``tables/NAME.tex``, ``.docx`` and ``.md``, and ``references.bib``.

    ``tables/all.tex`` sets every table in a document that compiles by itself; ``\input`` takes a single one
    into a paper, which needs ``booktabs`` and ``array``.

    Args:
        page: what is reported.
        folder: the report's.

    Returns:
        The files.
    """
    place = folder / "tables"
    place.mkdir(exist_ok=True)
    named = dict(_named(page))
    written = []
    for name, table in named.items():
        (place / f"{name}.tex").write_text(_latex(name, table), encoding="utf-8")
        (place / f"{name}.md").write_text(_markdown(table), encoding="utf-8")
        _docx(page.title, table).save(str(place / f"{name}.docx"))
        written += [place / f"{name}.{ending}" for ending in ("tex", "docx", "md")]
    inputs = "\n".join(f"\\input{{{name}}}" for name in named)
    (place / "all.tex").write_text(_DOCUMENT.format(title=_tex(page.title), tables=inputs), encoding="utf-8")
    entries = "\n\n".join(_bibtex(one) for one in page.citations)
    (folder / "references.bib").write_text(f"{entries}\n", encoding="utf-8")
    return (*written, place / "all.tex", folder / "references.bib")


def _named(page: Page) -> Iterator[tuple[str, Table]]:
    for part in page.sections:
        for number, table in enumerate(part.tables, start=1):
            yield part.key if number == 1 else f"{part.key}-{number}", table
    yield "provenance", page.provenance


_DOCUMENT = r"""\documentclass{{article}}
\usepackage[utf8]{{inputenc}}
\usepackage[T1]{{fontenc}}
\IfFileExists{{lmodern.sty}}{{\usepackage{{lmodern}}}}{{}}
\usepackage{{amsmath,amssymb,array,booktabs,graphicx,textcomp}}
\usepackage[margin=2cm]{{geometry}}
\title{{{title}}}
\author{{}}
\date{{}}
\begin{{document}}
\maketitle
{tables}
\end{{document}}
"""


def _latex(name: str, table: Table) -> str:
    wraps = rf">{{\raggedright\arraybackslash}}p{{{_share(table):.2f}\linewidth}}"
    sets = {"words": wraps, "text": "l", "number": "r"}
    columns = "".join(sets[kind] for kind in _kinds(table))
    rows = [" & ".join(map(_tex, row)) + r" \\" for row in table.rows]
    lines = [
        r"\begin{table}[htbp]",
        r"\centering\small",
        rf"\caption{{{_tex(table.caption)}}}",
        rf"\label{{tab:{name}}}",
        rf"\begin{{tabular}}{{@{{}}{columns}@{{}}}}",
        r"\toprule",
        " & ".join(map(_tex, table.heads)) + r" \\",
        r"\midrule",
        *rows,
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    if "words" not in _kinds(table):  # no wider than the text, however many methods stand side by side
        begin = lines.index(next(line for line in lines if line.startswith(r"\begin{tabular}")))
        end = lines.index(r"\end{tabular}")
        lines[begin] = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{" + lines[begin]
        lines[end] += "}"
    return "\n".join(lines) + "\n"


def _kinds(table: Table) -> list[str]:
    """For each column, whether it holds words, which must wrap, short text, or numbers."""
    kinds = []
    for n in range(len(table.heads)):
        texts = [row[n] for row in table.rows]
        if max(map(len, texts), default=0) > _WORDS:
            kinds.append("words")
        else:
            kinds.append("number" if n and any(map(_has_digit, texts)) else "text")
    return kinds


def _has_digit(text: str) -> bool:
    return any(map(str.isdecimal, text))


def _share(table: Table) -> float:
    """Of the line's width, what each column of words gets."""
    kinds = _kinds(table)
    words = kinds.count("words")
    return (0.95 - 0.12 * (len(kinds) - words)) / max(words, 1)


def _tex(text: str) -> str:
    """A text for LaTeX: nothing in it is a command, and what its fonts lack is a question mark."""
    from pylatexenc.latexencode import UnicodeToLatexEncoder

    encode = UnicodeToLatexEncoder(unknown_char_policy=lambda _: "?", unknown_char_warning=False)
    return re.sub(r"\{\\(?i:cyr)\w*\}", "?", encode.unicode_to_latex(_spelled(text)))


def _spelled(text: str) -> str:
    """In one line, without signs that tell a browser where to break it, and with nothing that XML forbids."""
    bare = re.sub(r"[\u2060\ufffe\uffff]", "", text.replace("\u00a0", " "))
    return visible(re.sub(r"[\r\n]+", " ", bare))


def _markdown(table: Table) -> str:
    def row(texts: Sequence[str]) -> str:
        cells = (re.sub(r"([\\|*_`<>\[\]#])", r"\\\1", _spelled(text)) for text in texts)
        return f"| {' | '.join(cells)} |"

    lines = [_spelled(table.caption), "", row(table.heads)]
    lines.append("|" + "|".join("---:" if kind == "number" else ":---" for kind in _kinds(table)) + "|")
    return "\n".join([*lines, *map(row, table.rows)]) + "\n"


def _docx(title: str, table: Table) -> Any:
    from docx import Document
    from docx.oxml import parse_xml
    from docx.shared import Length

    document = Document()
    document.core_properties.title = _spelled(title)
    document.add_paragraph(_spelled(table.caption), style="Caption")
    grid = document.add_table(rows=0, cols=len(table.heads), style="Light List")
    kinds, wide = _kinds(table), Length(grid.columns[0].width or 0).twips
    rows = "".join(_docx_row(texts, kinds, wide) for texts in (table.heads, *table.rows))
    grid._tbl.extend(parse_xml(f"<w:tbl {_DOCX_WORDS}>{rows}</w:tbl>"))  # cell by cell takes thrice as long
    return document


_DOCX_WORDS = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def _docx_row(texts: Sequence[str], kinds: Sequence[str], wide: int) -> str:
    """A row in Word's XML: columns so many twentieths of a point wide, numbers to the right."""
    right = '<w:pPr><w:jc w:val="right"/></w:pPr>'
    cells = (
        f'<w:tc><w:tcPr><w:tcW w:type="dxa" w:w="{wide}"/></w:tcPr><w:p>{right if kind == "number" else ""}'
        f'<w:r><w:t xml:space="preserve">{escape(_spelled(text))}</w:t></w:r></w:p></w:tc>'
        for text, kind in zip(texts, kinds, strict=True)
    )
    return f"<w:tr>{''.join(cells)}</w:tr>"


def _bibtex(one: Citation) -> str:
    fields = {name: value for name, value in one.fields.items() if value}
    lines = [f"  {name} = {{{value if name == 'url' else _tex(value)}}}," for name, value in fields.items()]
    return "\n".join([f"@{one.kind}{{{one.key},", *lines, "}"])

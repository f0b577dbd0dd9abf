"""Tables and references as a paper takes them: whatever a label holds, they compile and open."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from docx import Document

from tests.experiments.report.conftest import Reported
from value_personas.experiments.report.citations import citations
from value_personas.experiments.report.page import Page
from value_personas.experiments.report.paper import write_paper
from value_personas.experiments.report.sections import Section
from value_personas.experiments.report.tables import Table, provenance_table

HOSTILE = r"\input{/etc/passwd} $x$ 100 % & # _ ^ ~ { } < > | `a` “q” − ≤ ½ Σ Ж 中 🙂 \x1b[2J" + "\x1b\x00"

TABLE = Table(
    f"A caption: {HOSTILE}",
    ("method", "MAE", "what it is"),
    (("none", ".159 (.076\u2060–\u2060.242)", "told nothing, " * 5), (HOSTILE, "–", HOSTILE)),
)


@pytest.fixture
def paper(reported: Reported, tmp_path: Path) -> Path:
    material = reported.material
    parts = (Section("headline", "What was found", tables=(TABLE, TABLE)),)
    page = Page(
        material.run.title,
        (),
        (),
        parts,
        (),
        citations(material),
        provenance_table(material),
        material.run.notes,
    )
    write_paper(page, tmp_path)
    return tmp_path


def test_every_table_in_three_forms(paper: Path) -> None:
    names = {path.name for path in (paper / "tables").iterdir()}
    assert names == {"all.tex"} | {
        f"{name}.{ending}"
        for name in ("headline", "headline-2", "provenance")
        for ending in ("tex", "docx", "md")
    }


def test_latex_is_a_booktabs_table_in_which_nothing_is_a_command(paper: Path) -> None:
    text = (paper / "tables" / "headline.tex").read_text(encoding="utf-8")
    for once in (r"\toprule", r"\midrule", r"\bottomrule", r"\label{tab:headline}"):
        assert text.count(once) == 1
    assert r"\input" not in text
    assert r"{\textbackslash}input\{/etc/passwd\} \$x\$ 100 \% \& \# \_" in text
    assert "none & .159 (.076{\\textendash}.242) & told nothing" in text
    assert text.isascii()
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {2}


def test_word_holds_the_same_texts(paper: Path) -> None:
    document = Document(str(paper / "tables" / "headline.docx"))
    (grid,) = document.tables
    assert [cell.text for cell in grid.rows[0].cells] == ["method", "MAE", "what it is"]
    assert grid.rows[1].cells[1].text == ".159 (.076–.242)"
    assert grid.rows[2].cells[0].text.startswith(r"\input{/etc/passwd} $x$ 100 %")


def test_markdown_keeps_its_columns(paper: Path) -> None:
    lines = (paper / "tables" / "headline.md").read_text(encoding="utf-8").splitlines()
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines[2:]} == {4}
    assert lines[3] == "|:---|---:|:---|"


def test_the_references_are_those_of_the_page(paper: Path, reported: Reported) -> None:
    text = (paper / "references.bib").read_text(encoding="utf-8")
    keys = re.findall(r"^@\w+\{(\w+),$", text, re.MULTILINE)
    assert keys == [one.key for one in citations(reported.material)]
    assert {"abels2026", "khattab2024", "akiba2019", "zaharia2018"} < set(keys)
    assert len(keys) == len(set(keys))
    assert text.count("{") == text.count("}")


def test_a_model_is_cited_where_it_is_one(reported: Reported) -> None:
    material = reported.material
    real = replace(material, run=replace(material.run, synthetic=()))
    assert [one.key for one in citations(real)][-1] == "model"
    assert "model" not in [one.key for one in citations(material)]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_compiles_as_it_is(paper: Path) -> None:
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"],
        cwd=paper / "tables",
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-2000:].decode(errors="replace")
    assert (paper / "tables" / "all.pdf").stat().st_size > 10_000

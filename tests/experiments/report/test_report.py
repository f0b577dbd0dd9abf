"""The page says what the tables say, needs nothing beside it, and runs nothing that a file brought."""

import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

from tests.experiments.report.conftest import Reported
from tests.experiments.report.runs import (
    MARK,
    plant,
    small_run,
    write_audit,
    write_shapley,
)
from value_personas import RunResult
from value_personas.experiments.comparators import COMPARATORS
from value_personas.experiments.figures.style import drawing, settle
from value_personas.experiments.figures.svg import drawn_twice
from value_personas.experiments.report import Material, read_material
from value_personas.experiments.report.citations import citations
from value_personas.experiments.report.figures.distributions import chosen_cells
from value_personas.experiments.report.glossary import what_it_is
from value_personas.experiments.report.methods import headline_sentences, methods_paragraphs
from value_personas.experiments.report.page import page_of_run, render_html
from value_personas.experiments.report.sections import sections, warnings
from value_personas.experiments.scoring.digits import three_digits
from value_personas.experiments.workspace.folders import Workspace
from value_personas.programs.personas import known_kinds
from value_personas.signatures import StoreError


class _Seen(HTMLParser):
    """Tags, ids, what would be fetched, and the texts inside and outside scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.fetched: list[str] = []
        self.scripts: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        told = dict(attrs)
        self.ids += [told["id"]] if told.get("id") else []  # type: ignore[list-item]
        names = ("src", "href", "xlink:href", "data", "action") if tag != "a" else ()
        self.fetched += [str(told[name]) for name in names if told.get(name)]

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] == ["script"]:
            self.scripts.append(data)
        else:
            self.text += data


def page_of(material: Material, drawn: bool = True) -> str:
    """The page without the figures' files, which take most of the time, or with empty figures."""
    with drawing():
        page = page_of_run(material)
        svgs = {}
        for plate in (plate for part in page.sections for plate in part.plates):
            if drawn:
                settle(plate.figure)
                svgs[plate.name] = drawn_twice(plate.figure, plate.name, 300)[1]
            else:
                svgs[plate.name] = '<svg viewBox="0 0 1 1"></svg>'
    return render_html(page, svgs)


def test_one_file_and_the_same_figures_beside_it(reported: Reported) -> None:
    seen = _Seen(reported.page)
    drawn = re.findall(r'<figure id="figure-([a-z-]+)"', reported.page)
    assert {
        "headline",
        "paired",
        "countries",
        "map",
        "roleplay",
        "distributions",
        "gap",
        "calibration",
    } <= set(drawn)
    for name in drawn:
        for ending, begin in (("pdf", b"%PDF"), ("svg", b"<?xml"), ("png", b"\x89PNG")):
            path = Path(reported.told["report"]).parent / "figures" / f"{name}.{ending}"
            assert path.read_bytes().startswith(begin), path
    assert all(link.startswith(("#", "data:")) for link in seen.fetched)
    assert len(seen.ids) == len(set(seen.ids))
    assert seen.tags.count("script") == 2
    assert seen.tags.count("figcaption") == len(drawn)
    assert len(reported.page) < 3_000_000


def test_headline_and_methods_repeat_the_tables(reported: Reported) -> None:
    summary = reported.run.summary.set_index(["method", "score"])
    text = " ".join(_Seen(reported.page).text.split())
    for method in ("values-hedged", "country"):
        row = summary.loc[(method, "normalised_mae")]
        ends = f"{three_digits(row['lower'])}–{three_digits(row['upper'])}"
        assert f"{three_digits(row['mean'])} (95 % interval {ends})" in text
    comparisons = pd.read_csv(reported.run.folder / "comparisons.csv")
    of_all = comparisons[(comparisons["group"] == "all") & (comparisons["score"] == "normalised_mae")]
    row = of_all.set_index("method").loc["values-hedged"]
    methods = " ".join(methods_paragraphs(reported.material))
    assert f"is {three_digits(row['difference'], signed=True)} over {row['cells']} cells" in methods
    assert f"Holm-adjusted p {three_digits(row['holm_p'])}" in methods
    assert f"floor is {three_digits(reported.run.floor['normalised_mae'])}" in methods
    wide = summary.loc[("values-hedged + calibrated", "variance_ratio"), "mean"]
    assert f"to {three_digits(wide)} of people’s" in methods
    assert methods in text
    for number in (
        "8 countries",
        "6 target questions",
        "1,200 records",
        "up to 8 profiles",
        "T = 2",
        "clustered by country and question",
    ):
        assert number in methods, number
    assert reported.run.mlflow_run_id in methods


def test_every_score_of_the_summary_is_in_the_table(reported: Reported) -> None:
    text = _Seen(reported.page).text
    for row in reported.run.summary.to_dict("records"):
        ends = f"({three_digits(row['lower'])}\u2060–\u2060{three_digits(row['upper'])})"
        assert f"{three_digits(row['mean'])} {ends}" in text, row


def test_every_cell_travels_in_the_page(reported: Reported) -> None:
    (told,) = (json.loads(s) for s in _Seen(reported.page).scripts if s.startswith("{"))
    names = ["people", *(name for name, _ in told["methods"])]
    estimates = reported.run.estimates.set_index(["method", "country", "question"])
    for method in names[1:]:
        for country, question in (("XNA", "Q29"), ("XNH", "Q177")):
            lists = dict(zip(names, told["cells"][country][question], strict=True))
            rows = estimates.loc[(method, country, question)]
            np.testing.assert_allclose(np.array(lists[method]) / 1000, rows["predicted"], atol=5.1e-4)
            np.testing.assert_allclose(np.array(lists["people"]) / 1000, rows["human"], atol=5.1e-4)


def test_what_a_file_brought_stays_text(finished: RunResult, tmp_path: Path) -> None:
    folder, workspace = tmp_path / "run", tmp_path / "workspace"
    shutil.copytree(finished.folder, folder)
    plant(folder)
    write_shapley(workspace / "shapley" / "quickstart-1", finished.recipe)
    page = page_of(read_material(folder, workspace))
    seen = _Seen(page)
    assert seen.tags.count("script") == 2
    assert MARK in seen.text  # in tables and in the figures' own text
    assert "trust<script>alert(1)" in seen.text  # names in figures are cut to 24 signs
    (told,) = (json.loads(s) for s in seen.scripts if s.startswith("{"))
    assert told["questions"][1][1].startswith(MARK)
    assert dict(told["countries"])["XNB"] == f"Elmen{MARK}"
    assert MARK not in page


def test_warnings_stand_before_any_number(reported: Reported) -> None:
    assert warnings(reported.material) == (
        "Synthetic respondent and population: these figures say nothing about real people.",
    )
    scores = reported.run.scores.copy()
    scores["fitted"] = "no"
    scores.loc[scores["method"].eq("values-hedged + calibrated") & scores["country"].eq("XNA"), "fitted"] = (
        "training"
    )
    leaking = replace(reported.run, leaks=("Q29 is stated",), scores=scores, synthetic=())
    told = warnings(replace(reported.material, run=leaking))
    assert told == (
        "LEAK ALLOWED: Q29 is stated",
        "In-sample: 6 cells of values-hedged + calibrated were used to fit it, so their scores are no "
        "prediction.",
    )
    assert reported.page.index('class="warning"') < reported.page.index('class="lead"')


def test_a_survey_is_cited_and_an_invented_one_is_not(reported: Reported) -> None:
    assert all("Haerpfer" not in one.text for one in citations(reported.material))
    real = replace(reported.material, run=replace(reported.run, synthetic=("respondent",)))
    assert "Haerpfer" in citations(real)[0].text
    texts = " ".join(one.text for one in citations(real))
    for needed in (
        "2605.16193",
        "Cameron, A. C., Gelbach, J. B. & Miller, D. L. (2011)",
        "Holm, S. (1979)",
        "Whiteman, C. H. (2005)",
        "kwinkunks",
    ):
        assert needed in texts


def test_sections_without_material_say_what_would_make_them(reported: Reported, tmp_path: Path) -> None:
    assert "value-personas shapley quickstart, with this run’s settings, makes it" in reported.page
    assert "value-personas audit quickstart, with this run’s settings, makes it" in reported.page
    workspace = tmp_path / "workspace"
    recipe = reported.run.recipe
    write_shapley(workspace / "shapley" / "quickstart-2", recipe)
    write_audit(workspace / "audits" / "audit-quickstart-2", recipe)
    write_audit(workspace / "audits" / "audit-quickstart-of-another-2", recipe)
    material = read_material(reported.run.folder, workspace)
    assert material.audit is not None
    assert material.audit.folder.name == "audit-quickstart-2"
    np.testing.assert_allclose(material.audit.matrices()["human"], [[0.4, 0.1], [0.2, 0.4]])
    np.testing.assert_allclose(material.audit.matrices()["unhedged"], [[0.7, 0.33], [0.35, 0.7]])
    page = page_of(material)
    for name in ("shapley", "shapley-bars", "audit"):
        assert f'id="figure-{name}"' in page
    assert "1 of 2 items help beyond theirs" in page
    assert "makes it" not in page


def test_what_was_made_on_another_survey_is_not_shown(reported: Reported, tmp_path: Path) -> None:
    recipe = reported.run.recipe
    other = recipe.model_copy(update={"survey": recipe.survey.model_copy(update={"path": "another.sav"})})
    write_shapley(tmp_path / "shapley" / "quickstart-1", recipe)
    write_audit(tmp_path / "audits" / "audit-quickstart-1", recipe)
    write_shapley(tmp_path / "shapley" / "quickstart-2", other)  # newer
    write_audit(tmp_path / "audits" / "audit-quickstart-2", other)
    material = read_material(reported.run.folder, tmp_path)
    ours = pd.read_parquet(tmp_path / "shapley" / "quickstart-1" / "shapley.parquet")
    assert material.shapley is not None
    pd.testing.assert_frame_equal(material.shapley.values, ours)
    assert material.audit is not None
    assert material.audit.folder.name == "audit-quickstart-1"
    (tmp_path / "shapley" / "quickstart-1" / "recipe.json").unlink()
    assert read_material(reported.run.folder, tmp_path).shapley is None
    chosen = read_material(reported.run.folder, tmp_path, tmp_path / "shapley" / "quickstart-2")
    assert chosen.shapley is not None


def test_every_kind_is_told_in_the_methods(reported: Reported) -> None:
    methods = " ".join(methods_paragraphs(reported.material))
    assert "none (no persona: ten neutral wordings)" in methods
    assert "values-hedged (whole value profiles of drawn respondents, in descriptors that are to" in methods
    told = {what_it_is(kind) for kind in (*known_kinds(), *COMPARATORS)}
    assert len(told) == len(known_kinds()) + len(COMPARATORS)
    assert what_it_is("shuffled-verbatim+country") == (
        "a placebo: value profiles of another country, in the questionnaire’s words, with the country named"
    )


def test_of_one_country_the_page_claims_no_test_over_countries(reported: Reported) -> None:
    run = reported.run
    alone = replace(run, scores=run.scores[run.scores["country"] == "XNA"])
    material = replace(reported.material, run=alone, positions=None)
    text = " ".join(_Seen(page_of(material, drawn=False)).text.split())
    before, _, after = text.rpartition("Words, scores, persona kinds and comparators.")
    text = before + after.partition("Methods, ready to paste")[2]
    assert "One country: intervals and p-values tell of other questions" in text
    assert "standard errors clustered by question (jackknife), with methods paired" in text
    assert "Lines are 95 % intervals over questions." in text
    for untrue in ("p-values are of the same", "sign-flip p", "cultural zone and question"):
        assert untrue not in text, untrue


def test_the_units_of_intervals_are_told(reported: Reported) -> None:
    text = " ".join(_Seen(reported.page).text.split())
    assert "clustered by countries and questions" in text  # the invented countries share no zone
    assert "The sign-flip p is for these questions alone." in text


def test_a_gap_that_was_asked_for_and_not_possible_says_why(reported: Reported) -> None:
    note = "no gap analysis: it takes 4 countries with a distance from USA, found 1"
    run = replace(reported.run, notes=(*reported.run.notes, note))
    (gap,) = (part for part in sections(replace(reported.material, run=run, gap=None)) if part.key == "gap")
    assert gap.says == ("No gap analysis: it takes 4 countries with a distance from USA, found 1.",)
    (gap,) = (part for part in sections(replace(reported.material, gap=None)) if part.key == "gap")
    assert "the recipe declares no index" in gap.says[0]


def test_figures_that_write_codes_tell_the_questions(reported: Reported) -> None:
    texts = reported.material.sources.questions
    start = reported.page.index('id="figure-distributions"')
    caption = reported.page[start : reported.page.index("</figcaption>", start)]
    for _, question in chosen_cells(reported.material):
        assert f"{question}: {texts[question]}" in caption


def test_uncommitted_changes_are_said(reported: Reported) -> None:
    assert (reported.run.folder / "code.diff").read_text() == "a patch"
    seen = " ".join(_Seen(reported.page).text.split())
    assert "Computed with Value Personas 0.2.0 (commit 590fd93 with uncommitted changes)" in seen
    assert seen.count("commit 590fd93 with uncommitted changes") == 2  # in the methods and in the table


def test_damaged_material_is_one_line(finished: RunResult, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished.folder, folder)
    (folder / "sources.json").write_text('{"inputs": [], "countries": []}')
    with pytest.raises(StoreError, match=r"sources\.json: damaged or of another version: countries"):
        read_material(folder, tmp_path)
    shutil.copy(finished.folder / "sources.json", folder)
    with pytest.raises(StoreError, match=r"no shapley\.parquet there"):
        read_material(folder, tmp_path, tmp_path)
    (tmp_path / "shapley.parquet").write_text("no parquet")
    with pytest.raises(StoreError, match="shapley: damaged"):
        read_material(folder, tmp_path, tmp_path)


def test_the_command_writes_where_it_is_told(finished: RunResult, reported: Reported) -> None:
    told = reported.told
    assert Path(told["report"]).parts[-2:] == ("paper", "report.html")
    assert all(Path(path).is_file() for path in (told["report"], *told["figures"]))
    assert "synthetic" in told["title"]
    client = MlflowClient(Workspace(finished.folder.parents[1]).tracking_uri)
    kept = {file.path for file in client.list_artifacts(finished.mlflow_run_id, "report")}
    assert kept == {"report/figures", "report/report.html", "report/tables"}
    assert client.list_artifacts(finished.mlflow_run_id, "report/tables")
    assert client.list_artifacts(finished.mlflow_run_id, "report/figures")


def test_one_country_and_one_kind_have_a_report_too(reported: Reported) -> None:
    run = reported.run
    scores = run.scores[run.scores["method"].eq("none") & run.scores["country"].eq("XNA")]
    recipe = run.recipe.model_copy(update={"personas": ("none",)})
    alone = replace(run, recipe=recipe, scores=scores, summary=run.summary[run.summary["method"] == "none"])
    material = replace(reported.material, run=alone, comparisons=pd.DataFrame(), positions=None, gap=None)
    assert (material.main, material.baseline, material.calibrated) == ("none", "none", None)
    page = page_of(material)
    assert "nothing to compare it with" in page
    said = headline_sentences(material)
    assert any(one.startswith("Not shown to be better") for one in said)
    assert "worth those of" in said[1]
    assert "single predicted mean" in said[2]


def test_a_run_in_which_nobody_answered_has_a_report_too(tmp_path: Path) -> None:
    # By log-probabilities: found out, it would be samples, each of twenty drawn again.
    run = small_run(
        tmp_path, "respondent.parameters.refusal_rate=1.0", "respondent.elicitation.mode=logprobs"
    )
    assert any("no gap analysis: a gap needs four countries with errors" in note for note in run.notes)
    seen = _Seen(page_of(read_material(run.folder, tmp_path)))
    assert "not estimated" in seen.text
    assert not re.search(r"\bnan\b", seen.text)

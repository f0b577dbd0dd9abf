"""``report``: the page and its figures, into a folder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from value_personas.experiments.figures.style import FULL, drawing, save_figure
from value_personas.experiments.progress.shown import Progress, shown
from value_personas.experiments.recipe.recipe import TrackingSection
from value_personas.experiments.recipe.record import read_recipe
from value_personas.experiments.recipe.study_record import STUDY_FILE, read_study
from value_personas.experiments.report.choosing import chosen
from value_personas.experiments.report.material import Material, read_material
from value_personas.experiments.report.page import Page, page_of_run, render_html
from value_personas.experiments.report.paper import write_paper
from value_personas.experiments.report.studies import is_study, page_of_study
from value_personas.experiments.run.stored import find_run
from value_personas.experiments.shapley.record import read_shapley
from value_personas.experiments.tracking import add_files
from value_personas.experiments.workspace.folders import Workspace, is_part
from value_personas.signatures import RecipeError, StoreError


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """What was written.

    Attributes:
        page: the HTML file.
        figures: every figure as PDF, SVG and PNG.
        paper: every table for LaTeX, Word and Markdown, and the references for BibTeX.
        title: the run's.
        run: the folder of the run, whose answers can be exported; None where the page is a study's, or the
            answers were predictions from elsewhere.
    """

    page: Path
    figures: tuple[Path, ...]
    paper: tuple[Path, ...]
    title: str
    run: Path | None = None


def report(
    run: str | None = None,
    to: Path | None = None,
    *,
    workspace: Path = Path(".value-personas"),
    shapley: Path | None = None,
    kinds: Sequence[str] = (),
    width: float = FULL,
    progress: Progress = True,
) -> ReportFiles:
    """Write the page of a finished run, and its figures.

    Args:
        run: a run's folder or its name, a recipe's name, or an MLflow run id; the newest when absent. Or a
            study, which has its own page: the name of a sweep or an ablation, where no other run has it, or
            its folder, or that of a search, a calibration or Shapley values.
        to: where it is written; the run's own folder when absent.
        workspace: where the run is looked for.
        shapley: a folder of Shapley values; the recipe's newest when absent.
        kinds: methods whose rows stand in tables and figures, in this order; all when empty.
        width: inches that a figure takes at most, as printed: 3.5 for a journal's column.
        progress: True shows it, in the notebook's cell or on stderr; False does not; a reporter is told.

    Raises:
        StoreError: when there is no such run, or a file of it is damaged.
        RecipeError: when the run has no row of a kind.
    """
    place = workspace.expanduser().resolve()
    if run is not None and is_study(Path(run)):
        return _of_study(Path(run).resolve(), to, kinds, width, progress)
    folder = find_run(place / "runs", run).resolve()
    if run is not None and is_part(folder):  # and no run but cells has that name
        families = (place / kind / run for kind in ("sweeps", "ablations"))
        if family := next(filter(is_study, families), None):
            return _of_study(family, to, kinds, width, progress)
    # A folder may lie in another workspace.
    beside = folder.parents[1] if folder.parent.name == "runs" else place
    with shown(progress) as reporter:
        reporter.stage(f"reading {folder.name}")
        material = read_material(folder, beside, shapley)
        material = chosen(material, kinds) if kinds else material
        reporter.stage("drawing figures and setting the page")
        files = write_report(material, to or folder, width)
        reporter.stage("adding the page to the run in MLflow")
        try:
            _record(files, material.run.recipe.tracking, material.run.mlflow_run_id, Workspace(beside))
        except StoreError as error:
            reporter.note(f"the page is written, but MLflow has it not: {error}")
        return files if material.run.recipe.predictions else replace(files, run=folder)


def _of_study(
    folder: Path, to: Path | None, kinds: Sequence[str], width: float, progress: Progress
) -> ReportFiles:
    if kinds:
        raise RecipeError("--kinds is of a run; the page of a study shows all that it compared")
    with shown(progress) as reporter:
        reporter.stage(f"drawing figures and setting the page of {folder.name}")
        files = _write(lambda: page_of_study(folder), to or folder, width)
        reporter.stage("adding the page to the study in MLflow")
        beside = Workspace(folder.parent.parent)  # which may be another than its recipe says
        try:
            _record(files, read_recipe(folder).tracking, _mlflow_run(folder), beside)
        except StoreError as error:
            reporter.note(f"the page is written, but MLflow has it not: {error}")
        return files


def _mlflow_run(folder: Path) -> str:
    """The record of a study or of Shapley values."""
    if (folder / STUDY_FILE).is_file():
        return read_study(folder).mlflow_run_id
    return read_shapley(folder).record.mlflow_run_id


def _record(files: ReportFiles, section: TrackingSection, mlflow_run_id: str, workspace: Workspace) -> None:
    """The page, its figures as PNG and the tables for a paper, as artifacts of the run if MLflow has it."""
    if mlflow_run_id:
        drawn = {file: "report/figures" for file in files.figures if file.suffix == ".png"}
        tables = dict.fromkeys(files.paper, "report/tables")
        every = {files.page: "report"} | drawn | tables
        add_files(section, workspace, mlflow_run_id, every)


def write_report(material: Material, folder: Path, width: float = FULL) -> ReportFiles:
    """Write ``report.html``, and the same figures into ``figures/``.

    Args:
        material: what is reported.
        folder: made if need be; an older report in it is replaced.
        width: as of ``report``.

    Raises:
        StoreError: when the folder cannot be written.
    """
    return _write(lambda: page_of_run(material), folder, width)


def _write(made: Callable[[], Page], folder: Path, width: float) -> ReportFiles:
    """Draw a page, and write it with its figures and tables."""
    try:
        (folder / "figures").mkdir(parents=True, exist_ok=True)
        with drawing(width):
            page = made()
            saved = {
                plate.name: save_figure(plate.figure, folder / "figures", plate.name)
                for part in page.sections
                for plate in part.plates
            }
        text = render_html(page, {name: one.svg for name, one in saved.items()})
        (folder / "report.html").write_text(text, encoding="utf-8")
        paper = write_paper(page, folder)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be written ({error.strerror}); name another with --to") from None
    figures = tuple(path for one in saved.values() for path in one.paths)
    return ReportFiles(folder / "report.html", figures, paper, page.title)

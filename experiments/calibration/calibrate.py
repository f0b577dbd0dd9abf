"""Search a calibration on training cells, and show on the others what it does. The model is asked nothing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from value_personas import data
from value_personas.data import card, file_hash
from value_personas.experiments.calibration.before_after import before_after
from value_personas.experiments.calibration.judged import CalibratedPanel, apply_calibration
from value_personas.experiments.calibration.oracle import fit_oracle
from value_personas.experiments.calibration.search import CalibrationProblem, fitted
from value_personas.experiments.evaluation.answers import Answers, TrainingAnswers, find_panel
from value_personas.experiments.evaluation.measures import (
    AGAINST_NULL,
    measure_table,
    not_above_nothing,
    null_means,
    null_rows,
)
from value_personas.experiments.evaluation.without_model import null_errors, questions_of
from value_personas.experiments.fieldwork.synthetic import in_words, marked, synthetic_warning
from value_personas.experiments.optuna_study import search_settings
from value_personas.experiments.progress.reporter import Reporter
from value_personas.experiments.progress.shown import Progress, shown
from value_personas.experiments.recipe.calibration import SearchSettings
from value_personas.experiments.recipe.loading import recipe_of
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.recipe.study_record import StudyRecord
from value_personas.experiments.scoring import SCORES, shape_scores
from value_personas.experiments.tracking import (
    InputFile,
    Record,
    live,
    model_name,
    record_study,
    register_version,
    run_title,
    tracking_client,
)
from value_personas.experiments.workspace.folders import CALIBRATION_FILE, Workspace
from value_personas.experiments.workspace.json_file import json_rows, rows_of, write_json
from value_personas.experiments.workspace.tables import write_csv
from value_personas.programs.calibration import METHODS, FittedCalibration
from value_personas.signatures import Array, StatisticsError

_LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class CalibrationResult:
    """A chosen calibration and what it does.

    Attributes:
        record: the setting and what it was fitted on.
        table: one row for each country × question, as ``before_after``.
        summary: one row for each part of the cells (held-out, new country, …), and one for the oracle.
        nulls: what predictions come to that know nothing, on the held-out cells: method, score and mean.
        no_better: which of ``before`` and ``after`` are not shown to be better there than every option alike.
        folder: where record, tables and figure lie.
        synthetic: which parts of the answers were synthetic.
        storage: where the study lies, as ``optuna-dashboard`` takes it.
        mlflow_run_id: the record; empty where none was written.
        model: ``models:/NAME/VERSION`` of MLflow's registry; likewise.
        answers: the file of the answers that it was fitted to; likewise.
    """

    record: FittedCalibration
    table: pd.DataFrame
    summary: pd.DataFrame
    nulls: pd.DataFrame
    no_better: tuple[str, ...]
    folder: Path
    synthetic: tuple[str, ...]
    storage: str
    mlflow_run_id: str = ""
    model: str = ""
    answers: Path | None = None

    def __repr__(self) -> str:
        return f"<CalibrationResult {self._heading}; {self.folder.name}>"

    def _repr_html_(self) -> str:
        notes = [f"apply it with calibration.fitted = {self.file}"]
        notes += [synthetic_warning(self.synthetic)] if self.synthetic else []
        return card(self._heading, self.summary, self.folder / "pareto_front.png", notes)

    @property
    def _heading(self) -> str:
        return marked(f"calibration {self.record.setting.in_one_line()}", self.synthetic)

    @property
    def file(self) -> Path:
        """What ``calibration.fitted`` takes."""
        return self.folder / CALIBRATION_FILE

    def metrics(self) -> dict[str, float]:
        """``part/figure`` → value, as an experiment tracker takes them."""
        rows = self.summary.set_index("part").to_dict(orient="index")
        return {f"{part}/{name}": float(value) for part, row in rows.items() for name, value in row.items()}

    def to_json(self) -> str:
        """One JSON object; undefined figures are null."""
        return json.dumps(
            {
                "record": self.record.model_dump(mode="json"),
                "summary": json_rows(self.summary),
                "nulls": json_rows(self.nulls),
                "not_better_than_uniform": list(self.no_better),
                "synthetic": list(self.synthetic),
                "folder": str(self.folder),
                "fitted": str(self.file),
                "storage": self.storage,
                "mlflow_run_id": self.mlflow_run_id,
                "model": self.model,
            },
            allow_nan=False,
        )


def calibrate(
    recipe: Recipe | str | Path | None = None,
    answers: Path | None = None,
    progress: Progress = True,
) -> CalibrationResult:
    """Fit a calibration to the answers of a run, judge it, and record it. The model is asked nothing.

    Args:
        recipe: a recipe, its file, or the name of a shipped one; the quickstart when absent. Its table
            ``calibration.search`` says what is searched.
        answers: a run's answers-*.npz; those of the recipe's newest run when absent.
        progress: True shows it, in the notebook's cell or on stderr; False does not; a reporter is told.

    Raises:
        ValuePersonasError: for anything the user can put right.
    """
    recipe = recipe_of(recipe)
    workspace = Workspace.open(recipe.workspace)
    search = recipe.calibration.search
    path = answers or find_panel(workspace.folder / "runs", recipe.name, search.method)
    with shown(progress) as reporter, live(recipe, workspace, reporter, "calibration") as watched:
        result = fit_calibration(
            Answers.load(path),
            search,
            workspace.calibration(recipe.name),
            study_folder=workspace.folder,
            seed=recipe.seed,
            reporter=watched,
        )
        return _recorded(recipe, workspace, result, path, watched.stop())


def _study(recipe: Recipe, result: CalibrationResult) -> StudyRecord:
    """What stands on its page."""
    record = result.record
    return StudyRecord(
        kind="calibration",
        name=recipe.name,
        title=f"{recipe.name} · {result._heading}",
        level=recipe.scoring.level,
        synthetic=result.synthetic,
        findings=(f"Chosen: {record.setting.in_one_line()}; calibration.fitted takes {CALIBRATION_FILE}.",),
        methods=f"{record.trials} settings were tried on answers of {recipe.calibration.search.method} in "
        f"{len(record.countries)} countries to {len(record.questions)} questions, and the best by "
        f"{record.objective} ({record.value:.4f}) was judged on countries and questions that it never saw "
        f"(seed {recipe.seed}). The model was asked nothing.",
        nulls=rows_of(result.nulls),
        no_better=tuple(f"{when} calibration, on held-out cells" for when in result.no_better),
        mlflow_run_id="",
    )


def _recorded(
    recipe: Recipe, workspace: Workspace, result: CalibrationResult, answers: Path, begun: str | None
) -> CalibrationResult:
    """Write the MLflow run, and register what was found under a version."""
    tags = {
        "kind": "calibration",
        "synthetic": in_words(result.synthetic),
        "answers": str(answers),
        "calibration": result.record.setting.in_one_line(),
    }
    title = run_title("calibrate", recipe.name, recipe.calibration.search.method)
    inputs = (InputFile("calibration.answers", str(answers), file_hash(answers)),)
    record = Record(recipe, title, result.metrics(), tags, result.folder, inputs=inputs)
    run_id = record_study(workspace, record, _study(recipe, result), begun)
    with tracking_client(recipe.tracking, workspace) as client:
        name = model_name(recipe.name, "calibration")
        model = register_version(client, name, run_id, tags, "Found by value-personas calibrate.")
    return replace(result, mlflow_run_id=run_id, model=model, answers=answers)


def fit_calibration(
    panel: Answers,
    settings: SearchSettings,
    folder: Path,
    *,
    study_folder: Path | None = None,
    seed: int = 0,
    reporter: Reporter | None = None,
) -> CalibrationResult:
    """Fit on training countries × training questions; judge on the rest.

    Args:
        panel: stored answers of one persona kind.
        settings: the space, the objectives and what is held out.
        folder: the record, the tables and the figure go here.
        study_folder: the study's journal lies here when no storage is named; ``folder`` if absent.
        seed: of the split and of the sampler.
        reporter: is told of settings tried.

    Raises:
        ValuePersonasError: for anything the user can put right.
    """
    countries, questions = split_panel(panel, settings, seed)
    training = panel.training(countries.training, questions.training)
    _require_parts(panel, training, settings)
    problem = CalibrationProblem(training, settings)
    searched = search_settings(
        problem, study_folder or folder, seed=seed, reporter=reporter, processes=settings.workers
    )
    record = fitted(searched, problem)
    judged = apply_calibration(record, panel)
    table = before_after(judged)
    nulls, no_better = _beside_nothing(judged, seed)
    summary = pd.concat(
        [_summarise(table), _oracle(panel, record, countries.held_out, questions.held_out)], ignore_index=True
    )
    _write(folder, record, table, summary)
    searched.draw_front(folder, marked(record.study or "", panel.synthetic))
    return CalibrationResult(
        record, table, summary, nulls, no_better, folder, panel.synthetic, searched.storage
    )


def split_panel(panel: Answers, settings: SearchSettings, seed: int) -> tuple[data.Split, data.Split]:
    """Training and held-out countries, and the same for questions; zones and batteries stay whole.

    Raises:
        StatisticsError: when a country or question is missing on one side.
    """
    if len(panel.countries) == 1:
        raise StatisticsError(
            f"the answers are of {panel.countries[0]} alone, and a calibration is fitted in some countries "
            "and judged in others: fit it on a run of several (--answers …/answers-KIND.npz), and take it up "
            "here by calibration.fitted"
        )
    share, zones = settings.held_out_countries, settings.held_out_zones
    if zones:
        if unknown := [zone for zone in zones if zone not in panel.zones]:
            there = ", ".join(sorted(set(panel.zones)))
            raise StatisticsError(f"no country of zone {unknown[0]!r}; there are {there}")
        held = [code for code, zone in zip(panel.countries, panel.zones, strict=True) if zone in zones]
        training = [code for code in panel.countries if code not in held]
        if not training:
            raise StatisticsError("every zone is held out; leave at least one to fit on")
        countries = data.Split(tuple(training), tuple(held))
    else:
        countries = data.split_countries(panel.countries, share=share, seed=seed)
    return countries, data.split_questions(questions_of(panel), share=settings.held_out_questions, seed=seed)


def _require_parts(panel: Answers, training: TrainingAnswers, settings: SearchSettings) -> None:
    """What learns a part for each scale length meets every length in training: said before the search.

    Raises:
        StatisticsError: when it does not, and what is chosen could not be applied to the questions held out.
    """
    learns = [name for name in settings.methods if METHODS[name].learns]
    known = {int(k) for k in training.lengths[~np.isnan(training.human[..., 0]).all(axis=0)]}
    if learns and (lacking := sorted(set(panel.lengths.tolist()) - known)):
        of = next(c for c, k in zip(panel.questions, panel.lengths, strict=True) if k == lacking[0])
        raise StatisticsError(
            f"calibration.search.methods: {learns[0]} learns a part for each scale length, and no training "
            f"question has {lacking[0]} options as {of} has; leave {' and '.join(learns)} out, lower "
            "calibration.search.held_out_questions, or set another seed"
        )


def _summarise(table: pd.DataFrame) -> pd.DataFrame:
    """One row for each part: cells, means before and after, median ratios."""
    rows = []
    for part, cells in table.groupby("part", sort=True):
        row: dict[str, object] = {
            "part": part,
            "cells": len(cells),
            "undefined": int(cells["wasserstein_after"].isna().sum()),
            "largest_mean_difference": float(cells["mean_difference"].abs().max()),
            "beyond_limit": float(cells["beyond_limit"].mean()),
        }
        for when in ("before", "after"):
            for name in shape_scores():
                row[f"{name}_{when}"] = SCORES[name].average(cells[f"{name}_{when}"].to_numpy(np.float64))
        rows.append(row)
    return pd.DataFrame(rows)


def _beside_nothing(judged: CalibratedPanel, seed: int) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """What knows nothing, on the held-out cells, and what is not shown to be better than it there."""
    panel = judged.panel
    errors = {"before": judged.scores(calibrated=False), "after": judged.scores()}
    lacking = np.isnan([one[AGAINST_NULL] for one in errors.values()]).any(axis=0)
    known = (judged.part == "held-out") & ~lacking
    if not known.any():
        return pd.DataFrame(columns=["method", "score", "mean"]), ()

    def held(found: Mapping[str, Array]) -> dict[str, Array]:
        return {name: np.where(known, found[name], np.nan) for name in shape_scores()}

    nulls = {name: held(found) for name, found in null_errors(seed, panel, shape_scores()).items()}
    ours = {name: held(found) for name, found in errors.items()}
    told = measure_table(null_rows(ours, nulls, panel.countries, level=_LEVEL, drawn=None))
    return null_means(nulls), tuple(not_above_nothing(told))


def _oracle(
    panel: Answers, record: FittedCalibration, countries: Sequence[str], questions: Sequence[str]
) -> pd.DataFrame:
    """The same method fitted on the held-out cells themselves: what it could reach at best."""
    target, method = panel.part(countries, questions), METHODS[record.setting.method]
    if method.learns or not method.strength or not _has_answers(target):
        return pd.DataFrame()
    fitted = fit_oracle(target, record.setting.model_copy(update={"per": "all"}), record.objective)
    return _summarise(before_after(apply_calibration(fitted, target)))


def _has_answers(panel: Answers) -> bool:
    return bool((~np.isnan(panel.human[..., 0]) & ~np.isnan(panel.log_p[..., 0]).all(axis=2)).any())


def _write(folder: Path, record: FittedCalibration, table: pd.DataFrame, summary: pd.DataFrame) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / CALIBRATION_FILE, record)
    table.to_parquet(folder / "before_after.parquet", index=False)
    write_csv(folder / "calibration_summary.csv", summary)

"""Tune prompts on training countries, and show on others what is gained."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from value_personas import data
from value_personas.data import card
from value_personas.experiments.evaluation.floors import Floors
from value_personas.experiments.fieldwork.fieldwork import Fieldwork
from value_personas.experiments.fieldwork.preparing import prepare
from value_personas.experiments.fieldwork.prompt_file import (
    FittedOn,
    PredictorPrompt,
    TunedProgram,
    aliases_of,
    signature_hash,
)
from value_personas.experiments.fieldwork.serving import MODEL_FOLDER, served_kind, write_model
from value_personas.experiments.fieldwork.synthetic import marked, synthetic_parts, synthetic_warning
from value_personas.experiments.progress.reporter import Reporter
from value_personas.experiments.progress.shown import Progress, shown
from value_personas.experiments.recipe.loading import recipe_of
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.tracking import Live, live
from value_personas.experiments.tuning.budget import need_prices
from value_personas.experiments.tuning.journal import AttemptJournal, tuning_digest
from value_personas.experiments.tuning.judgement import (
    TuningJudgement,
    judge_programs,
    require_held_out,
)
from value_personas.experiments.tuning.optimizers import OPTIMIZE
from value_personas.experiments.tuning.options import check_options
from value_personas.experiments.tuning.recording import record_tuning
from value_personas.experiments.tuning.search import Search, search_prompts
from value_personas.experiments.tuning.session import TuningSession
from value_personas.experiments.tuning.splitting import TuningCells, split_cells
from value_personas.experiments.tuning.watched import TuningStopped
from value_personas.experiments.tuning.writing import learning_curve, write_tuning_files
from value_personas.experiments.workspace.folders import Workspace, stamped
from value_personas.experiments.workspace.json_file import json_rows
from value_personas.programs import PopulationProgram, signature_of


@dataclass(frozen=True)
class TuningResult:
    """What tuning came to.

    Attributes:
        recipe: what was tuned.
        program: the chosen prompts; the original's where nothing beat it on validation.
        original: the prompts that it started from.
        judgement: training, validation and held-out scores, with intervals.
        curve: one row for each candidate in the order of evaluation: calls used by then, its means, the best
            so far, and why it was rejected.
        evaluations: one row for each evaluated cell.
        calls: calls of the whole tuning: attempts of all its sessions, and answers found in the store.
        paid: attempts that this session sent.
        cost: money of the whole tuning; 0 without prices.
        stopped: why the optimiser did not come to its own end, if so.
        seconds: how long this session took to search and judge.
        synthetic: which parts were synthetic.
        folder: where everything lies.
        mlflow_run_id: the parent run.
        model: ``models:/NAME/VERSION`` of the registered program.
    """

    recipe: Recipe
    program: TunedProgram
    original: TunedProgram
    judgement: TuningJudgement
    curve: pd.DataFrame
    evaluations: pd.DataFrame
    calls: int
    paid: int
    cost: float
    stopped: str | None
    seconds: float
    synthetic: tuple[str, ...]
    folder: Path
    mlflow_run_id: str = ""
    model: str = ""

    def __repr__(self) -> str:
        return f"<TuningResult {self._heading}; {self.folder.name}>"

    def _repr_html_(self) -> str:
        notes = [f"{self.calls} calls of {self.recipe.tuning.budget_calls} used"]
        notes += [f"stopped: {self.stopped}"] if self.stopped else []
        notes += [synthetic_warning(self.synthetic)] if self.synthetic else []
        return card(self._heading, self.judgement.summary, self.folder / "learning_curve.png", notes)

    @property
    def _heading(self) -> str:
        kept = "a tuned prompt is kept" if self.program.improved else "the original is kept"
        gain = self.judgement.held_out
        gained = f"held-out gain {gain['gain']:+.3f} [{gain['gain_lower']:+.3f}, {gain['gain_upper']:+.3f}]"
        told = f"{self.recipe.name} · {self.recipe.tuning.optimizer} · {kept} · {gained}"
        return marked(told, self.synthetic)

    def to_json(self) -> str:
        """One JSON object; undefined figures are null."""
        return json.dumps(
            {
                "name": self.recipe.name,
                "optimizer": self.recipe.tuning.optimizer,
                "synthetic": list(self.synthetic),
                "improved": self.program.improved,
                "claims_gain": self.judgement.claims_gain,
                "summary": json_rows(self.judgement.summary),
                "overfit_gap": self.judgement.overfit_gap,
                "not_better_than_uniform": list(self.judgement.no_better),
                "calls": self.calls,
                "paid": self.paid,
                "cost": self.cost,
                "stopped": self.stopped,
                "folder": str(self.folder),
                "mlflow_run_id": self.mlflow_run_id,
                "model": self.model,
            },
            allow_nan=False,
        )


def tune(recipe: Recipe | str | Path | None = None, progress: Progress = True) -> TuningResult:
    """Tune, judge and record.

    Stopped at any moment, the same call goes on: it repeats its steps from the answer store, which costs
    nothing, and ends with the same digits as an unbroken one.

    Args:
        recipe: a recipe, its file, or the name of a shipped one; ``tune`` when absent.
        progress: True shows it, in the notebook's cell or on stderr; False does not; a reporter is told.

    Raises:
        ValuePersonasError: for anything the user can put right; one line says how.
    """
    recipe = recipe_of(recipe, "tune")
    need_prices(recipe.tuning, recipe.respondent, recipe.descriptors.lm)
    check_options(recipe.tuning.optimizer, OPTIMIZE[recipe.tuning.optimizer], recipe.tuning.options)
    workspace = Workspace.open(recipe.workspace)
    with shown(progress) as reporter, live(recipe, workspace, reporter, "tuning") as watched:
        return _tuned(recipe, workspace, watched)


def _tuned(recipe: Recipe, workspace: Workspace, reporter: Live) -> TuningResult:
    started = datetime.now(UTC)

    reporter.stage("reading the survey")
    field = Fieldwork(workspace, reporter.note, recipe.store)
    ready = prepare(field, recipe, (recipe.tuning.kind,))
    survey = ready.survey
    floors = Floors.kept(workspace, survey, recipe.seed, recipe.scoring.floor_draws)
    start = ready.asking.program, recipe.program
    cells = split_cells(recipe.tuning, recipe.seed, survey, floors, *start)
    floors.keep()

    name = stamped(f"{recipe.name}-{recipe.tuning.optimizer}")
    folder = workspace.run_folder(name)
    reporter.stage(f"tuning with {recipe.tuning.optimizer}: {recipe.tuning.budget_calls} calls at most")
    progress = _Progress(reporter, recipe.tuning.budget_calls)
    with AttemptJournal(workspace.attempts(tuning_digest(recipe))) as journal, field:
        session = TuningSession(recipe, ready.asking, field, journal, progress.moved)
        require_held_out(survey, cells, session.calibration)
        search = search_prompts(session, cells, folder / "optimizer.log")
        reporter.stage("judging on held-out cells")
        judgement = _judged(survey, cells, session, search)
    seconds = (datetime.now(UTC) - started).total_seconds()
    result = _result(survey, cells, session, search, judgement, seconds, folder)
    stamp = marked(recipe.name, result.synthetic)
    write_tuning_files(
        folder, result.original, result.program, judgement, result.curve, result.evaluations, stamp
    )
    if kind := served_kind((recipe.tuning.kind,)):
        asked = ready.asking.items, ready.asking.questions[0]
        write_model(folder / MODEL_FOLDER, recipe, kind, *asked, program=result.program)
    if search.stats is not None:
        (folder / "gepa.json").write_text(json.dumps(search.stats, default=str, indent=1), encoding="utf-8")
    run_id, model = record_tuning(result, workspace, name, reporter.stop())
    return replace(result, mlflow_run_id=run_id, model=model)


class _Progress:
    """Calls used, as a reporter's bar."""

    def __init__(self, reporter: Reporter, total: int) -> None:
        self._reporter = reporter
        self._total = total
        self._shown = 0

    def moved(self, calls: int, evaluations: int) -> None:
        """Advance to so many calls."""
        self._reporter.answered("calls used", calls - self._shown, self._total)
        self._shown = calls


def _judged(
    survey: data.Survey, cells: TuningCells, session: TuningSession, search: Search
) -> TuningJudgement:
    try:
        programs = (search.original, search.chosen)
        return judge_programs(session, survey, cells, programs)
    except TuningStopped as stop:
        raise stop.reason from None


def _result(
    survey: data.Survey,
    cells: TuningCells,
    session: TuningSession,
    search: Search,
    judgement: TuningJudgement,
    seconds: float,
    folder: Path,
) -> TuningResult:
    recipe = session.recipe
    fitted = FittedOn(
        training=list(cells.training.cells),
        validation=list(cells.validation.cells),
        aliases={code: sorted(aliases_of(survey.question(code))) for _, code in cells.seen},
        survey=hashlib.sha256(" ".join(s.sha256 for s in survey.sources).encode()).hexdigest()[:12],
        optimizer=recipe.tuning.optimizer,
        seed=recipe.seed,
        calls=session.meter.total,
    ).after(cells.earlier)
    improved = search.chosen.candidate != search.original.candidate
    return TuningResult(
        recipe=recipe,
        program=_program(search.chosen, recipe.tuning.kind, improved, fitted),
        original=_program(search.original, recipe.tuning.kind, False, fitted),
        judgement=judgement,
        curve=learning_curve(session.ledger, session.table, search, cells),
        evaluations=session.ledger.frame(),
        calls=session.meter.total,
        paid=session.meter.paid,
        cost=session.meter.cost,
        stopped=search.stopped,
        seconds=seconds,
        synthetic=synthetic_parts(recipe.respondent.lm, survey),
        folder=folder,
    )


def _program(program: PopulationProgram, kind: str, improved: bool, fitted: FittedOn) -> TunedProgram:
    predictors = {
        name: PredictorPrompt(
            signature=signature_hash(signature_of(p)),
            instructions=str(signature_of(p).instructions),
            demos=[dict(demo) for demo in p.demos],
        )
        for name, p in program.named_predictors()
    }
    return TunedProgram.model_validate(
        {"kind": kind, "improved": improved, "predictors": predictors, "fitted_on": fitted}
    )

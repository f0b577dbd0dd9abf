"""Search settings of the whole recipe on training countries, and judge the best once on the others."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd

from value_personas import data
from value_personas.experiments.fieldwork.fieldwork import Fieldwork
from value_personas.experiments.fieldwork.preparing import prepare
from value_personas.experiments.fieldwork.rehearsal import Estimate
from value_personas.experiments.fieldwork.synthetic import in_words, marked
from value_personas.experiments.inference import CellGroups, compare_methods, within, zones_of
from value_personas.experiments.optuna_study import Searched, mean_of_folds, search_settings, suggested
from value_personas.experiments.progress.reporter import Silent
from value_personas.experiments.progress.shown import Progress, shown
from value_personas.experiments.recipe.loading import recipe_of, varied
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.recipe.search import MAP_DISTANCE, RecipeSearch
from value_personas.experiments.recipe.study_record import StudyRecord
from value_personas.experiments.scoring import SCORES
from value_personas.experiments.search.evaluation import Evaluation, Evaluator
from value_personas.experiments.tracking import Record, live, record_study, run_title
from value_personas.experiments.workspace.folders import Workspace
from value_personas.experiments.workspace.json_file import json_rows
from value_personas.experiments.workspace.tables import write_table
from value_personas.signatures import RecipeError

_FOLDS = 4
"""Parts of the training countries, at most; whole zones, so that a setting is tried on new ones."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search came to.

    Attributes:
        recipe: as it stood.
        best: the chosen setting, recipe key → value; empty where nothing beat the recipe as it stood.
        method: the row that was judged.
        training: objective → its mean over folds of training countries, as it stood and as chosen.
        judged: the chosen setting against the recipe as it stood on held-out countries, for each objective
            that is a score or the distance on the map: score, cells, original, chosen, difference, lower,
            upper, p.
        trials: one row a trial: number, state, a column an objective, a column a key.
        held_out: countries that the search never saw.
        folder: tables and figure.
        study: its name.
        storage: where it lies, as ``optuna-dashboard`` takes it.
        synthetic: which parts were synthetic.
        mlflow_run_id: the record.
    """

    recipe: Recipe
    best: dict[str, Any]
    method: str
    training: pd.DataFrame
    judged: pd.DataFrame
    trials: pd.DataFrame
    held_out: tuple[str, ...]
    folder: Path
    study: str
    storage: str
    synthetic: tuple[str, ...]
    mlflow_run_id: str

    def __repr__(self) -> str:
        return f"<SearchResult {self._heading}>"

    def _repr_html_(self) -> str:
        chosen = [f"{key} = {value}" for key, value in self.best.items()]
        return data.card(self._heading, self.judged if len(self.judged) else self.training, notes=chosen)

    @property
    def _heading(self) -> str:
        return marked(f"{self.recipe.name} · {len(self.trials)} trials · {self.verdict}", self.synthetic)

    @property
    def claims_gain(self) -> bool:
        """Whether the first score is better on held-out countries, its interval below 0."""
        return len(self.judged) > 0 and bool(self.judged["upper"].iloc[0] < 0.0)

    @property
    def verdict(self) -> str:
        """One sentence."""
        if not self.best:
            return "the recipe stays as it stands: no setting was better on training countries"
        if not len(self.judged):
            return "the chosen setting was not judged by a score: no objective is one"
        if self.claims_gain:
            return "the chosen setting is better on countries that the search never saw"
        return "better in training, but not shown to be on countries that the search never saw"

    def to_json(self) -> str:
        """One JSON object; undefined figures are null."""
        tables = {"training": self.training, "judged": self.judged, "trials": self.trials}
        told = {name: json_rows(table) for name, table in tables.items()}
        rest = {
            "name": self.recipe.name,
            "best": self.best,
            "method": self.method,
            "verdict": self.verdict,
            "held_out": list(self.held_out),
            "folder": str(self.folder),
            "study": self.study,
            "storage": self.storage,
            "synthetic": list(self.synthetic),
            "mlflow_run_id": self.mlflow_run_id,
        }
        return json.dumps(rest | told, allow_nan=False)


def search(
    recipe: Recipe | str | Path,
    progress: Progress = True,
    approve: Callable[[Estimate], None] | None = None,
    *,
    jobs: int = 1,
) -> SearchResult:
    """Search the settings that a recipe's ``[search]`` table names.

    A trial is evaluated fold by fold on training countries, and a poor one is stopped after a few. The best
    is judged once, on countries that the search never saw, beside the recipe as it stood; a tie goes to the
    recipe. Stopped at any moment, the same call goes on, and no stored answer is asked again.

    Args:
        recipe: a recipe with a search, its file, or the name of a shipped one.
        progress: True shows it, in the notebook's cell or on stderr; False does not; a reporter is told.
        approve: called before the first call with an estimate of the recipe as it stands; it raises to end
            the search. Nothing is estimated when absent.
        jobs: trials at once in this process; other processes may share the study.

    Raises:
        ValuePersonasError: for anything the user can put right.
    """
    recipe = recipe_of(recipe)
    if recipe.search is None:
        raise RecipeError(f"recipe {recipe.name}: has no [search] table; name keys in search.space")
    wanted, workspace = recipe.search, Workspace.open(recipe.workspace)
    plain = varied(recipe, {"search": None})
    _require_possible(plain, wanted)
    with (
        shown(progress) as bars,
        live(recipe, workspace, bars, "search") as reporter,
        Fieldwork(workspace, reporter.note, recipe.store) as field,
    ):
        evaluate = Evaluator(field, Silent(), wanted.method, wanted.objectives)
        reporter.stage("reading the survey")
        countries = prepare(field, plain).survey.countries
        held_out = wanted.held_out_zones, wanted.held_out_countries
        split = data.split_countries(countries, held_out[0], share=held_out[1], seed=recipe.seed)
        folds = _folds(split.training)
        reporter.stage("the recipe as it stands")
        original = [evaluate(plain, fold, approve if n == 0 else None) for n, fold in enumerate(folds)]
        reporter.stage("trials")
        problem = RecipeProblem(plain, wanted, folds, evaluate)
        searched = search_settings(
            problem, workspace.folder, seed=recipe.seed, reporter=reporter, threads=jobs, stop=field.stop
        )
        best = _best(searched, [one.losses[wanted.objectives[0]] for one in original])
        reporter.stage("judging on held-out countries")
        judged = pd.DataFrame()
        if best:
            pair = evaluate(plain, split.held_out), evaluate(varied(plain, best), split.held_out)
            judged = _judged(pair, split.held_out, wanted.objectives, recipe.scoring.level, recipe.seed)
        result = SearchResult(
            recipe,
            best,
            original[0].method,
            _training(searched, original, wanted, chosen=bool(best)),
            judged,
            searched.table(),
            split.held_out,
            workspace.folder / "searches" / recipe.name,
            searched.study.study_name,
            searched.storage,
            original[0].synthetic,
            "",
        )
        return _recorded(result, searched, workspace, reporter.stop())


def _require_possible(recipe: Recipe, wanted: RecipeSearch) -> None:
    """Every key and choice is one of the recipe, and there is what is minimised, before anything is asked."""
    instrument = data.load_instrument(recipe.profiles.instrument)
    if MAP_DISTANCE in wanted.objectives and not instrument.map_lines:
        raise RecipeError(
            f"search.objectives: instrument {instrument.name} has no map, so there is no {MAP_DISTANCE}"
        )
    for key, among in wanted.space.items():
        for value in among if isinstance(among, tuple) else (among.low, among.high):
            varied(recipe, {key: value})


def _folds(countries: Sequence[str]) -> list[tuple[str, ...]]:
    """Whole zones, dealt round into a few folds."""
    zones: dict[str, list[str]] = {}
    for country, zone in zones_of(countries).items():
        zones.setdefault(zone, []).append(country)
    largest_first = sorted(zones.values(), key=len, reverse=True)
    dealt: list[list[str]] = [[] for _ in range(min(_FOLDS, len(zones)))]
    for members in largest_first:
        min(dealt, key=len).extend(members)
    return [tuple(fold) for fold in dealt]


@dataclass(frozen=True, slots=True)
class RecipeProblem:
    """Any settings of a recipe, and their losses on folds of training countries.

    Attributes:
        recipe: as it stands.
        settings: what is searched, and for what.
        countries: of each fold.
        evaluate: runs a recipe on a fold.
    """

    recipe: Recipe
    settings: RecipeSearch
    countries: Sequence[tuple[str, ...]]
    evaluate: Evaluator
    remedy: str = "widen search.space"

    @property
    def title(self) -> str:
        """Of the recipe."""
        return f"search-{self.recipe.name}"

    @property
    def startup(self) -> int:
        """A quarter of the trials, ten at most."""
        return max(5, min(10, self.settings.trials // 4))

    @property
    def mark(self) -> str:
        """Of the recipe, what is searched, and the folds; not of where things are kept."""
        wanted = self.settings.model_dump(mode="json", exclude={"trials", "study", "storage"})
        recipe = {k: value for k, value in self.recipe.flat().items() if k not in ("workspace", "store")}
        content = json.dumps([recipe, wanted, self.countries], sort_keys=True, default=str)
        return hashlib.sha256(content.encode()).hexdigest()

    def suggested(self, trial: optuna.trial.BaseTrial) -> dict[str, Any]:
        """Recipe key → value."""
        return suggested(trial, self.settings.space)

    def folds(self, setting: dict[str, Any]) -> Mapping[str, Callable[[], Mapping[str, float]]]:
        """Of the varied recipe."""
        recipe = varied(self.recipe, setting)

        def losses(fold: tuple[str, ...]) -> Mapping[str, float]:
            return self.evaluate(recipe, fold).losses

        return {", ".join(fold): partial(losses, fold) for fold in self.countries}


def _best(searched: Searched[dict[str, Any]], original: Sequence[float]) -> dict[str, Any]:
    """The setting that is best on the first objective; none where the recipe as it stands is as good."""
    return searched.chosen if searched.best.values[0] < mean_of_folds(original) else {}


def _judged(
    pair: Sequence[Evaluation], countries: tuple[str, ...], objectives: Sequence[str], level: float, seed: int
) -> pd.DataFrame:
    """A recipe as it stood and as chosen, on held-out countries, by the standard error of every table.

    A distance on the map is one cell a country.
    """
    cells = pair[0].cells.drop_duplicates("question").set_index("question")
    zones = list(zones_of(countries).values())
    of_questions = CellGroups(zones, cells["near"].tolist(), cells["options"].astype(int).tolist())
    rows = []
    for name in (one for one in objectives if one in (*SCORES, MAP_DISTANCE)):
        groups = CellGroups(zones, [True], [0]) if name == MAP_DISTANCE else of_questions
        errors = np.stack([_errors(one, name, countries, cells.index) for one in pair])
        told = compare_methods(errors, ["original", "chosen"], groups, [(1, 0)], level=level, seed=seed)
        told = told if name == MAP_DISTANCE else within(told, SCORES[name].furthest)
        row = told[told["group"] == "all"].iloc[0]
        rows.append(
            {
                "score": name,
                "cells": int(row["cells"]),
                "original": row["baseline"],
                "chosen": row["mean"],
                **{key: row[key] for key in ("difference", "lower", "upper", "p")},
            }
        )
    return pd.DataFrame(rows)


def _errors(one: Evaluation, score: str, countries: Sequence[str], questions: "pd.Index[str]") -> Any:
    """Shape (C, M), (C, 1) of distances on the map; 0 best, NaN where there is no such cell."""
    if score == MAP_DISTANCE:
        return one.distances.reindex(list(countries)).to_numpy(np.float64)[:, None]
    wide = one.cells.pivot(index="country", columns="question", values=score)
    return SCORES[score].as_error(wide.reindex(index=list(countries), columns=questions).to_numpy(np.float64))


def _training(
    searched: Searched[dict[str, Any]],
    original: Sequence[Evaluation],
    wanted: RecipeSearch,
    *,
    chosen: bool,
) -> pd.DataFrame:
    values = searched.best.values if chosen else [float("nan")] * len(wanted.objectives)
    return pd.DataFrame(
        {
            "objective": list(wanted.objectives),
            "original": [mean_of_folds(one.losses[name] for one in original) for name in wanted.objectives],
            "chosen": values,
        }
    )


def _recorded(
    result: SearchResult, searched: Searched[dict[str, Any]], workspace: Workspace, begun: str | None
) -> SearchResult:
    """Tables, the Pareto front where there is one, and the MLflow run."""
    result.folder.mkdir(parents=True, exist_ok=True)
    for name in ("trials", "training", "judged"):
        write_table(result.folder / name, getattr(result, name))
    recipe = result.recipe
    searched.draw_front(result.folder, marked(recipe.name, result.synthetic))
    tags = {
        "kind": "search",
        "synthetic": in_words(result.synthetic),
        "best": json.dumps(result.best, default=str),
        "study": result.study,
    }
    metrics = {
        f"{row['objective']}.{when}": float(row[when])
        for row in result.training.to_dict("records")
        for when in ("original", "chosen")
    }
    for row in result.judged.to_dict("records"):
        metrics |= {
            f"held_out.{row['score']}.{name}": float(row[name]) for name in ("difference", "lower", "upper")
        }
    title = run_title("search", recipe.name, f"{len(result.trials)} trials")
    record = Record(recipe, title, metrics, tags, result.folder)
    return replace(result, mlflow_run_id=record_study(workspace, record, _record(result), begun))


def _record(result: SearchResult) -> StudyRecord:
    """What stands on its page."""
    recipe = result.recipe
    best = ", ".join(f"{key} = {value}" for key, value in result.best.items())
    return StudyRecord(
        kind="search",
        name=recipe.name,
        title=marked(
            f"{recipe.name} · search of {result.method}, {len(result.trials)} trials", result.synthetic
        ),
        base="the recipe as it stood",
        level=recipe.scoring.level,
        synthetic=result.synthetic,
        findings=(f"{result.verdict.capitalize()}.", *([f"Chosen: {best}."] if best else [])),
        methods="Settings were tried on folds of training countries, whole cultural zones each, and the "
        f"best was judged once on held-out countries ({', '.join(result.held_out)}), cell by cell beside the "
        f"recipe as it stood, with {100 * recipe.scoring.level:g} % intervals of one standard error "
        "clustered "
        f"by country or zone and by question (study {result.study}, seed {recipe.seed}).",
        mlflow_run_id=result.mlflow_run_id,
    )

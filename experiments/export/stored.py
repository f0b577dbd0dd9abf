"""Stored answers of a run with everything that their numbers mean."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from value_personas.experiments.evaluation.answers import Answers, panel_file
from value_personas.experiments.evaluation.calibrated import Prepared
from value_personas.experiments.evaluation.predicting import calibrated_name
from value_personas.experiments.run.record import QUESTIONS_FILE, Questions
from value_personas.experiments.run.result import RunResult
from value_personas.experiments.run.stored import calibrations_of
from value_personas.experiments.run.tables import read_run_table
from value_personas.experiments.run.writing import PERSONAS_FILE
from value_personas.experiments.workspace.json_file import read_json
from value_personas.programs.calibration import Setting
from value_personas.signatures import Array, RecipeError, StoreError


@dataclass(frozen=True, slots=True)
class MethodAnswers:
    """The answers of one row of the result.

    Attributes:
        method: as it stands in tables.
        kind: the persona kind.
        panel: the answers, calibrated where the method is.
        personas: of this kind, with columns country, persona, replicate and the items; None where the
            record holds none.
        missing: country and question → place of a persona → why its answer is missing.
    """

    method: str
    kind: str
    panel: Answers
    personas: pd.DataFrame | None
    missing: Mapping[tuple[str, str], Mapping[int, str]]

    def members(self, country: int) -> NDArray[np.intp]:
        """The places of a country's personas; the panel is padded to the largest country."""
        return np.flatnonzero(self.panel.weights[country] > 0)

    def weights(self, country: int) -> Array:
        """Their weights, of mean 1."""
        share = self.panel.weights[country, self.members(country)]
        return np.asarray(share / share.mean())

    def told(self, country: int, columns: Sequence[str]) -> Array | None:
        """Columns of ``personas`` for each of them; None where the record holds no personas."""
        if self.personas is None:
            return None
        own = self.personas[self.personas["country"] == self.panel.countries[country]]
        rows = own.set_index("persona").reindex(self.members(country), columns=list(columns))
        return rows.to_numpy(np.float64)

    def reasons(self, country: int, question: int) -> Mapping[int, str]:
        """Place of a persona → why its answer to a question is missing."""
        return self.missing.get((self.panel.countries[country], self.panel.questions[question]), {})


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run to be exported.

    Attributes:
        result: what it gave back.
        asked: what its numbers mean.
        answers: of every method wanted.
    """

    result: RunResult
    asked: Questions
    answers: tuple[MethodAnswers, ...]


@dataclass(frozen=True, slots=True)
class _Tables:
    missing: pd.DataFrame
    personas: pd.DataFrame | None


def read_answers(
    result: RunResult, kinds: Sequence[str] = (), *, calibrated: bool | None = None, profiles: bool = True
) -> StoredRun:
    """Read a run's answers.

    Args:
        result: the run.
        kinds: persona kinds wanted; all when empty.
        calibrated: only answers as given (False) or only calibrated ones (True); both when absent. An
            average that was calibrated has no personas, so there is nothing of it to export.
        profiles: whether the personas' value profiles are wanted.

    Raises:
        RecipeError: for a kind that the run lacks, or when nothing is left.
        StoreError: when a file is absent or damaged.
    """
    if result.recipe.predictions:
        raise RecipeError("the run judged predictions from elsewhere; it asked no personas, to be exported")
    known = result.recipe.personas
    if unknown := [kind for kind in kinds if kind not in known]:
        raise RecipeError(f"the run has no personas {unknown[0]!r}; it has {', '.join(known)}")
    asked, tables = _questions(result.folder), _tables(result.folder, profiles)
    wanted = [kind for kind in known if not kinds or kind in kinds]
    answers = tuple(method for kind in wanted for method in _methods(result, kind, tables, calibrated))
    for method in answers:
        _require_match(asked, method.panel, result.folder)
    if not answers:
        raise RecipeError(
            "the run calibrated none of these personas' answers; name others with --kind, or leave "
            "--calibrated out"
        )
    return StoredRun(result, asked, answers)


def _questions(folder: Path) -> Questions:
    path = folder / QUESTIONS_FILE
    if not path.is_file():
        raise StoreError(f"{path}: absent; a run of an earlier version has none, run it again")
    return read_json(path, Questions)


def _methods(
    result: RunResult, kind: str, tables: _Tables, calibrated: bool | None
) -> Iterator[MethodAnswers]:
    personas = None if tables.personas is None else tables.personas[tables.personas["kind"] == kind]
    missing = _by_cell(tables.missing[tables.missing["kind"] == kind])
    panel = Answers.load(panel_file(result.folder, kind))
    if calibrated is not True:
        yield MethodAnswers(kind, kind, panel, personas, missing)
    if calibrated is False or kind not in result.recipe.calibration.kinds:
        return
    for one in calibrations_of(result):
        if one.setting.level == "persona":
            widened = _widened(panel, one.setting)
            yield MethodAnswers(calibrated_name(kind, "persona"), kind, widened, personas, missing)


def _by_cell(missing: pd.DataFrame) -> dict[tuple[str, str], dict[int, str]]:
    cells: dict[tuple[str, str], dict[int, str]] = {}
    columns = (missing[name].tolist() for name in ("country", "question", "persona", "reason"))
    for country, question, persona, reason in zip(*columns, strict=True):
        cells.setdefault((country, question), {})[persona] = reason
    return cells


def _require_match(asked: Questions, panel: Answers, folder: Path) -> None:
    questions = tuple((question.code, len(question.scores)) for question in asked.questions)
    if questions != tuple(zip(panel.questions, panel.lengths.tolist(), strict=True)) or (
        set(panel.countries) - set(asked.countries)
    ):
        raise StoreError(f"{folder}: {QUESTIONS_FILE} does not belong to the answers beside it")


def _widened(panel: Answers, setting: Setting) -> Answers:
    """Every answer calibrated, as in the run."""
    with np.errstate(divide="ignore"):
        return replace(panel, log_p=np.log(Prepared(panel).answers(setting)))


def _tables(folder: Path, profiles: bool) -> _Tables:
    missing = read_run_table(folder, "missing_answers")
    if not profiles:
        return _Tables(missing, None)
    if not (folder / PERSONAS_FILE).is_file():
        raise StoreError(
            f"{folder}: {PERSONAS_FILE} is absent, for drawn profiles are kept where the run was made and "
            "nowhere else; export --without-profiles"
        )
    return _Tables(missing, read_run_table(folder, "personas"))

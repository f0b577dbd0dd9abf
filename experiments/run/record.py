"""The JSON files of a run: what came of it, where that came from, and what its numbers mean."""

from collections.abc import Iterable
from typing import Any

import pandas as pd
from pydantic import Field, model_validator

from value_personas import data
from value_personas.experiments.evaluation.judging import HeldOut
from value_personas.experiments.tracking import InputFile
from value_personas.experiments.workspace.code_state import CodeState
from value_personas.experiments.workspace.json_file import Figure, FileModel
from value_personas.programs import PanelResult
from value_personas.signatures import Question, ValueItem

__all__ = [
    "NOT_RECORDED",
    "QUESTIONS_FILE",
    "RESULT_FILE",
    "SOURCES_FILE",
    "AskedQuestion",
    "Code",
    "HeldOutPart",
    "MeasureRow",
    "Options",
    "Questions",
    "Result",
    "Sources",
    "SummaryRow",
    "measure_rows",
    "summary_rows",
]

RESULT_FILE, SOURCES_FILE, QUESTIONS_FILE = "result.json", "sources.json", "questions.json"

NOT_RECORDED = "not recorded"
"""What a run made before something was recorded says of it."""


class SummaryRow(FileModel):
    """A method's mean score with its interval; 0.1.0 did not count the cells."""

    method: str
    score: str
    mean: Figure
    lower: Figure
    upper: Figure
    cells: int | None = Field(default=None, exclude_if=lambda cells: cells is None)


class MeasureRow(FileModel):
    """A measure of a method with its interval, where it has one."""

    method: str
    measure: str
    estimate: Figure
    lower: Figure
    upper: Figure
    cells: int


class _Scored(FileModel):
    """Means over a block of cells.

    Attributes:
        summary: one row for each method × score.
        floor: score → the human sample's own error.
    """

    summary: tuple[SummaryRow, ...]
    floor: dict[str, Figure]

    def summary_table(self) -> pd.DataFrame:
        """The summary as a table."""
        return pd.DataFrame([row.model_dump() for row in self.summary])

    def floor_series(self) -> "pd.Series[float]":
        """The floor as a series."""
        return pd.Series(self.floor, dtype=float)


class HeldOutPart(_Scored):
    """The same over the cells that no tuned prompt was fitted on: C countries × M questions."""

    countries: int
    questions: int

    @classmethod
    def of(cls, found: HeldOut) -> "HeldOutPart":
        """What is kept of a judgement's held-out cells."""
        return cls(
            summary=summary_rows(found.summary),
            floor={str(name): float(value) for name, value in found.floor.items()},
            countries=found.countries,
            questions=found.questions,
        )

    def restored(self) -> HeldOut:
        """The held-out cells as they were judged."""
        return HeldOut(self.summary_table(), self.floor_series(), self.countries, self.questions)


class Result(_Scored):
    """``result.json``: a run's figures and what a reader must know; attributes as of ``RunResult``."""

    name: str
    title: str
    leaks: tuple[str, ...]
    synthetic: tuple[str, ...]
    held_out: HeldOutPart | None
    missing: dict[str, dict[str, int]]
    usage: dict[str, int | float]
    measures: tuple[MeasureRow, ...] = ()
    notes: tuple[str, ...]
    nothing: str | None = Field(default=None, exclude_if=lambda why: why is None)
    places: dict[str, dict[str, Figure]] = Field(default_factory=dict, exclude_if=lambda places: not places)


def summary_rows(summary: pd.DataFrame) -> tuple[SummaryRow, ...]:
    """The rows of ``RunResult.summary``."""
    return tuple(SummaryRow.model_validate(row) for row in summary.to_dict("records"))


def measure_rows(measures: pd.DataFrame) -> tuple[MeasureRow, ...]:
    """The rows of ``RunResult.measures``."""
    return tuple(MeasureRow.model_validate(row) for row in measures.to_dict("records"))


class Code(FileModel):
    """The state of the code; ``changes`` as ``CodeState`` has them."""

    version: str = NOT_RECORDED
    commit: str = NOT_RECORDED
    changes: str = NOT_RECORDED

    @classmethod
    def of(cls, state: CodeState) -> "Code":
        """What is kept of the code's state; the changes themselves lie in ``code.diff``."""
        return cls(version=state.version, commit=state.commit, changes=state.changes)

    def __str__(self) -> str:
        """The commit, and whether the code differed from it; of an installed copy, that it has none."""
        if len(self.commit.split()) > 1:
            return "an installed copy, commit not recorded"
        differs = self.changes not in ("none", NOT_RECORDED)
        return f"commit {self.commit}{' with uncommitted changes' if differs else ''}"


class Sources(FileModel):
    """``sources.json``: what was read, what answered, and which code did it.

    Attributes:
        inputs: every file that was read.
        codebook: by which the survey was read.
        title: of the survey.
        countries: code → name, of the survey.
        questions: code → text, of the survey.
        respondent: what answered, with everything that determines an answer.
        elicitation: how answers were got, and why so.
        code: its state.
    """

    inputs: tuple[InputFile, ...]
    codebook: str = ""
    title: str = ""
    countries: dict[str, str] = Field(default_factory=dict)
    questions: dict[str, str] = Field(default_factory=dict)
    respondent: str = NOT_RECORDED
    elicitation: str = ""
    code: Code = Code()

    @property
    def survey(self) -> tuple[InputFile, ...]:
        """The survey's files."""
        return tuple(file for file in self.inputs if file.key == "survey.path")

    @model_validator(mode="before")
    @classmethod
    def _of_0_1_0(cls, said: Any) -> Any:
        """Version 0.1.0 kept the survey's files, with their rows, apart from the hashes of all files."""
        if not isinstance(said, dict) or not isinstance(said.get("survey"), list):
            return said
        kept, listed = ("path", "sha256", "rows"), said.get("inputs")
        survey = [
            {"key": "survey.path"} | {name: file[name] for name in kept if name in file}
            for file in said["survey"]
            if isinstance(file, dict)
        ]
        others = [file for file in listed or () if not _is_survey(file)] if isinstance(listed, list) else []
        return {name: value for name, value in said.items() if name != "survey"} | {
            "inputs": [*survey, *others]
        }


def _is_survey(file: object) -> bool:
    return isinstance(file, dict) and file.get("key") == "survey.path"


class Options(FileModel):
    """A value item, or what a question shares with it: the options in the order of the answer card."""

    code: str
    text: str
    labels: tuple[str, ...]
    scores: tuple[float, ...]


class AskedQuestion(Options):
    """A target question; attributes as of ``Question``."""

    ivs: str | None
    topic: str
    near: bool
    battery: str | None


class Questions(FileModel):
    """``questions.json``: what was asked and told.

    Attributes:
        survey: its title.
        countries: code → name, of those asked about.
        questions: the target questions, in the order of the answers.
        items: the value items that personas tell.
    """

    survey: str
    countries: dict[str, str]
    questions: tuple[AskedQuestion, ...]
    items: tuple[Options, ...]

    @classmethod
    def of(cls, panel: PanelResult, items: Iterable[ValueItem], survey: data.Survey) -> "Questions":
        """What a panel was asked."""
        return cls(
            survey=survey.title,
            countries={p.country: survey.country_name(p.country) for p in panel.personas},
            questions=tuple(
                AskedQuestion(ivs=q.ivs, topic=q.topic, near=q.near, battery=q.battery, **_options(q))
                for q in panel.questions
            ),
            items=tuple(Options(**_options(item)) for item in items),
        )


def _options(asked: Question | ValueItem) -> dict[str, Any]:
    scale = asked.scale
    return {"code": asked.code, "text": asked.text, "labels": scale.labels, "scores": scale.scores}

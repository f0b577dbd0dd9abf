"""The JSON files of a run: what came of it, where that came from, and what its numbers mean."""

from collections.abc import Iterable
from typing import Any

import pandas as pd
from pydantic import Field, model_validator

from value_personas import data
from value_personas.experiments.evaluation.means import HeldOut, Means, Summary
from value_personas.experiments.tracking import InputFile
from value_personas.experiments.workspace.code_state import NOT_RECORDED, CodeState
from value_personas.experiments.workspace.json_file import Figure, FileModel, Rows
from value_personas.programs import PanelResult
from value_personas.signatures import Question, ValueItem

RESULT_FILE, SOURCES_FILE, QUESTIONS_FILE = "result.json", "sources.json", "questions.json"


class MeasureRow(FileModel):
    """A measure of a method with its interval, where it has one."""

    method: str
    measure: str
    estimate: Figure
    lower: Figure
    upper: Figure
    cells: int


class Result(Means):
    """``result.json``: a run's figures and what a reader must know; attributes as of ``RunResult``."""

    name: str
    title: str
    leaks: tuple[str, ...]
    synthetic: tuple[str, ...]
    held_out: HeldOut | None
    missing: dict[str, dict[str, int]]
    usage: dict[str, int | float]
    measures: tuple[MeasureRow, ...] = Field(default=(), exclude_if=lambda rows: not rows)
    hypotheses: Rows = Field(default=(), exclude_if=lambda rows: not rows)
    nulls: Summary = Field(default_factory=pd.DataFrame, exclude_if=lambda table: table.empty)
    notes: tuple[str, ...]
    nothing: str | None = Field(default=None, exclude_if=lambda why: why is None)
    places: dict[str, dict[str, Figure]] = Field(default_factory=dict, exclude_if=lambda places: not places)


def measure_rows(measures: pd.DataFrame) -> tuple[MeasureRow, ...]:
    """The rows of ``RunResult.measures``."""
    return tuple(MeasureRow.model_validate(row) for row in measures.to_dict("records"))


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
    code: CodeState = CodeState()

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

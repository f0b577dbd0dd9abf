"""Predictions made elsewhere take the place of asking: read, narrowed to what they tell of, and laid out."""

from dataclasses import dataclass

import numpy as np

from value_personas import data
from value_personas.experiments.fieldwork.asking import Asked
from value_personas.experiments.fieldwork.survey import open_survey
from value_personas.experiments.recipe.section import Section
from value_personas.experiments.recipe.survey import QuestionSection, SurveySection
from value_personas.experiments.workspace.folders import Workspace
from value_personas.programs import REASONS, PanelResult
from value_personas.programs.engines import Usage
from value_personas.signatures import MissingReason, Persona, Question


@dataclass(frozen=True, slots=True)
class Given:
    """What was predicted elsewhere.

    Attributes:
        files: the tables.
        max_missing: the share of missing answers above which a cell is not estimated.
        answered_by: the tables in words.
    """

    files: tuple[str, ...]
    max_missing: float
    answered_by: str

    def sections(
        self, survey: SurveySection, questions: QuestionSection, seed: int, workspace: Workspace
    ) -> dict[str, Section]:
        """A recipe's sections, narrowed to the countries and questions that some method predicts.

        Raises:
            SurveyError: when the predictions cannot be read, or are of nothing that the survey holds.
        """
        there = open_survey(survey, questions, seed, workspace)
        given, _ = data.read_predictions(self.files, there, self.max_missing)
        known = [~np.isnan(one.log_p[:, :, 0]) for one in given]
        told = np.asarray(np.concatenate(known).any(axis=0))
        answered = {c for one, cells in zip(given, known, strict=True) for c in _some(one.countries, cells)}
        include = tuple(q.code for q, some in zip(there.questions, told, strict=True) if some)
        countries = tuple(country for country in there.countries if country in answered)
        return {
            "survey": survey.model_copy(update={"countries": countries}),
            "questions": questions.model_copy(update={"include": include}),
        }

    def asked(self, survey: data.Survey) -> tuple[Asked, tuple[str, ...]]:
        """The answers as if they had been asked for here, and what was left out.

        Args:
            survey: read by the narrowed sections.
        """
        given, notes = data.read_predictions(self.files, survey, self.max_missing)
        panels = {one.method: _panel(one, survey.questions) for one in given}
        how = f"answers are {self.answered_by}; nothing was asked here"
        return Asked(panels, {}, self.answered_by, how, Usage().as_dict(), {}), notes


def _some(countries: tuple[str, ...], there: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> set[str]:
    return {country for country, known in zip(countries, np.asarray(there.any(axis=1)), strict=True) if known}


def _panel(given: data.GivenAnswers, questions: tuple[Question, ...]) -> PanelResult:
    cells, unknown = given.log_p.shape[:2], np.full(len(questions), np.nan)
    missing = np.full(cells, -1, dtype=np.int8)
    for cell, reason in given.missing.items():
        missing[cell] = REASONS.index(MissingReason(reason))
    weights = given.weights / given.weights.sum()
    return PanelResult(
        personas=tuple(
            Persona(given.method, "", float(weight), country)
            for country, weight in zip(given.countries, weights, strict=True)
        ),
        questions=questions,
        log_p=given.log_p,
        label_mass=np.full(cells, np.nan),
        dont_know=np.full(cells, np.nan),
        missing=missing,
        order_effect=unknown,
        wording_spread=unknown.copy(),
        draws=given.draws,
    )

"""What a recipe may say of the survey that is read and of the questions that are predicted."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from value_personas.data.synthetic import Causes
from value_personas.experiments.recipe.paths import NamesFile
from value_personas.experiments.recipe.section import Section

SYNTHETIC = "synthetic"
"""The value of ``survey.path`` that stands for the embedded population."""


class SurveySection(Section):
    """Which survey file is read, and how.

    Attributes:
        path: a survey file, several, or ``synthetic`` for the embedded population.
        codebook: a name or path; recognised from the columns when absent.
        countries: codes to keep; all when absent.
        weight: which of the survey's weights to use.
        reverse: value items that the file holds in the opposite direction.
        accept: value items whose doubtful direction is taken as it stands.
        country_is: the country of all respondents, where no column tells it.
        encoding: of the file's texts, where what it declares is wrong, such as ``cp1252``.
        waves: the waves or years to keep, ``all`` to pool all; each country's latest when absent.
        respondents: for the embedded population only, respondents a country.
        causes: likewise, what is at work in it, each from 0 (not at all) to 1.
    """

    path: Annotated[str | tuple[str, ...], NamesFile(unless=SYNTHETIC)] = SYNTHETIC
    codebook: str | None = None
    countries: tuple[str, ...] | None = None
    weight: Literal["within-country", "equal-country", "population", "unweighted"] = "within-country"
    reverse: tuple[str, ...] = ()
    accept: tuple[str, ...] = ()
    country_is: str | None = Field(default=None, exclude_if=lambda country: country is None)
    encoding: str | None = Field(default=None, exclude_if=lambda encoding: encoding is None)
    waves: tuple[str, ...] | None = Field(default=None, exclude_if=lambda waves: waves is None)
    respondents: Annotated[int, Field(ge=50)] = 1000
    causes: Causes = Causes()

    @model_validator(mode="after")
    def _one_direction(self) -> "SurveySection":
        if twice := set(self.reverse) & set(self.accept):
            raise ValueError(f"reverse and accept both name {min(twice)}; it is one or the other")
        return self

    @property
    def is_synthetic(self) -> bool:
        """Whether the embedded population is asked for."""
        return self.path == SYNTHETIC


class QuestionSection(Section):
    """Which target questions are predicted.

    Attributes:
        include: question codes; every target that the file has when absent.
        unasked: codes of questions that the codebook knows and the file does not hold: they are predicted all
            the same, and no people's answers judge them.
    """

    include: tuple[str, ...] | None = None
    unasked: tuple[str, ...] = Field(default=(), exclude_if=lambda codes: not codes)

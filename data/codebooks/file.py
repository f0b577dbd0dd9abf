"""The written form of codebooks and instruments (TOML), checked field by field.

Only shapes are checked here; ``codebook`` and ``instruments`` beside it give them their meaning.
"""

from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from value_personas.data.formats.toml_file import read_toml
from value_personas.signatures import Axis, SurveyError

Code = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Codes = Annotated[list[Code], Field(min_length=1)]
Names = Annotated[list[str], Field(min_length=1)]
Text = Annotated[str, Field(min_length=1)]
Kinds = dict[str, list[Code]]
WeightChoice = Literal["within-country", "equal-country", "population"]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ScaleEntry(_Entry):
    """A scale by its labels and codes, or by its two ends."""

    labels: list[str] | None = None
    codes: list[Code] | None = None
    scores: list[Code] | None = None
    also: list[list[str]] | None = None
    from_: int | None = Field(default=None, alias="from")
    to: int | None = None
    low: str | None = None
    high: str | None = None
    also_low: list[str] = []
    also_high: list[str] = []
    low_words: list[str] = []
    high_words: list[str] = []


def _refuse_repeats(columns: list[str], codes: list[float]) -> None:
    if len(set(columns)) < len(columns) or len(set(codes)) < len(codes):
        raise ValueError("each part needs a column of its own, and each code one meaning")


class AimsRule(_Entry):
    """Post-materialism from the first and the second aim."""

    rule: Literal["first_and_second_aim"]
    first: str
    second: str
    materialist: Codes
    post_materialist: Codes

    @model_validator(mode="after")
    def _one_meaning_a_code(self) -> Self:
        _refuse_repeats([self.first, self.second], [*self.materialist, *self.post_materialist])
        return self


class AutonomyRule(_Entry):
    """Autonomy from four child qualities: Σ mentioned in ``plus`` − Σ mentioned in ``minus``."""

    rule: Literal["autonomy_index"]
    plus: Names
    minus: Names
    mentioned: Code
    not_mentioned: Codes

    @model_validator(mode="after")
    def _one_meaning_a_code(self) -> Self:
        _refuse_repeats([*self.plus, *self.minus], [self.mentioned, *self.not_mentioned])
        return self


class ItemEntry(_Entry):
    """Where a value item is stored, or from what it is built."""

    column: str | list[str] = []
    codes: list[Code] | None = None
    missing: Kinds = {}
    missing_codes: Kinds | None = None
    needs_labels: bool = False
    build: Annotated[AimsRule | AutonomyRule, Field(discriminator="rule")] | None = None


class QuestionEntry(_Entry):
    """A target question; ``like`` takes over everything another codebook says of it."""

    like: str | None = None
    column: str | list[str] = []
    text: str | None = None
    scale: str | None = None
    ivs: str | None = None
    topic: str | None = None
    near: bool | None = None
    battery: str | None = None
    codes: list[Code] | None = None
    missing: Kinds | None = None


class DemographicEntry(_Entry):
    """One thing known of the respondent: a set of categories, or a number in a range."""

    column: str | list[str]
    labels: list[str] | None = None
    codes: list[Code] | None = None
    also: list[list[str]] | None = None
    unit: str | None = None
    range: tuple[Code, Code] | None = None

    @model_validator(mode="after")
    def _categories_or_a_number(self) -> Self:
        labels, codes = self.labels or [], self.codes or []
        if self.range is not None:
            if labels or codes or self.range[0] >= self.range[1]:
                raise ValueError("expected labels with codes, or a range from low to high")
        elif not 2 <= len(labels) == len(codes) == len(set(codes)) or len(self.also or labels) != len(labels):
            raise ValueError("expected a range, or two or more labels with a distinct code (and also) each")
        return self


class PersonalityEntry(_Entry):
    """One trait of a short inventory: plus − minus, on a scale of ``[scales]``."""

    plus: str
    minus: str
    scale: str


class _SurveyEntry(_Entry):
    name: Text
    title: Text
    recognise: list[str] = []
    instrument: Text | None = None


class _DesignEntry(_Entry):
    country: list[str] = []
    country_is: str | None = None
    country_codes: dict[str, Text] = {}
    country_alpha: list[str] = []
    wave: list[str] = []
    year: list[str] = []
    study: list[str] = []
    respondent: list[str] = []
    cluster: list[str] = []


class _ComponentsEntry(_Entry):
    columns: list[str] = []


class CodebookFile(_Entry):
    """A codebook as it is written."""

    survey: _SurveyEntry
    design: _DesignEntry
    weights: dict[WeightChoice, list[str]] = {}
    missing: Kinds = {}
    items: dict[str, ItemEntry] = {}
    components: _ComponentsEntry = _ComponentsEntry()
    scales: dict[str, ScaleEntry] = {}
    questions: dict[str, QuestionEntry] = {}
    demographics: dict[str, DemographicEntry] = {}
    personality: dict[str, PersonalityEntry] = {}


class InstrumentItem(ScaleEntry):
    """One item of an instrument."""

    name: Text
    text: Text
    axis: Axis | None = None
    sign: Literal[-1, 1] = 1
    composite: bool = False
    near: list[str] = []
    mean: Code | None = None
    sd: Positive | None = None
    country_sd: Positive | None = None
    map_weights: tuple[Code, Code] | None = None
    part_low_words: list[str] = []
    part_high_words: list[str] = []


class _InstrumentEntry(_Entry):
    name: str
    title: str
    minimum_share: float = Field(gt=0, le=1)
    pattern: tuple[float, float] = (0.0, 1.0)  # no expectation: correlations then weigh nothing


class _Line(_Entry):
    slope: Code
    intercept: Code


class InstrumentFile(_Entry):
    """An instrument as it is written."""

    instrument: _InstrumentEntry
    items: dict[str, InstrumentItem] = Field(min_length=1)
    map: dict[Axis, _Line] = {}


Model = TypeVar("Model", CodebookFile, InstrumentFile)


def load_toml(path: Path, model: type[Model]) -> Model:
    """Read and check a TOML file.

    Raises:
        SurveyError: one line that names the file, the entry and what was expected.
    """
    try:
        raw = read_toml(path)
    except FileNotFoundError as error:
        raise SurveyError(f"{path}: no such file") from error
    except OSError as error:
        raise SurveyError(f"{path}: {error.strerror or error}") from error
    except ValueError as error:
        raise SurveyError(f"{path}: {error}") from error
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        what = first["msg"].removeprefix("Value error, ")
        raise SurveyError(f"{path}: {where}: {what}, got {str(first['input'])[:60]!r}") from error

"""The written form of codebooks and instruments (TOML), checked field by field.

Only shapes are checked here; ``data.codebook`` and ``data.instruments`` give them their meaning.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from signatures.domain import Axis
from signatures.errors import SurveyError

__all__ = [
    "AimsRule",
    "AutonomyRule",
    "CodebookFile",
    "DemographicEntry",
    "InstrumentFile",
    "InstrumentItem",
    "ItemEntry",
    "PersonalityEntry",
    "QuestionEntry",
    "ScaleEntry",
    "load_toml",
]

Code = float
Kinds = dict[str, list[Code]]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ScaleEntry(_Entry):
    """A scale by its labels and codes, or by its two ends."""

    labels: list[str] | None = None
    codes: list[Code] | None = None
    scores: list[float] | None = None
    also: list[list[str]] | None = None
    from_: int | None = Field(default=None, alias="from")
    to: int | None = None
    low: str | None = None
    high: str | None = None
    also_low: list[str] = []
    also_high: list[str] = []


class AimsRule(_Entry):
    """Post-materialism from the first and the second aim."""

    rule: Literal["first_and_second_aim"]
    first: str
    second: str
    materialist: list[Code]
    post_materialist: list[Code]


class AutonomyRule(_Entry):
    """Autonomy from four child qualities: Σ mentioned in ``plus`` − Σ mentioned in ``minus``."""

    rule: Literal["autonomy_index"]
    plus: list[str]
    minus: list[str]
    mentioned: Code
    not_mentioned: list[Code]


class ItemEntry(_Entry):
    """Where a value item is stored, or from what it is built."""

    column: str | list[str] = []
    codes: list[Code] | None = None
    missing: Kinds = {}
    missing_codes: Kinds | None = None
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
    range: tuple[float, float] | None = None


class PersonalityEntry(_Entry):
    """One trait of a short inventory: plus − minus."""

    plus: str
    minus: str


class _SurveyEntry(_Entry):
    name: str
    title: str
    recognise: list[str] = []
    text_answers: bool = False


class _DesignEntry(_Entry):
    country: list[str] = []
    country_alpha: list[str] = []
    wave: list[str] = []
    year: list[str] = []
    respondent: list[str] = []


class _ComponentsEntry(_Entry):
    columns: list[str] = []


class CodebookFile(_Entry):
    """A codebook as it is written."""

    survey: _SurveyEntry
    design: _DesignEntry
    weights: dict[str, list[str]] = {}
    missing: Kinds = {}
    items: dict[str, ItemEntry] = {}
    components: _ComponentsEntry = _ComponentsEntry()
    scales: dict[str, ScaleEntry] = {}
    questions: dict[str, QuestionEntry] = {}
    demographics: dict[str, DemographicEntry] = {}
    personality: dict[str, PersonalityEntry] = {}


class InstrumentItem(ScaleEntry):
    """One item of an instrument."""

    text: str
    axis: Axis | None = None
    sign: Literal[-1, 1] = 1
    composite: bool = False
    mean: float | None = None
    sd: float | None = None
    country_sd: float | None = None
    map_weights: tuple[float, float] | None = None
    low_words: list[str] = []
    high_words: list[str] = []


class _InstrumentEntry(_Entry):
    name: str
    title: str
    minimum_share: float = Field(gt=0, le=1)
    pattern: tuple[float, float] = (0.0, 1.0)  # no expectation: correlations then weigh nothing


class _Line(_Entry):
    slope: float
    intercept: float


class InstrumentFile(_Entry):
    """An instrument as it is written."""

    instrument: _InstrumentEntry
    items: dict[str, InstrumentItem]
    map: dict[Axis, _Line] = {}


Model = TypeVar("Model", CodebookFile, InstrumentFile)


def load_toml(path: Path, model: type[Model]) -> Model:
    """Read and check a TOML file.

    Raises:
        SurveyError: one line that names the file, the entry and what was expected.
    """
    try:
        raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SurveyError(f"{path}: no such file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SurveyError(f"{path}: not readable as TOML ({error})") from error
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SurveyError(f"{path}: {where}: {first['msg']}, got {str(first['input'])[:60]!r}") from error

"""Published answer distributions: what a country answered, where respondents' records are not at hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from value_personas.data.codebooks.codebook import StoredQuestion, load_codebook
from value_personas.data.countries import country_alpha3, country_name
from value_personas.data.formats.readers import inspect_file, read_columns
from value_personas.signatures import Question, SurveyError

__all__ = ["PublishedDistributions", "read_distributions"]

Floats = NDArray[np.float64]

# The long format: a row for each country, question and option letter.
_COLUMNS = ("country", "qid", "opt", "pct")

# Rounding to two decimals moves the sum of ten options by at most this many percentage points.
_SUM_TOLERANCE = 0.5


@dataclass(frozen=True)
class PublishedDistributions:
    """Human answer distributions by country and question; the face of ``Survey`` without respondents.

    Attributes:
        countries: alpha-3 codes, sorted.
        questions: the codebook's target questions that the table holds on the codebook's scale.
        notes: plain sentences on what a user should know.
    """

    countries: tuple[str, ...]
    questions: tuple[Question, ...] = field(repr=False)
    notes: tuple[str, ...] = field(repr=False)
    codebook_name: str
    _cells: Mapping[tuple[str, str], Floats] = field(repr=False)

    def question(self, code: str) -> Question:
        """The question of a code.

        Raises:
            SurveyError: when the table does not hold it.
        """
        for question in self.questions:
            if question.code == code:
                return question
        raise SurveyError(f"question {code!r} is not in the table")

    def country_name(self, country: str) -> str:
        """The usual English name."""
        return country_name(country) or country

    def has_answers(self, question: Question | str, country: str) -> bool:
        """Whether the table holds the cell."""
        return (question if isinstance(question, str) else question.code, country) in self._cells

    def distribution(self, question: Question | str, country: str) -> Floats:
        """Shape (K,), summing to 1, in the order of the scale's labels.

        Raises:
            SurveyError: when the table does not hold the cell.
        """
        code = question if isinstance(question, str) else question.code
        if (code, country) not in self._cells:
            raise SurveyError(f"the table holds no answers to {code} in {country}")
        return self._cells[code, country].copy()


def read_distributions(path: str | Path, codebook: str = "wvs7") -> PublishedDistributions:
    """Read a table of published distributions.

    Args:
        path: a table (Parquet, CSV, …) with columns country, qid, opt (a letter, A = first option) and pct.
        codebook: names the questions and their scales.

    Raises:
        SurveyError: for a missing column, an unknown country or option, or shares that do not sum to 100.
    """
    header = inspect_file(path)
    absent = [name for name in _COLUMNS if name not in header.columns]
    if absent:
        raise SurveyError(f"{path}: no column {absent[0]!r}; expected {', '.join(_COLUMNS)}")
    frame = read_columns(header, _COLUMNS)
    questions = load_codebook(codebook).questions
    frame = frame[frame["qid"].isin(list(questions))]
    codes = {name: _country(name, path) for name in frame["country"].unique()}
    cells = {
        (str(code), codes[country]): _cell(group, questions[str(code)], f"{path}: {code} in {country}")
        for (code, country), group in frame.groupby(["qid", "country"], sort=True)
    }
    if not cells:
        raise SurveyError(f"{path}: holds no target question of codebook {codebook}")
    held = {code for code, _ in cells}
    return PublishedDistributions(
        countries=tuple(sorted({country for _, country in cells})),
        questions=tuple(entry.question for code, entry in questions.items() if code in held),
        notes=("Published distributions without respondents: no profiles, no weights, no noise floor.",),
        codebook_name=codebook,
        _cells=cells,
    )


def _country(name: object, path: str | Path) -> str:
    code = country_alpha3(str(name))
    if code is None:
        raise SurveyError(f"{path}: unknown country {str(name)!r}")
    return code


def _cell(group: pd.DataFrame, entry: StoredQuestion, where: str) -> Floats:
    scale = entry.question.scale
    shares = np.zeros(len(scale))
    for letter, percent in zip(group["opt"], group["pct"], strict=True):
        position = ord(str(letter)) - ord("A") if len(str(letter)) == 1 else -1
        if not 0 <= position < len(scale) or not 0 <= percent <= 100:
            raise SurveyError(
                f"{where}: option {letter!r} with {percent} % is none of the {len(scale)} on the scale"
            )
        shares[position] += percent
    if abs(shares.sum() - 100) > _SUM_TOLERANCE:
        raise SurveyError(f"{where}: the shares sum to {shares.sum():.2f} %, expected 100")
    return np.asarray(shares / shares.sum())

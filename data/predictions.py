"""Predictions made elsewhere, as tables: distributions, or single answers of simulated persons.

A long table, or the result table of a tool that is recognised by its columns (EDSL, inspect_ai, QSTN,
WorldValuesBench), becomes the answers of each method's persons to the questions of a survey.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from value_personas.data.codebooks.missing import kind_from_words, letter_position, normalise, split_number
from value_personas.data.countries import country_alpha3
from value_personas.data.formats.column_names import columns_by_role
from value_personas.data.formats.plain_text import one_line
from value_personas.data.formats.readers import inspect_file, read_columns
from value_personas.data.prediction_tools import TOOLS
from value_personas.data.survey.survey import Survey
from value_personas.signatures import Array, Question, SurveyError

_NAMES: Mapping[str, tuple[str, ...]] = {
    "method": ("method", "model", "model_name"),
    "country": ("country", "nation", "group"),
    "question": ("question_id", "qid", "code", "question", "variable"),
    "persona": ("persona", "persona_id", "participant_id", "agent", "respondent"),
    "option": ("option", "opt"),
    "share": ("share", "probability", "proportion", "predicted", "pct", "percent", "count"),
    "answer": ("answer", "score", "response", "value", "llm_response"),
    "weight": ("weight",),
}
"""What a long table holds → the columns that may hold it."""

_ROUNDING = 0.0051

_NO_ANSWER = {"dont_know": "dont_know", "refused": "refused"}
"""Kind of missing answer of a survey → reason of one of a model; any other is unparseable."""


@dataclass(frozen=True)
class GivenAnswers:
    """What one method answered to M questions of a survey.

    Attributes:
        method: its name.
        countries: P codes, one a person; a country's distribution as a whole is one person's.
        weights: shape (P,), what each stands for, of any scale.
        log_p: shape (P, M, K), natural logarithms; NaN without an answer and beyond a question's options.
        missing: (place of the person, place of the question) → why there is no answer.
        draws: single answers counted in each distribution; 0 where shares were given.
    """

    method: str
    countries: tuple[str, ...]
    weights: Array
    log_p: Array
    missing: Mapping[tuple[int, int], str]
    draws: int


def read_predictions(
    paths: Sequence[str | Path], survey: Survey, max_missing: float = 0.2
) -> tuple[tuple[GivenAnswers, ...], tuple[str, ...]]:
    """Read what was predicted of a survey.

    Args:
        paths: tables, each of one method or more. A long table has the columns country, question and either
            option with share, or answer; method (else the file's name), persona and weight where there are.
            An answer is an option's words, its score or its letter.
        survey: whose questions and countries these are; what it does not hold is left out and counted.
        max_missing: the share of answers that are none, as a refusal, above which a cell is not estimated.

    Returns:
        One entry a method, in the order of the tables, and plain sentences on what was left out.

    Raises:
        SurveyError: when a table has none of these layouts, says a method twice, holds an option that its
            question does not have, or shares that do not sum to 1.
    """
    given: dict[str, GivenAnswers] = {}
    notes: list[str] = []
    for path in map(Path, paths):
        table, told = _long(path)
        kept, left_out = _of_survey(table, survey, path)
        notes += [*told, *left_out]
        for method, rows in kept.groupby("method", sort=False):
            if str(method) in given:
                raise SurveyError(f"{path}: method {method!r} is in another of the tables too; rename one")
            given[str(method)], remarks = _method(str(method), rows, survey, path, max_missing)
            notes += remarks
    return tuple(given.values()), tuple(dict.fromkeys(notes))


def _long(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """The long table of a file, by roles: method, country, question, and option with share or answer."""
    header = inspect_file(path)
    frame = read_columns(header, header.columns)
    tool = next((one for one in TOOLS if one.fits(header.columns)), None)
    notes = [f"{path.name}: read as a result table of {tool.name}."] if tool else []
    frame = tool.as_long(frame, path) if tool else frame
    found = columns_by_role(frame.columns, _NAMES)
    shares = "option" in found and "share" in found
    if not ({"country", "question"} <= found.keys() and (shares or "answer" in found)):
        raise SurveyError(
            f"{path}: expected the columns country, question and option with share, or answer; "
            f"got {', '.join(one_line(str(name), 30) for name in frame.columns[:12])}"
        )
    table = pd.DataFrame({role: frame[name] for role, name in found.items()})
    table = table.drop(columns=["answer"] if shares else ["option", "share"], errors="ignore")
    if "method" not in table:
        table["method"] = path.stem
    table["method"] = table["method"].map(lambda name: one_line(str(name), 80).replace("/", "-").strip(". "))
    for name in ("country", "question"):
        table[name] = table[name].map(lambda value: f"{value:g}" if isinstance(value, float) else str(value))
    return table, notes


def _of_survey(table: pd.DataFrame, survey: Survey, path: Path) -> tuple[pd.DataFrame, list[str]]:
    """The rows of the survey's countries and questions, by its own codes, and what is left out."""
    names = {name: code for code, name in survey.names.items()}
    written = {
        name: name if name in survey.names else country_alpha3(name) or names.get(name, name)
        for name in table["country"].unique()
    }
    codes = {question.code.casefold(): question.code for question in survey.questions}
    codes |= {q.ivs.casefold(): q.code for q in survey.questions if q.ivs and q.ivs.casefold() not in codes}
    country = table["country"].map(written)
    question = table["question"].map(lambda code: codes.get(code.casefold()))
    notes = []
    for what, column, known in (
        ("countries", table["country"], country.isin(list(survey.names))),
        ("questions", table["question"], question.notna()),
    ):
        if absent := list(dict.fromkeys(column[~known])):
            some = ", ".join(one_line(name, 40) for name in absent[:5])
            notes.append(
                f"{path.name}: left out are {what} that the survey does not have, {len(absent)} in all: "
                f"{some}{' …' if len(absent) > 5 else ''}."
            )
    there = country.isin(list(survey.names)) & question.notna()
    if not there.any():
        raise SurveyError(
            f"{path}: none of its countries and questions is in the survey, which has "
            f"{', '.join(survey.countries[:4])} … and {', '.join(q.code for q in survey.questions[:4])} …"
        )
    return table[there].assign(country=country[there], question=question[there]), notes


def _method(
    method: str, rows: pd.DataFrame, survey: Survey, path: Path, max_missing: float
) -> tuple[GivenAnswers, list[str]]:
    """One method's answers, a person each where every person was asked everything, else a country each."""
    single = "answer" in rows
    alone = "persona" in rows and single and _asked_alike(rows)
    tally = _Tally(survey, path, method)
    person = rows["persona"].map(str) if alone else pd.Series("", index=rows.index)
    amounts = np.ones(len(rows)) if single else _amounts(rows, path, method)
    said = rows["answer" if single else "option"]
    for row in zip(rows["country"], person, rows["question"], said, amounts.tolist(), strict=True):
        tally.add(*row, single=single)
    given = tally.answers(_weights(rows, person, path, method), max_missing, alone=alone, single=single)
    if alone or not single:
        return given, []
    return given, [
        f"{method}: its persons were not all asked the same, so that a country's answers are taken together; "
        "the intervals do not tell of other persons."
    ]


def _asked_alike(rows: pd.DataFrame) -> bool:
    """Whether every person of a country has an answer, or a missing one, to every question put there."""
    grids = rows.groupby("country")
    distinct = rows.drop_duplicates(["country", "persona", "question"]).groupby("country").size()
    return bool((distinct == grids["persona"].nunique() * grids["question"].nunique()).all())


def _amounts(rows: pd.DataFrame, path: Path, method: str) -> Array:
    amounts = pd.to_numeric(rows["share"], errors="coerce").to_numpy(np.float64)
    if not (amounts >= 0).all():
        bad = rows.iloc[int(np.argmin(amounts >= 0))]
        cell = f"{method}, {bad['country']}, {bad['question']}"
        raise SurveyError(
            f"{path}: {cell}: share {one_line(str(bad['share']), 40)!r} is no number of 0 or more"
        )
    return np.asarray(amounts)


def _weights(
    rows: pd.DataFrame, person: "pd.Series[str]", path: Path, method: str
) -> Mapping[tuple[str, str], float]:
    if "weight" not in rows:
        return {}
    weights = pd.to_numeric(rows["weight"], errors="coerce").to_numpy(np.float64)
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise SurveyError(f"{path}: a weight of {method} is no number of 0 or more")
    return dict(zip(zip(rows["country"], person, strict=True), weights.tolist(), strict=True))


class _Tally:
    """Counts of one method, by (country, person), question and option."""

    def __init__(self, survey: Survey, path: Path, method: str) -> None:
        self._questions = {question.code: m for m, question in enumerate(survey.questions)}
        self._survey, self._path, self._method = survey, path, method
        self._k = max(len(question.scale) for question in survey.questions)
        self._counts: dict[tuple[str, str], Array] = {}
        self._missing: Counter[tuple[tuple[str, str], int, str]] = Counter()
        self._read: dict[tuple[int, str], int | None] = {}

    def add(self, country: str, person: str, code: str, said: object, amount: float, *, single: bool) -> None:
        """One row."""
        m, text = self._questions[code], str(said).strip()
        if (m, text) not in self._read:
            self._read[m, text] = _position(text, self._survey.questions[m])
        position, key = self._read[m, text], (country, person)
        if key not in self._counts:
            self._counts[key] = np.zeros((len(self._questions), self._k))
        if position is not None:
            self._counts[key][m, position] += amount
            return
        kind = kind_from_words(text)
        if not single and kind is None:
            raise SurveyError(f"{self._path}: {one_line(text, 40)!r} is no option of {code}")
        if single:  # a share of "don't know" is of nobody in particular
            self._missing[key, m, _NO_ANSWER.get(kind or "", "unparseable")] += 1

    def answers(
        self, weights: Mapping[tuple[str, str], float], max_missing: float, *, alone: bool, single: bool
    ) -> GivenAnswers:
        """All of them; a country without any is one person who was asked nothing."""
        countries = self._survey.countries
        there = {country for country, _ in self._counts}
        nothing = np.zeros((len(self._questions), self._k))
        self._counts |= {(country, ""): nothing for country in countries if country not in there}
        people = sorted(self._counts, key=lambda key: countries.index(key[0]))
        total = np.stack([self._counts[key] for key in people])
        counted = total.sum(axis=2)
        if not single:
            _check_sums(counted, people, list(self._questions), f"{self._path}: {self._method}")
        missing, lost = {}, np.zeros(counted.shape)
        place = {key: i for i, key in enumerate(people)}
        for (key, m, reason), n in self._missing.items():
            lost[place[key], m] += n
            missing[place[key], m] = reason
        if not alone and single:  # of persons who stand alone, whoever averages counts the missing
            total[lost > max_missing * (lost + counted)] = 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            log_p = np.log(total / total.sum(axis=2, keepdims=True))
        for m, question in enumerate(self._survey.questions):
            log_p[:, m, len(question.scale) :] = np.nan
        return GivenAnswers(
            self._method,
            tuple(country for country, _ in people),
            np.array([weights.get(key, 1.0) for key in people]),
            log_p,
            {cell: why for cell, why in missing.items() if np.isnan(log_p[cell][0])},
            int(counted[counted > 0].min(initial=1)) if alone else 0,
        )


def _check_sums(
    total: Array, people: Sequence[tuple[str, str]], questions: Sequence[str], where: str
) -> None:
    """Shares of 1 or of 100 throughout, within rounding; counts cannot be told from them and pass."""
    known = total[total > 0]
    if len(known) and np.median(np.abs(known - 1)) < 0.5:
        whole = 1.0
    elif len(known) and np.median(np.abs(known - 100)) < 20:
        whole = 100.0
    else:
        return
    off = np.where(total > 0, np.abs(total / whole - 1), 0.0)
    if off.max() > 10 * _ROUNDING:
        person, m = divmod(int(off.argmax()), off.shape[1])
        cell = ", ".join(filter(None, (*people[person], questions[m])))
        raise SurveyError(f"{where}, {cell}: shares sum to {total[person, m]:.4g}, expected 1 (or 100 %)")


def _position(text: str, question: Question) -> int | None:
    """Where an answer stands on a scale: by its words, its score, or its letter."""
    labels = {normalise(label): place for place, label in enumerate(question.scale.labels)}
    numbered = split_number(text)  # "1: Very important"
    for words in (text, numbered[1] if numbered else text):
        if (found := labels.get(normalise(words))) is not None:
            return found
    try:
        score = numbered[0] if numbered else float(text)
    except ValueError:
        letter = letter_position(text.strip("().: "))
        return letter if 0 <= letter < len(question.scale) else None
    return question.scale.scores.index(score) if score in question.scale.scores else None

"""Small invented files in the structure of surveys that no codebook knows."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat

AGREE = {
    1.0: "Strongly agree",
    2.0: "Agree",
    3.0: "Neither agree nor disagree",
    4.0: "Disagree",
    5.0: "Strongly disagree",
}
Labels = dict[str, dict[float | int, str]]


def _answers(
    rng: np.random.Generator, rows: int, codes: list[float]
) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return rng.choice(codes, rows)


def issp(path: Path, rows: int = 240) -> Path:
    """ISSP: own missing codes beside the answers, none declared; nominal and 0–10 questions; WEIGHT."""
    rng = np.random.default_rng(1)
    table = pd.DataFrame({
        "V3": np.repeat([36.0, 276.0, 392.0], rows // 3),
        "V5": _answers(rng, rows, [1, 2, 3, 4, 5, 8, 9]),
        "V6": _answers(rng, rows, [0, 1, 2, 5, 9, 10, 98, 99]),
        "V7": _answers(rng, rows, [1, 2, 3, 8]),
        "V8": _answers(rng, rows, [0, 1, 2]),
        "SEX": _answers(rng, rows, [1, 2]),
        "AGE": rng.integers(18, 90, rows).astype(float),
        "DEGREE": _answers(rng, rows, [0, 1, 2, 3]),
        "WEIGHT": rng.uniform(0.3, 2.0, rows),
    })  # fmt: skip
    labels: Labels = {
        "V3": {36.0: "AU-Australia", 276.0: "DE-Germany", 392.0: "JP-Japan"},
        "V5": {**AGREE, 8.0: "Can't choose", 9.0: "No answer"},
        "V6": {0.0: "Extremely unfair", 10.0: "Extremely fair", 98.0: "Can't choose", 99.0: "NA"},
        "V7": {1.0: "Farmer", 2.0: "Teacher", 3.0: "Plumber", 8.0: "Don't know"},
        "V8": {0.0: "NAP, never had a job", 1.0: "Yes", 2.0: "No"},
        "SEX": {1.0: "Male", 2.0: "Female"},
        "DEGREE": {0.0: "None", 1.0: "Primary", 2.0: "Secondary", 3.0: "University"},
    }
    names: dict[str, str | None] = {
        "V3": "Country",
        "V5": "Governments should cut spending",
        "V6": "How fair is the country",
        "V7": "Occupation of father",
        "AGE": "Age of respondent",
        "WEIGHT": "Weighting factor",
    }
    pyreadstat.write_sav(table, str(path), variable_value_labels=labels, column_labels=names)
    return path


def afrobarometer(path: Path, rows: int = 240) -> Path:
    """Afrobarometer: countries numbered its own way, missing codes 8, 9, 98 and -1, two weights."""
    rng = np.random.default_rng(2)
    table = pd.DataFrame({
        "RESPNO": np.arange(1.0, rows + 1),
        "COUNTRY": np.repeat([4.0, 8.0, 12.0], rows // 3),
        "URBRUR": _answers(rng, rows, [1, 2]),
        "REGION": _answers(rng, rows, [100, 101, 102]),
        "Q1": rng.integers(18, 80, rows).astype(float),
        "Q30": _answers(rng, rows, [1, 2, 3, 9, -1]),
        "Q41": _answers(rng, rows, [0, 1, 2, 3, 8, 9]),
        "Q88B": _answers(rng, rows, [100, 101, 102, 103]),
        "Withinwt": rng.uniform(0.3, 2.0, rows),
        "Combinwt": rng.uniform(0.3, 2.0, rows),
    })  # fmt: skip
    labels: Labels = {
        "COUNTRY": {4.0: "Ghana", 8.0: "Malawi", 12.0: "Nigeria"},
        "URBRUR": {1.0: "Urban", 2.0: "Rural"},
        "Q30": {
            1.0: "Doesn't matter",
            2.0: "Sometimes non-democratic preferable",
            3.0: "Democracy always preferable",
            9.0: "Don't know",
            -1.0: "Missing",
        },
        "Q41": {
            0.0: "Not at all",
            1.0: "Just a little",
            2.0: "Somewhat",
            3.0: "A lot",
            8.0: "Refused",
            9.0: "Don't know/Haven't heard",
        },
        "Q88B": {100.0: "Party one", 101.0: "Party two", 102.0: "Party three", 103.0: "Party four"},
    }
    names: dict[str, str | None] = {
        "Q1": "Q1. Age",
        "Q30": "Q30. Support for democracy",
        "Q41": "Q41. Trust police",
        "Q88B": "Which party feel close to",
    }
    pyreadstat.write_sav(table, str(path), variable_value_labels=labels, column_labels=names)
    return path


def lapop(path: Path, rows: int = 240) -> Path:
    """LAPOP: Stata, Spanish labels, large missing codes, wt and weight1500."""
    rng = np.random.default_rng(3)
    table = pd.DataFrame({
        "pais": np.repeat([1, 2, 15], rows // 3),
        "year": np.full(rows, 2018),
        "wt": np.ones(rows),
        "weight1500": np.repeat([0.9, 1.0, 1.1], rows // 3),
        "q1": _answers(rng, rows, [1, 2]).astype(int),
        "q2": rng.integers(16, 85, rows),
        "b13": _answers(rng, rows, [1, 2, 3, 4, 5, 6, 7, 888888, 988888]).astype(int),
        "ing4": _answers(rng, rows, [1, 2, 3, 4, 888888]).astype(int),
        "estratopri": _answers(rng, rows, [101, 102]).astype(int),
    })  # fmt: skip
    labels: Labels = {
        "pais": {1: "México", 2: "Guatemala", 15: "Brasil"},
        "q1": {1: "Hombre", 2: "Mujer"},
        "b13": {1: "Nada", 7: "Mucho", 888888: "No sabe", 988888: "No responde"},
        "ing4": {
            1: "Muy en desacuerdo",
            2: "En desacuerdo",
            3: "De acuerdo",
            4: "Muy de acuerdo",
            888888: "No sabe",
        },
    }
    names: dict[str, str | None] = {
        "pais": "País",
        "q1": "Sexo",
        "q2": "Edad",
        "b13": "Confianza en el Congreso",
        "wt": "Peso",
    }
    columns = [names.get(str(name)) or "" for name in table]
    pyreadstat.write_dta(
        table, str(path), variable_value_labels=labels, column_labels=list[str | None](columns)
    )
    return path


def gss(path: Path, rows: int = 240) -> Path:
    """GSS: one country and no column for it, years in one file, missing answers as empty cells."""
    rng = np.random.default_rng(4)
    table = pd.DataFrame({
        "year": np.repeat([2016.0, 2021.0], rows // 2),
        "id": np.arange(1.0, rows + 1),
        "wtssps": rng.uniform(0.3, 2.0, rows),
        "age": rng.integers(18, 90, rows).astype(float),
        "sex": _answers(rng, rows, [1, 2]),
        "partyid": _answers(rng, rows, [0, 1, 2, 3]),
        "happy": _answers(rng, rows, [1, 2, 3, np.nan]),
        "natspac": _answers(rng, rows, [1, 2, 3, np.nan]),
    })  # fmt: skip
    labels: Labels = {
        "sex": {1.0: "male", 2.0: "female"},
        "partyid": {0.0: "strong democrat", 1.0: "independent", 2.0: "strong republican", 3.0: "other party"},
        "happy": {1.0: "very happy", 2.0: "pretty happy", 3.0: "not too happy"},
        "natspac": {1.0: "too little", 2.0: "about right", 3.0: "too much"},
    }
    names: dict[str, str | None] = {
        "happy": "General happiness",
        "natspac": "Space exploration program",
        "wtssps": "Weight variable",
    }
    pyreadstat.write_sav(table, str(path), variable_value_labels=labels, column_labels=names)
    return path


UNKNOWN: dict[str, tuple[Callable[[Path], Path], str]] = {
    "issp": (issp, "issp.sav"),
    "afrobarometer": (afrobarometer, "afro.sav"),
    "lapop": (lapop, "lapop.dta"),
    "gss": (gss, "gss.sav"),
}

"""Small invented surveys in WVS-7 columns, written in whatever format a test needs."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat

from value_personas.data import draft_codebook, draft_instrument

ITEM_COLUMNS = {
    "Q46": 4,
    "Q57": 2,
    "Q45": 3,
    "Q209": 3,
    "Q164": 10,
    "Q182": 10,
    "Q184": 10,
    "Q254": 4,
    "Q154": 4,
    "Q155": 4,
}
CHILD_QUALITIES = ("Q8", "Q14", "Q15", "Q17")
QUESTION_COLUMNS = {"Q1": 4, "Q29": 4, "Q49": 10, "Q130": 4, "Q177": 10, "Q243": 10}

LABELS: dict[str, dict[float, str]] = {
    "B_COUNTRY": {276.0: "Germany", 404.0: "Kenya", 900.0: "Nordhavia"},
    "Q46": {
        1.0: "Very happy",
        2.0: "Rather happy",
        3.0: "Not very happy",
        4.0: "Not at all happy",
        -1.0: "Don't know",
    },
    "Q57": {1.0: "Most people can be trusted", 2.0: "Need to be very careful"},
    "Q45": {1.0: "Good", 2.0: "Don't mind", 3.0: "Bad"},
    "Q209": {1.0: "Have done", 2.0: "Might do", 3.0: "Would never do"},
    "Q164": {1.0: "Not at all important", 10.0: "Very important"},
    "Q182": {1.0: "Never justifiable", 10.0: "Always justifiable"},
    "Q184": {1.0: "Never justifiable", 10.0: "Always justifiable"},
    "Q254": {1.0: "Very proud", 2.0: "Quite proud", 3.0: "Not very proud", 4.0: "Not at all proud"},
    "Q29": {
        1.0: "Strongly agree",
        2.0: "Agree",
        3.0: "Disagree",
        4.0: "Strongly disagree",
        -1.0: "Don't know",
    },
}


def frame(rows: int = 300, seed: int = 0, countries: tuple[int, ...] = (276, 404)) -> pd.DataFrame:
    """Answers that hang together through one latent value, with some missing ones."""
    rng = np.random.default_rng(seed)
    value = rng.normal(size=rows)
    columns: dict[str, Any] = {
        "B_COUNTRY": rng.choice(countries, rows).astype(float),
        "W_WEIGHT": rng.uniform(0.3, 3.0, rows).round(3),
        "A_YEAR": np.full(rows, 2018.0),
        "Q260": rng.integers(1, 3, rows).astype(float),
        "Q262": rng.integers(18, 90, rows).astype(float),
    }
    for name, options in {**ITEM_COLUMNS, **QUESTION_COLUMNS}.items():
        rank = (value + rng.normal(size=rows)).argsort().argsort() / rows
        columns[name] = np.floor(rank * options) + 1.0
    for name in CHILD_QUALITIES:
        columns[name] = np.where(rng.random(rows) < 0.5, 1.0, 2.0)
    table = pd.DataFrame(columns)
    for name, code in (("Q29", -1.0), ("Q46", -1.0), ("Q130", -2.0), ("Q182", -3.0)):
        table.loc[rng.random(rows) < 0.05, name] = code
    return table


def write_sav(
    table: pd.DataFrame, path: Path, labels: dict[str, dict[float, str]] | None = None, **options: Any
) -> Path:
    """Write a table as .sav with the value labels of its columns."""
    known = LABELS if labels is None else labels
    pyreadstat.write_sav(
        table, str(path), variable_value_labels={k: v for k, v in known.items() if k in table}, **options
    )
    return path


def weighted_shares(
    table: pd.DataFrame, column: str, country: float, codes: list[float]
) -> "np.ndarray[Any, Any]":
    """The distribution by plain pandas, as a reference."""
    part = table[(table["B_COUNTRY"] == country) & table[column].isin(codes) & (table["W_WEIGHT"] > 0)]
    sums = part.groupby(column)["W_WEIGHT"].sum().reindex(codes, fill_value=0.0)
    return (sums / sums.sum()).to_numpy()


def write_without_items(path: Path, rows: int = 240) -> Path:
    """People of three countries, none of whom was asked a known value item: their trust, joy, sex and age.

    Four further questions may serve as items of an instrument of one's own.
    """
    rng = np.random.default_rng(1)
    words = {1.0: "Very", 2.0: "Rather", 3.0: "Not very", 4.0: "Not at all"}
    asked = ("trust", "happy", "law", "god", "work", "family")
    table = pd.DataFrame({name: rng.integers(1, 5, rows).astype(float) for name in asked})
    table["country"] = np.repeat([276.0, 392.0, 152.0], rows // 3)
    table["sex"] = rng.integers(1, 3, rows).astype(float)
    table["age"] = rng.integers(18, 90, rows).astype(float)
    pyreadstat.write_sav(table, path, variable_value_labels=dict.fromkeys(asked, words))
    return path


def draft_of(path: Path, items: tuple[str, ...] = ()) -> Path:
    """A codebook for it beside it, with sex and age, and where items are named an instrument of them."""
    text = draft_codebook(path)
    if items:
        text, instrument = draft_instrument(text, items, "instrument.toml")
        path.with_name("instrument.toml").write_text(instrument, encoding="utf-8")
    if "[demographics]" not in text:
        text += '[demographics]\nsex = { column = "sex", labels = ["male", "female"], codes = [1, 2] }\n'
        text += 'age = { column = "age", unit = "years", range = [16, 100] }\n'
    codebook = path.with_name("codebook.toml")
    codebook.write_text(text, encoding="utf-8")
    return codebook

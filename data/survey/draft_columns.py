"""What a column of an unknown survey file seems to be: design, a demographic, a question, or none of them."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from value_personas.data.codebooks.missing import kind_from_words, normalise
from value_personas.data.countries import country_alpha3
from value_personas.data.formats import Header
from value_personas.data.formats.plain_text import one_line
from value_personas.data.survey.country_column import country_of_label

Role = Literal[
    "country", "country_alpha", "within-country", "equal-country", "population", "wave", "year", "study",
    "respondent", "cluster", "demographic", "background", "ordered", "nominal", "to fill in", "left out",
]  # fmt: skip

_WEIGHTS: tuple[Role, ...] = ("population", "equal-country", "within-country")
_FIELDWORK: tuple[Role, ...] = ("wave", "year", "study", "respondent", "cluster")
_WORD = r"[^\W\d_]+(?:'[^\W\d_]+)?"

_NUMBER = re.compile(r"^\s*[A-Za-z]{0,3}\d+\w{0,2}[.:)]\s+")  # "Q1. Age"

MOST_OPTIONS = 12
_MOST_CATEGORIES = 40
_MOST_WORDS = 12
_HIGHEST = 100  # code of an answer that bears no label
_FEWEST_POINTS = 3  # 1 and 5 alone are yes and no
_MANY_A_POINT = 10
_LONGEST_ANSWER = 80


@dataclass(frozen=True)
class DraftColumn:
    """What one column seems to be.

    Attributes:
        role: of it; ``demographic`` with its name, ``background`` for what is neither asked nor known of.
        options: code (or text) → label of its answers.
        missing: kind → codes.
        labelled: whether the file labels the answers.
    """

    role: Role
    name: str = ""
    options: Mapping[float | str, str] = field(default_factory=dict)
    missing: Mapping[str, list[float]] = field(default_factory=dict)
    labelled: bool = True

    @property
    def is_worded(self) -> bool:
        """Whether answers are stored as words, not as codes."""
        return any(isinstance(option, str) for option in self.options)


@cache
def _words() -> dict[str, dict[str, Any]]:
    with (Path(__file__).parent / "draft_words.toml").open("rb") as stream:
        return tomllib.load(stream)


def _named(plain: str, role: str) -> bool:
    return any(re.fullmatch(pattern, plain) for pattern in _words()["names"][role])


def _labelled(label: str, role: str) -> bool:
    return bool(re.fullmatch(_words()["labels"][role], label))


def recognise_column(header: Header, name: str, values: "pd.Series[Any]") -> DraftColumn:
    """Say what a column seems to be.

    Args:
        header: of the file.
        name: of the column.
        values: as stored.
    """
    plain = normalise(name).removeprefix("f_")  # Pew marks so what it knows of its panel
    label = normalise(_NUMBER.sub("", header.labels.get(name, "")))
    options, missing, labelled = _answers(header, name, values)
    country = _as_country(plain, label, header.value_labels.get(name, {}), values)
    if country:
        return DraftColumn(country)
    if pd.api.types.is_numeric_dtype(values) and _is_weight(plain, label, values, labelled):
        return DraftColumn(_weight_role(plain, label))
    for role in _FIELDWORK:
        if _named(plain, role):
            return DraftColumn(role)
    demographic = _as_demographic(plain, label, values, options, missing, labelled)
    if demographic:
        return demographic
    if _named(plain, "background") or _labelled(label, "background"):
        return DraftColumn("background")
    if not 2 <= len(options) <= MOST_OPTIONS:
        return DraftColumn("left out")
    if not labelled:
        return DraftColumn("to fill in", options=options, missing=missing, labelled=False)
    return DraftColumn(_order(label, options), options=options, missing=missing)


Answers = tuple[dict[float | str, str], dict[str, list[float]], bool]


def _answers(header: Header, name: str, values: "pd.Series[Any]") -> Answers:
    """The answers with their labels, the missing codes, and whether the file labels the answers."""
    labels, missing = _labels(header, name)
    known = {code for codes in missing.values() for code in codes}
    numbers = pd.to_numeric(values, errors="coerce")
    texts = [text for text in values.dropna().unique() if isinstance(text, str) and len(text.strip()) > 1]
    if texts and numbers.notna().sum() == 0:
        return _worded(*_levels(texts, values))
    present = {float(code) for code in numbers.dropna().unique() if float(code).is_integer()} - known
    if labels:
        low, high = min(labels), max(labels)
        between = {code for code in present if low < code < high} - set(labels)
        if between:  # some points are numbered only, and nobody need have chosen each
            between = _without_gaps({*between, *labels}, len(numbers.dropna())) - set(labels) - known
        return dict(sorted({**{code: f"{code:g}" for code in between}, **labels}.items())), missing, True
    whole = bool((numbers.dropna() % 1 == 0).all()) and len(numbers.dropna()) > 0
    codes = {code for code in present if code >= 0} if whole else set()
    if max(codes, default=0) > _HIGHEST:  # dates, seconds, sums of money
        codes = set()
    codes = _without_gaps(codes, len(numbers.dropna())) - known
    return {code: f"{code:g}" for code in sorted(codes)}, missing, False


def _without_gaps(codes: set[float], answers: int) -> set[float]:
    """The whole numbers from the lowest to the highest code, where chance can have left some out.

    A point that nobody chose is one all the same. Where many answered and half of the points are not there,
    the card does not have them, as with 1, 3, 5, 8, 10.

    Args:
        codes: that occur or bear a label.
        answers: how many there are.
    """
    if len(codes) < _FEWEST_POINTS or max(codes) - min(codes) >= MOST_OPTIONS:
        return codes
    points = {float(code) for code in range(int(min(codes)), int(max(codes)) + 1)} | codes
    chance = answers < _MANY_A_POINT * len(points) or len(codes) > 0.5 * len(points)
    return points if chance else codes


def _labels(header: Header, name: str) -> tuple[dict[float, str], dict[str, list[float]]]:
    labels: dict[float, str] = {}
    missing: dict[str, list[float]] = {}
    for value, text in header.value_labels.get(name, {}).items():
        if isinstance(value, str) or not np.isfinite(value):
            continue
        kind = kind_from_words(text) or ("declared_missing" if _declared(header, name, value) else None)
        if kind:
            missing.setdefault(kind, []).append(float(value))
        else:
            labels[float(value)] = one_line(text, _LONGEST_ANSWER)
    return labels, missing


def _declared(header: Header, name: str, value: float) -> bool:
    return any(
        low <= value <= high
        for low, high in header.missing.get(name, ())
        if not isinstance(low, str) and not isinstance(high, str)
    )


def _levels(texts: list[str], values: "pd.Series[Any]") -> tuple[list[str], bool]:
    """Answers in the order of the file's levels, and whether somebody set it: R's own is the alphabet's."""
    if not isinstance(values.dtype, pd.CategoricalDtype):
        return texts, False
    levels = [level for level in values.cat.categories if level in texts]
    return levels, bool(values.cat.ordered) or levels != sorted(levels, key=str.casefold)


def _worded(texts: list[str], in_order: bool) -> Answers:
    answers = [text for text in texts if not kind_from_words(text)]
    if len(answers) > _MOST_WORDS or any(len(text) > _LONGEST_ANSWER for text in answers):
        return {}, {}, False
    return {text: one_line(text, _LONGEST_ANSWER) for text in answers}, {}, in_order


def _as_country(
    plain: str, label: str, labels: Mapping[float | str, str], values: "pd.Series[Any]"
) -> Role | None:
    named = _named(plain, "country") or _labelled(label, "country")
    distinct = values.dropna().unique()
    if not named or not 1 <= len(distinct) <= 300:
        return None
    texts = [text for text in distinct if isinstance(text, str)]
    if texts:
        known = sum(country_alpha3(text) is not None for text in texts)
        return "country_alpha" if known >= 0.5 * len(texts) else None
    told = [labels.get(value, "") for value in distinct]
    known = sum(
        country_of_label(text) is not None if text else country_alpha3(value) is not None
        for text, value in zip(told, distinct, strict=True)
    )
    return "country" if known >= 0.5 * len(distinct) or _named(plain, "country") else None


def _is_weight(plain: str, label: str, values: "pd.Series[Any]", labelled: bool) -> bool:
    numbers = values.dropna()
    if (
        not len(numbers)
        or (numbers < 0).all()
        or (labelled and (numbers % 1 == 0).all() and numbers.max() > 1)
    ):
        return False
    named = any(_named(plain, role) for role in _WEIGHTS)
    return named or (_labelled(label, "weight") and not bool((numbers % 1 == 0).all()))


def _weight_role(plain: str, label: str) -> Role:
    for role in _WEIGHTS:
        if _named(plain, role):
            return role
    if re.search(r"popul|poblaci", label):
        return "population"
    return "equal-country" if re.search(r"equilibrat|\b1[05]00\b", label) else "within-country"


def _as_demographic(  # what is known of one column
    plain: str,
    label: str,
    values: "pd.Series[Any]",
    options: Mapping[float | str, str],
    missing: Mapping[str, list[float]],
    labelled: bool,
) -> DraftColumn | None:
    for name, (names, labels) in _words()["demographics"].items():
        if not (re.fullmatch(names, plain) or re.fullmatch(labels, label)):
            continue
        if name == "age":
            numbers = pd.to_numeric(values, errors="coerce")
            if int(numbers.between(14, 110).sum()) > 0.5 * len(numbers) and numbers.nunique() > 12:
                return DraftColumn("demographic", name)
            return DraftColumn("background")  # ages in bands
        if name == "sex":
            return _sex(options, missing, labelled)
        if labelled and 2 <= len(options) <= _MOST_CATEGORIES:
            return DraftColumn("demographic", name, options, missing)
        return DraftColumn("background")
    return None


def _sex(
    options: Mapping[float | str, str], missing: Mapping[str, list[float]], labelled: bool
) -> DraftColumn:
    found: dict[float | str, str] = {}
    for code, text in options.items():
        word = normalise(text)
        sex = next((sex for sex in ("man", "woman") if word in _words()["words"][sex]), "")
        if sex and sex not in found.values():
            found[code] = sex
    if len(found) == 2:
        return DraftColumn("demographic", "sex", found, missing)
    if not labelled and set(options) == {1.0, 2.0}:
        return DraftColumn("demographic", "sex", {1.0: "man", 2.0: "woman"}, missing, labelled=False)
    return DraftColumn("background")


def _order(label: str, options: Mapping[float | str, str]) -> Role:
    """Whether the answers lie on a scale: two of them, numbers, or words of degree."""
    if _labelled(label, "nominal") and len(options) > 2:
        return "nominal"
    texts = [normalise(text) for text in options.values()]
    degrees = set(_words()["words"]["degree"].split())
    graded = sum(bool(degrees & set(re.findall(_WORD, text))) for text in texts)
    numbers = sum(bool(re.fullmatch(r"-?\d+([.,]\d+)?", text)) for text in texts)
    return "ordered" if len(texts) == 2 or graded + numbers >= 0.5 * len(texts) else "nominal"

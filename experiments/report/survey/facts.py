"""Everything the page shows, as plain frozen values that also make the JSON object."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np
import orjson
import pandas as pd

from value_personas.data import (
    Instrument,
    ProfileTable,
    Survey,
    check_directions,
    cultural_map,
    instrument_names,
    load_instrument,
    published_map,
    value_profiles,
)
from value_personas.signatures import Question, Scale, SurveyError, ValueItem

VERDICTS = {
    "agrees": ("agrees", "green"),
    "leans_with": ("likely agrees", "green"),
    "unchecked": ("unknown", "yellow"),
    "leans_against": ("doubtful", "yellow"),
    "contradicts": ("REVERSED?", "bold red"),
}
"""Verdict on an item's direction → its words, and their colour on a terminal."""

MISSING_WORDS = {
    "dont_know": "don't know",
    "no_answer": "no answer",
    "refused": "refused",
    "not_applicable": "not applicable",
}
"""Kind of missing answer → its words, where they are not its name."""


@dataclass(frozen=True)
class CountryFacts:
    """One country of the survey."""

    code: str
    name: str
    respondents: int
    effective_size: float
    design_effect: float
    waves: tuple[str, ...]


@dataclass(frozen=True)
class ItemFacts:
    """One value item: where it is, on which scale, which way round, and how often it is missing."""

    code: str
    name: str
    text: str
    column: str
    scale: tuple[float, ...]
    file_labels: str
    direction: str
    basis: str
    evidence: str
    odds_reversed: float | None
    settled: str
    missing: dict[str, float]


@dataclass(frozen=True)
class QuestionFacts:
    """One target question, with its marginal in every country that answered it.

    ``file_labels``: what the file's own labels say of the codebook's codes; ``unverified``: nothing in the
    file tells which way round it is stored.
    """

    code: str
    text: str
    topic: str
    near: bool
    labels: tuple[str, ...]
    scores: tuple[float, ...]
    file_labels: str
    unverified: bool
    missing: dict[str, float]
    distributions: dict[str, tuple[float, ...]]


@dataclass(frozen=True)
class MapPoint:
    """A country on the cultural map, and its published place where there is one."""

    country: str
    survival_self_expression: float
    traditional_secular: float
    published: tuple[float, float] | None


@dataclass(frozen=True)
class SurveyFacts:
    """The page."""

    files: tuple[dict[str, object], ...]
    codebook: str
    title: str
    synthetic: bool
    weighting: str
    countries: tuple[CountryFacts, ...]
    instrument: str
    instrument_name: str
    items: tuple[ItemFacts, ...]
    items_missing: tuple[str, ...]
    profiles: dict[str, int]
    cultural_map: tuple[MapPoint, ...]
    questions: tuple[QuestionFacts, ...]
    notes: tuple[str, ...]
    stopped_by: str

    def to_json(self) -> str:
        """One JSON object; undefined figures are null."""
        return orjson.dumps(asdict(self)).decode()


def gather_facts(survey: Survey, instrument: str | None = None) -> SurveyFacts:
    """Gather what the page shows.

    Args:
        survey: what was read.
        instrument: the instrument to look for, its name or TOML file; that which the codebook names, else the
            one with most items in the survey, when None.
    """
    wanted = instrument or survey.codebook.instrument or _fullest(survey)
    measured = load_instrument(wanted)
    profiles, stopped_by = _profiles(survey, measured, wanted)
    points, off_map = _map(profiles, measured)
    return SurveyFacts(
        files=tuple(
            {"path": source.path, "sha256": source.sha256, "rows": source.rows, "columns": source.columns}
            for source in survey.sources
        ),
        codebook=survey.codebook_name,
        title=survey.title,
        synthetic=survey.is_synthetic,
        weighting=survey.weighting,
        countries=tuple(_country(survey, code) for code in survey.countries),
        instrument=measured.title,
        instrument_name=wanted,
        items=_items(survey, measured),
        items_missing=tuple(item.code for item in measured.items if item.code not in survey.item_columns),
        profiles=_profile_counts(profiles),
        cultural_map=points,
        questions=tuple(_question(survey, question) for question in survey.questions),
        notes=(*survey.notes, *(profiles.notes if profiles else ()), *off_map),
        stopped_by=stopped_by,
    )


def _fullest(survey: Survey) -> str:
    def held(name: str) -> int:
        return sum(item.code in survey.item_columns for item in load_instrument(name).items)

    return max(instrument_names(), key=held)


def _profiles(survey: Survey, instrument: Instrument, name: str) -> tuple[ProfileTable | None, str]:
    """The profiles, or None and the contradiction that stops them: the page is shown all the same."""
    if not any(item.code in survey.item_columns for item in instrument.items):
        return None, ""  # a survey of other things; the page says that all items are absent
    try:
        return value_profiles(survey, name), ""
    except SurveyError as error:
        return None, str(error)


def _profile_counts(profiles: ProfileTable | None) -> dict[str, int]:
    if profiles is None:
        return {}
    return {
        "complete": profiles.missing_counts.get(0, 0),
        "usable": len(profiles.frame),
        "too_few_items": profiles.dropped,
    }


def _map(profiles: ProfileTable | None, instrument: Instrument) -> tuple[tuple[MapPoint, ...], list[str]]:
    """The countries on the map, and a sentence on those that were not asked all its items."""
    if profiles is None or profiles.absent or not instrument.map_lines:
        return (), []
    lacking = {country: _unanswered(profiles, country) for country in profiles.countries}
    left_out = [f"{country} ({', '.join(codes)})" for country, codes in lacking.items() if codes]
    notes = [f"Not on the cultural map, for want of answers: {', '.join(left_out)}."] if left_out else []
    complete = [country for country, codes in lacking.items() if not codes]
    return _points(cultural_map(profiles, complete)) if complete else (), notes


def _unanswered(profiles: ProfileTable, country: str) -> list[str]:
    frame, _ = profiles.of(country)
    return [str(code) for code in frame.columns[frame.isna().all()]]


def _points(table: pd.DataFrame) -> tuple[MapPoint, ...]:
    known = published_map()
    return tuple(
        MapPoint(
            str(country),
            float(x),
            float(y),
            (known[country].survival_self_expression, known[country].traditional_secular)
            if country in known
            else None,
        )
        for country, x, y in table.itertuples(index=False)
    )


def _country(survey: Survey, code: str) -> CountryFacts:
    return CountryFacts(
        code,
        survey.country_name(code),
        survey.respondents(code),
        survey.effective_size(code),
        survey.design_effect(code),
        survey.waves.get(code, ()),
    )


def _items(survey: Survey, instrument: Instrument) -> tuple[ItemFacts, ...]:
    return tuple(
        ItemFacts(
            code=check.item,
            name=instrument.names[check.item],
            text=survey.item_columns[check.item].item.text,
            column=check.column,
            scale=_ascending(survey.item_columns[check.item].item.scale),
            file_labels=survey.label_verdicts.get(check.item, "silent"),
            direction=check.verdict,
            basis=check.basis,
            evidence=check.evidence,
            odds_reversed=check.odds_reversed,
            settled=check.settled,
            missing=_missing(survey, survey.item_columns[check.item].item),
        )
        for check in check_directions(survey, instrument)
    )


def _ascending(scale: Scale) -> tuple[float, ...]:
    return tuple(sorted(scale.scores))


def _question(survey: Survey, question: Question) -> QuestionFacts:
    return QuestionFacts(
        question.code,
        question.text,
        question.topic,
        question.near,
        question.scale.labels,
        question.scale.scores,
        survey.label_verdicts.get(question.code, "silent"),
        question.code in survey.unverified,
        _missing(survey, question),
        {
            country: tuple(float(share) for share in survey.distribution(question, country))
            for country in survey.countries
            if survey.has_answers(question, country)
        },
    )


def _missing(survey: Survey, variable: Question | ValueItem) -> dict[str, float]:
    """Share of the respondents by kind, each country with the same say."""
    return _mean_of(survey.missing_share(variable, country) for country in survey.countries)


def _mean_of(shares: Iterable[dict[str, float]]) -> dict[str, float]:
    rows = list(shares)
    kinds = sorted({kind for row in rows for kind in row})
    return {kind: float(np.mean([row.get(kind, 0.0) for row in rows])) for kind in kinds}


def scale_text(scores: tuple[float, ...]) -> str:
    """A scale in a few characters: its ends, or every code where they are not consecutive."""
    steps = {b - a for a, b in pairwise(scores)}
    if steps == {1.0}:
        return f"{scores[0]:g}–{scores[-1]:g}"
    return " ".join(f"{score:g}" for score in scores)


def direction_text(item: ItemFacts) -> str:
    """The verdict on an item's direction and what it rests on, in a few words."""
    words, _ = VERDICTS[item.direction]
    if item.settled:
        words = f"{item.settled} by you"
    if item.basis == "labels":
        return f"{words}, labels"
    if item.odds_reversed is None:
        return words
    odds = max(item.odds_reversed, 1 / item.odds_reversed)
    return f"{words}, {odds:,.0f}:1" if odds < 1e6 else f"{words}, >10⁶:1"


def missing_text(missing: Mapping[str, float]) -> str:
    """Kinds of missing answers with their shares, the largest first."""
    named = [
        (MISSING_WORDS.get(kind, kind.replace("_", " ")), share) for kind, share in largest_first(missing)
    ]
    return ", ".join(f"{words} {share:.1%}" for words, share in named) or "none"


def largest_first(missing: Mapping[str, float]) -> list[tuple[str, float]]:
    """The kinds that show at a tenth of a per cent, the largest first."""
    large = [(kind, share) for kind, share in missing.items() if share >= 0.0005]
    return sorted(large, key=lambda pair: -pair[1])

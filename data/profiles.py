"""Weighted value profiles of a population: each respondent's answers on the items of an instrument."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from value_personas.data.card import card
from value_personas.data.codebooks.instruments import Instrument, load_instrument
from value_personas.data.imputing import filled_in, item_shifts
from value_personas.data.survey.direction import refuse_contradictions
from value_personas.data.survey.survey import Survey
from value_personas.signatures import Array, Integers, SurveyError, ValueItem


@dataclass(frozen=True)
class ProfileTable:
    """Value profiles with their weights and countries.

    Attributes:
        frame: one row a respondent, one column an item by its code, stored codes as floats, NaN missing. The
            index is the respondent's row in the survey.
        weight: the respondents' weights > 0, same index.
        country: the respondents' countries, same index.
        items: the items of the columns, with the scale that this survey uses.
        absent: codes of the instrument's items that the survey lacks.
        missing_counts: number of items missing → number of respondents, before the incomplete are left out.
        dropped: respondents left out because they answered too few items.
        notes: plain sentences for the user.
        instrument: the instrument's name or file.
        demographics: the respondents' sociodemographics, same index.
        moved: how far filling in missing answers moves each country's mean of each item, in stored codes; one
            row a country, empty where nothing is missing or it is not told.
    """

    frame: pd.DataFrame = field(repr=False)
    weight: "pd.Series[float]" = field(repr=False)
    country: "pd.Series[str]" = field(repr=False)
    items: tuple[ValueItem, ...] = field(repr=False)
    absent: tuple[str, ...]
    missing_counts: Mapping[int, int]
    dropped: int
    notes: tuple[str, ...]
    instrument: str
    demographics: pd.DataFrame = field(repr=False)
    moved: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    # country → respondents in the order in which a systematic draw walks through them
    order_cache: dict[str, Integers] = field(default_factory=dict, repr=False, compare=False)

    def __repr__(self) -> str:
        return f"<ProfileTable {self._heading}>"

    def _repr_html_(self) -> str:
        shown = self.frame.describe().T.rename_axis("item").reset_index()
        return card(self._heading, shown, notes=self.notes)

    @property
    def _heading(self) -> str:
        people, items = self.frame.shape
        return f"{self.instrument} · {people:,} respondents × {items} items · {len(self.countries)} countries"

    @property
    def countries(self) -> tuple[str, ...]:
        """The countries that have profiles, sorted."""
        return tuple(sorted(self.country.unique()))

    def of(self, country: str) -> tuple[pd.DataFrame, Array]:
        """One country's profiles and weights.

        Raises:
            SurveyError: when the country has none.
        """
        mask = self.country == country
        if not mask.any():
            raise SurveyError(
                f"no value profile of country {country!r}; there are some of {', '.join(self.countries)}"
            )
        return self.frame[mask], np.asarray(self.weight[mask], dtype=np.float64)


def value_profiles(
    survey: Survey,
    instrument: str = "inglehart-welzel",
    *,
    needed: bool = True,
    missing: Literal["omit", "impute"] = "omit",
) -> ProfileTable:
    """The value profiles of a survey's respondents.

    A respondent with at least the instrument's minimum share of the items in the survey is kept; what is
    still missing is left out of that profile, or filled in where that is asked for; how far the one would
    move the items' means from the other is told, of up to 50,000 respondents.

    Args:
        survey: what was read.
        instrument: the name of an instrument, or a TOML file of one's own.
        needed: whether anything rests on values; else a survey without an item of the instrument has profiles
            of no item, one a respondent, from which people can be drawn.
        missing: ``omit`` leaves missing answers out of a profile; ``impute`` takes each from the respondent
            of the country whose profile is nearest (``imputing.filled_in``).

    Raises:
        SurveyError: when the survey holds no item that is needed, or stores one the other way round than
            the instrument says (the message names the evidence and the two ways on).
    """
    measured = load_instrument(instrument)
    present = [item.code for item in measured.items if item.code in survey.item_columns]
    absent = tuple(item.code for item in measured.items if item.code not in survey.item_columns)
    if not present and needed:
        raise SurveyError(_no_items(survey, measured))
    warnings = refuse_contradictions(survey, measured)
    rows = pd.RangeIndex(len(survey.weights))
    frame = pd.DataFrame({code: _answers(survey, code) for code in present}, index=rows)
    weighted = survey.weights > 0
    lacking = frame.isna().sum(axis=1).to_numpy(np.int64)
    least = int(np.ceil(measured.minimum_share * len(present)))
    keep = weighted & (len(present) - lacking >= least)
    counts = np.bincount(lacking[weighted], minlength=len(present) + 1)
    dropped = int(weighted.sum() - keep.sum())
    country = pd.Series(np.array(survey.countries)[survey.country_index], dtype="str")[keep]
    weight = pd.Series(survey.weights)[keep]
    told, frame, moved = _filled(frame[keep], country, weight, survey, missing)
    return ProfileTable(
        frame=frame,
        weight=weight,
        country=country,
        items=tuple(survey.item_columns[code].item for code in present),
        absent=absent,
        missing_counts={k: int(n) for k, n in enumerate(counts) if n},
        dropped=dropped,
        notes=(*warnings, *_notes(measured, present, absent, counts, dropped, least), *told),
        instrument=instrument,
        demographics=survey.demographics[keep],
        moved=moved,
    )


_MANY = 50_000
"""Respondents beyond whom nobody is filled in for a sentence alone: that takes half a minute of 450,000."""


def _filled(
    frame: pd.DataFrame,
    country: "pd.Series[str]",
    weight: "pd.Series[float]",
    survey: Survey,
    missing: Literal["omit", "impute"],
) -> tuple[list[str], pd.DataFrame, pd.DataFrame]:
    """What is said of missing answers, the profiles with or without them, and how far items' means move."""
    if frame.empty or not (gaps := int(frame.isna().to_numpy().sum())):
        return [], frame, pd.DataFrame()
    if missing == "omit" and len(frame) > _MANY:
        said = "profiles.missing = impute fills them in, and tells how far that moves means"
        return [f"{gaps} missing answers to value items are left out; {said}."], frame, pd.DataFrame()
    filled = filled_in(frame, country)
    spans = np.array([survey.item_columns[str(code)].item.scale.span for code in frame.columns])
    moved = item_shifts(frame, filled, country, weight)
    shares = np.abs(moved.to_numpy(np.float64) / spans)
    known = shares[~np.isnan(shares)]
    mean, most = (float(known.mean()), float(known.max())) if known.size else (0.0, 0.0)
    said = f"moves a country's item means by {mean:.4f} of the scale on average, {most:.4f} at most"
    if missing == "omit":
        return [f"{gaps} missing answers to value items are left out; to fill them in {said}."], frame, moved
    told = f"{gaps} missing answers to value items are those of the nearest respondents: it {said}."
    return [told], filled, moved


def _no_items(survey: Survey, instrument: Instrument) -> str:
    """Why there are no profiles, and what can be done without."""
    absent = ", ".join(item.code for item in instrument.items)
    own = survey.codebook.instrument
    if not survey.has_respondents:
        return (
            f"{survey.sources[0].path}: holds published shares and no respondent, so nobody's values; ask "
            "personas that need none, such as none, country and forecast"
        )
    way_on = (
        f"its codebook names another instrument: set profiles.instrument to {own}"
        if own
        else "value personas, regressions and the map need them; none, country and demographic do not"
    )
    return f"{survey.sources[0].path}: holds no item of instrument {instrument.name} ({absent}); {way_on}"


def _answers(survey: Survey, code: str) -> Array:
    """Stored codes, NaN where missing; shape (n,)."""
    column = survey.item_columns[code]
    scores = np.append(column.item.scale.values, np.nan)
    return scores[np.where(column.coded >= 0, column.coded, len(scores) - 1)]


def _notes(
    instrument: Instrument,
    present: list[str],
    absent: tuple[str, ...],
    counts: Integers,
    dropped: int,
    needed: int,
) -> list[str]:
    notes = []
    if not present:
        return [f"No item of {instrument.name} is in the survey; nothing here rests on values."]
    if absent:
        notes.append(
            f"{len(present)} of the {len(instrument.items)} items of {instrument.name} are in the survey; "
            f"absent: {', '.join(absent)}. Profiles use those that are there."
        )
    incomplete = int(counts[1:].sum())
    if incomplete:
        notes.append(
            f"{incomplete} of {int(counts.sum())} respondents lack at least one item; "
            f"{dropped} answered fewer than {needed} and are left out."
        )
    return notes

"""Which waves of a survey are kept: each country's latest unless others are asked for."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from value_personas.data.survey.country_column import Countries
from value_personas.data.survey.part import Part, Wave, where_of
from value_personas.signatures import Integers, SurveyError

ALL = "all"

YEARS = 10_000
"""Two years as one number: the first times this, and the second."""


def waves_of_countries(parts: Sequence[Part]) -> dict[str, tuple[str, ...]]:
    """Country → the names of its waves, the earliest first."""
    return {
        country: tuple(dict.fromkeys(wave.name for wave in sorted(found, key=lambda wave: wave.age)))
        for country, found in _found(parts).items()
    }


def of_waves(parts: list[Part], wanted: Sequence[str] | None) -> tuple[list[Part], list[str]]:
    """Keep the respondents of some waves.

    Args:
        parts: the files.
        wanted: names of waves; ``all`` for all; None for each country's latest.

    Returns:
        The files with these respondents, those with none left out, and sentences on what was kept.

    Raises:
        SurveyError: for a wave that no file holds.
    """
    held = waves_of_countries(parts)
    several = {country: names for country, names in held.items() if len(names) > 1}
    if wanted is None:
        if not several:
            return parts, []
        latest = {
            country: max(found, key=lambda wave: wave.age).name
            for country, found in _found(parts).items()
            if found
        }
        first = list(several.items())[:4]
        some = "; ".join(f"{country} {latest[country]} of {', '.join(names)}" for country, names in first)
        note = (
            f"Several waves or years are there of {len(several)} countries: the latest of each is read "
            f"({some}{' …' if len(several) > 4 else ''}). --wave NAME keeps others, --wave all pools them "
            "(in a recipe: survey.waves)."
        )
        return _keep(parts, {country: {name} for country, name in latest.items()}), [note]
    known = {name for names in held.values() for name in names}
    unknown = [name for name in wanted if name != ALL and name not in known]
    if unknown:
        raise SurveyError(
            f"{where_of(parts)}: no wave {unknown[0]!r}; there are {', '.join(sorted(known)) or 'none told'}"
        )
    chosen = known if ALL in wanted else set(wanted)
    kept = parts if ALL in wanted else _keep(parts, dict.fromkeys(held, chosen))
    return kept, _pooling_notes(waves_of_countries(kept))


def _found(parts: Sequence[Part]) -> dict[str, set[Wave]]:
    found: dict[str, set[Wave]] = defaultdict(set)
    for part in parts:
        for country, waves in part.waves_of().items():
            found[country] |= {wave for wave in waves if wave is not None}
    return dict(found)


def _keep(parts: list[Part], names: dict[str, set[str]]) -> list[Part]:
    """The respondents of each country's named waves; all of a country whose waves nothing tells."""
    kept = []
    for part in parts:
        table = np.array(
            [
                [wave.name in names.get(country, set()) for wave in part.waves] + [not names.get(country)]
                for country in part.countries.codes
            ],
            dtype=bool,
        ).reshape(len(part.countries.codes), len(part.waves) + 1)
        mask = table[part.countries.index, part.wave]
        if mask.all():
            kept.append(part)
        elif mask.any():
            kept.append(part.take(mask))
    return kept


def _pooling_notes(waves: dict[str, tuple[str, ...]]) -> list[str]:
    pooled = {country: found for country, found in waves.items() if len(found) > 1}
    if not pooled:
        return []
    some = "; ".join(f"{country} {', '.join(found)}" for country, found in list(pooled.items())[:4])
    return [
        f"Several waves or years are pooled in {len(pooled)} countries "
        f"({some}{' …' if len(pooled) > 4 else ''})."
    ]


def one_fieldwork(
    number: Integers, countries: Countries, asked: frozenset[str]
) -> tuple[Integers, list[str]]:
    """Two adjacent years of a country, where nothing but years tells waves, as one fieldwork.

    Interviews of one wave often begin before the turn of a year and end after it.

    Args:
        number: each respondent's year, shape (n,), 0 where unknown.
        countries: of the respondents.
        asked: waves that are asked for by name; years among them stay apart.

    Returns:
        The years, two as one where they are, and what must be said of it.
    """
    merged: dict[tuple[int, int], list[str]] = defaultdict(list)
    number = number.copy()
    for place, code in enumerate(countries.codes):
        here = countries.index == place
        years = sorted({int(year) for year in np.unique(number[here]) if year})
        if len(years) == 2 and years[1] - years[0] == 1 and not asked.intersection(map(str, years)):
            number[here & (number > 0)] = years[0] * YEARS + years[1]
            merged[years[0], years[1]].append(code)
    notes = []
    for (first, last), codes in merged.items():
        some = ", ".join(codes[:5]) + (" …" if len(codes) > 5 else "")
        notes.append(
            f"{first} and {last} are taken as one fieldwork of {some}; --wave {last} keeps the later."
        )
    return number, notes

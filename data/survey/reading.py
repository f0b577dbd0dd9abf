"""Reading survey files into one ``Survey``."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypedDict, Unpack

import numpy as np
import pyarrow

from value_personas.data.codebooks.missing import code_of_kind
from value_personas.data.formats import Header
from value_personas.data.formats.readers import inspect_file
from value_personas.data.survey.decoding import Coded
from value_personas.data.survey.demographics import join_demographics
from value_personas.data.survey.direction import cut_scale, used_options
from value_personas.data.survey.joined_weights import join_weights
from value_personas.data.survey.part import (
    Part,
    ReadOptions,
    direction_notes,
    silence_notes,
    unverified_questions,
    where_of,
)
from value_personas.data.survey.parts import read_part
from value_personas.data.survey.published_tables import holds_shares, read_shares
from value_personas.data.survey.sampling_points import sampling_notes
from value_personas.data.survey.survey import ItemColumn, Survey
from value_personas.data.survey.waves import of_waves, waves_of_countries
from value_personas.data.survey.weighting import WEIGHTINGS
from value_personas.signatures import Array, Integers, Question, SurveyError

Paths = str | Path | Sequence[str | Path]

_FEW = 30
"""Respondents of a country below which it is said; a share of .5 is then off by .09 and more."""


class Reading(TypedDict, total=False):
    """What ``read_survey`` takes besides, each by its name.

    Attributes:
        weight: ``within-country`` as stored; ``equal-country`` and ``population`` scale the countries to
            equal or to population size and leave shares within a country as they are; ``unweighted``.
        reverse: codes of items or questions that the file stores from the other end.
        accept: codes of items whose direction looks wrong and is right.
        encoding: the encoding of the files' texts, where their own declaration is wrong.
        questions: codes of the target questions to read, None for all of the codebook's.
        cache: a folder that keeps the columns that were read, so that the next reading takes a fraction of
            the time; it then holds respondents' answers. None keeps nothing.
        instrument: the TOML file of an instrument of one's own whose items the codebook names.
        country_is: the country of all respondents, where no column tells it; a code or a name.
    """

    weight: str
    reverse: Sequence[str]
    accept: Sequence[str]
    encoding: str | None
    questions: Sequence[str] | None
    cache: Path | None
    instrument: str | None
    country_is: str | None


def read_survey(
    path: Paths,
    codebook: str | Path | None = None,
    countries: Sequence[str] | None = None,
    waves: Sequence[str] | None = None,
    **how: Unpack[Reading],
) -> Survey:
    """Read one survey file, or several that join into one survey.

    Args:
        path: a file, or files of different countries or waves; or a table of published shares, which is read
            as ``PublishedDistributions``.
        codebook: a codebook's name or TOML file; recognised from the columns when None.
        countries: codes or names of the countries to keep, None for all.
        waves: the waves or years to keep, as the survey's page names them; ``all`` pools all. None keeps each
            country's latest, with a note.
        **how: as ``Reading`` says.

    Raises:
        SurveyError: in one line that names file, column or code, what was expected and what to do.
    """
    options = ReadOptions(None if codebook is None else str(codebook), countries, waves, **how)
    if options.weight not in WEIGHTINGS:
        raise SurveyError(f"unknown weight {options.weight!r}; expected one of {', '.join(WEIGHTINGS)}")
    paths = [path] if isinstance(path, (str, Path)) else list(path)
    if not paths:
        raise SurveyError("no survey file given; expected at least one path")
    headers = [inspect_file(one, options.encoding) for one in paths]
    if len(headers) == 1 and holds_shares(headers[0].columns):
        _refuse_what_needs_respondents(options, headers[0])
        return read_shares(headers[0], options.codebook, countries, options.questions)
    survey = _join([read_part(header, options) for header in headers], options)
    pyarrow.default_memory_pool().release_unused()  # else Arrow keeps room for every column that was read
    return survey


def _refuse_what_needs_respondents(options: ReadOptions, header: Header) -> None:
    """Published shares are taken as they stand; what would change a survey's is not passed over."""
    asked = {
        "weight": options.weight != "within-country",
        "reverse": bool(options.reverse),
        "waves": options.waves is not None,
        "country_is": options.country_is is not None,
    }
    if without := [name for name, is_asked in asked.items() if is_asked]:
        raise SurveyError(
            f"{header.path}: holds published shares and no respondent, so that {' and '.join(without)} "
            "cannot be applied; leave it out, and change the table itself where it is wrong"
        )


def _join(parts: list[Part], options: ReadOptions) -> Survey:
    _refuse_mixed_codebooks(parts)
    _refuse_overlap(parts)
    parts, wave_notes = of_waves(parts, options.waves)
    names = {code: name for part in parts for code, name in part.countries.names.items()}
    countries = tuple(sorted(names))
    if not countries:
        wanted = ", ".join(options.countries or ()) or "no country: name one, or leave countries out"
        raise SurveyError(f"{where_of(parts)}: no respondent of {wanted}")
    index = np.concatenate(
        [
            np.array([countries.index(code) for code in part.countries.codes])[part.countries.index]
            for part in parts
        ]
    )
    weights, weight_notes = join_weights(parts, index, countries, options.weight)
    asked, coded, scale_notes = _questions(parts, index, countries)
    items, item_notes = _items(parts, index, countries)
    clusters = _clusters(parts)
    cluster_columns = tuple(dict.fromkeys(part.cluster_column for part in parts if part.cluster_column))
    _refuse_unknown_codes(options, asked, items)
    return Survey(
        codebook=parts[0].codebook,
        title=parts[0].codebook.title,
        countries=countries,
        questions=asked,
        item_columns=items,
        weighting=options.weight if any(part.weight is not None for part in parts) else "unweighted",
        notes=(
            *direction_notes(parts, options),
            *silence_notes(parts),
            *(note for part in parts for note in part.notes),
            *weight_notes,
            *_few_notes(weights, index, countries),
            *sampling_notes(clusters, index, countries, cluster_columns),
            *item_notes,
            *scale_notes,
            *wave_notes,
        ),
        sources=tuple(part.source for part in parts),
        is_synthetic=any(part.is_synthetic for part in parts),
        weights=weights,
        country_index=index,
        clusters=clusters,
        names=names,
        coded=coded,
        demographics=join_demographics([part.demographics for part in parts]),
        accepted=frozenset(options.accept),
        waves=waves_of_countries(parts),
        unverified=unverified_questions(parts, options).intersection(coded),
        label_verdicts=_label_verdicts(parts),
        doubtful=frozenset(code for part in parts for code in part.doubtful).intersection(items),
    )


def _few_notes(weights: Array, index: Integers, countries: tuple[str, ...]) -> list[str]:
    """Countries of which so few are there that their own answers are hardly known."""
    counted = np.bincount(index[(index >= 0) & (weights > 0)], minlength=len(countries))
    few = [f"{code} ({n})" for code, n in zip(countries, counted, strict=True) if n < _FEW]
    if not few:
        return []
    return [f"Fewer than {_FEW} respondents: {', '.join(few)}; what people there answer is hardly known."]


def _clusters(parts: list[Part]) -> Integers:
    """Sampling points of all files, those of each apart."""
    stacked, before = [], 0
    for part in parts:
        stacked.append(np.where(part.cluster >= 0, part.cluster + before, -1))
        before += int(part.cluster.max(initial=-1)) + 1
    return np.concatenate(stacked)


def _refuse_mixed_codebooks(parts: list[Part]) -> None:
    first = parts[0]
    for part in parts[1:]:
        if part.codebook.name != first.codebook.name:
            raise SurveyError(
                f"{part.source.path} is of {part.codebook.name}, {first.source.path} of "
                f"{first.codebook.name}: their questions bear different codes, and the same respondents may "
                "be in both; read them one by one"
            )


def _refuse_overlap(parts: list[Part]) -> None:
    """Refuse a country that two files hold for the same wave, or for waves that cannot be told apart."""
    seen: dict[str, list[tuple[set[str], str]]] = defaultdict(list)
    for part in parts:
        for country, found in part.waves_of().items():
            waves = {wave.name if wave else "" for wave in found}
            for other, path in seen[country]:
                common = waves & other
                if common or "" in waves | other:
                    when = f"wave {', '.join(sorted(common))}" if common - {""} else "a wave not told"
                    raise SurveyError(
                        f"{country} is in {path} and in {part.source.path} with {when}: its "
                        "respondents would count twice; leave one file out"
                    )
            seen[country].append((waves, part.source.path))


def _questions(
    parts: list[Part], index: Integers, countries: tuple[str, ...]
) -> tuple[tuple[Question, ...], dict[str, Coded], list[str]]:
    """Stack the questions of all files; one that a file lacks was not asked there."""
    order = {code: question for part in parts for code, (question, _) in part.questions.items()}
    asked, stacked, notes = [], {}, []
    on_fewer_points: dict[str, list[str]] = defaultdict(list)
    for code, question in order.items():
        arrays = [
            part.questions[code][1] if code in part.questions else _not_asked(part.rows) for part in parts
        ]
        coded = np.concatenate(arrays) if len(arrays) > 1 else arrays[0]
        if not (coded >= 0).any():
            notes.append(f"{code}: its column is there but holds no answer; it is left out.")
            continue
        used, note = used_options(coded, index, countries, question.scale)
        if note:
            on_fewer_points[note].append(code)
        scale, coded = cut_scale(question.scale, coded, used)
        asked.append(question if scale is question.scale else replace(question, scale=scale))
        stacked[code] = coded
    return tuple(asked), stacked, notes + _by_note(on_fewer_points)


def _items(
    parts: list[Part], index: Integers, countries: tuple[str, ...]
) -> tuple[dict[str, ItemColumn], list[str]]:
    order = {code: column for part in parts for code, column in part.items.items()}
    items, notes = {}, []
    on_fewer_points: dict[str, list[str]] = defaultdict(list)
    for code, first in order.items():
        arrays = [part.items[code].coded if code in part.items else _not_asked(part.rows) for part in parts]
        coded = np.concatenate(arrays) if len(arrays) > 1 else arrays[0]
        if not (coded >= 0).any():
            notes.append(f"{code}: its column is there but holds no answer; the item counts as absent.")
            continue
        used, note = used_options(coded, index, countries, first.item.scale)
        if note:
            on_fewer_points[note].append(code)
        scale, coded = cut_scale(first.item.scale, coded, used)
        items[code] = replace(first, item=replace(first.item, scale=scale), coded=coded)
    return items, notes + _by_note(on_fewer_points)


def _by_note(codes: dict[str, list[str]]) -> list[str]:
    """One sentence for all variables of which the same is to be said."""
    return [f"{', '.join(found)}: {note}" for note, found in codes.items()]


def _not_asked(rows: int) -> Coded:
    return np.full(rows, code_of_kind("not_asked"), dtype=np.int8)


def _refuse_unknown_codes(
    options: ReadOptions, asked: tuple[Question, ...], items: dict[str, ItemColumn]
) -> None:
    known = {*items, *(question.code for question in asked)}
    for code in options.reverse:
        if code not in known:
            raise SurveyError(f"cannot reverse {code!r}: the survey holds no such item or question")
    for code in options.accept:
        if code not in known:
            raise SurveyError(f"cannot accept {code!r}: the survey holds no such item or question")
        if code in options.reverse:
            raise SurveyError(f"{code!r} is both to be reversed and accepted as it is; choose one")


def _label_verdicts(parts: list[Part]) -> dict[str, str]:
    """What the labels of all files say, the gravest where they differ."""
    gravest = ("contradicts", "permutes", "reverses", "silent", "renames", "agrees")
    said: dict[str, set[str]] = defaultdict(set)
    for part in parts:
        for code, verdict in part.verdicts.items():
            said[code].add(verdict)
    return {code: min(found, key=gravest.index) for code, found in said.items()}

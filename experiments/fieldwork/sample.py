"""The drawing stage: whose values, facts and traits the personas of each country carry."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from zlib import crc32

import numpy as np
import pandas as pd

from value_personas import data
from value_personas.experiments.recipe.items import chosen_items
from value_personas.experiments.recipe.personas import PersonaKind, PersonalitySection, PersonaTextSection
from value_personas.experiments.recipe.recipe import ProfileSection
from value_personas.programs import Person, PopulationSample
from value_personas.programs.personas import PERSONALITY_TRAITS, Fact, Part, parse_kind
from value_personas.signatures import RecipeError, ValueItem

_PERSONALITY_STREAM = 21
"""Keeps draws of traits apart from every other draw of the recipe's seed."""


@dataclass(frozen=True, slots=True)
class Populations:
    """The sampled population of every country.

    Attributes:
        samples: one a country.
        items: the value items that are told of them.
        notes: plain sentences on what they carry.
    """

    samples: tuple[PopulationSample, ...]
    items: tuple[ValueItem, ...]
    notes: tuple[str, ...] = ()

    def of(self, country: str) -> PopulationSample:
        """The sample of a country.

        Raises:
            RecipeError: when it was not drawn.
        """
        for sample in self.samples:
            if country in (sample.country, sample.name):
                return sample
        known = ", ".join(sample.country for sample in self.samples)
        raise RecipeError(f"country {country!r} is not in the survey; it holds {known}")


def draw_populations(
    section: ProfileSection,
    text: PersonaTextSection,
    personality: PersonalitySection,
    seed: int,
    kinds: Sequence[PersonaKind],
    survey: data.Survey,
    profiles: data.ProfileTable,
    drawn_of: Callable[[str], data.ProfileSample] | None = None,
) -> Populations:
    """Draw each country's respondents once; every kind shares them.

    Args:
        section: how many are drawn, how, and which items are told of them.
        text: which facts are told of them.
        personality: where their traits are read, when the survey has none.
        seed: of every draw.
        kinds: whom they become; nobody is drawn where there is none.
        survey: whose countries.
        profiles: of its respondents.
        drawn_of: gives a country's draws; ``sample_country`` when absent.

    Raises:
        RecipeError: when a persona kind needs facts, traits or another country that no survey of the recipe
            holds.
    """
    parts = tuple(dict.fromkeys(part for kind in kinds for part in parse_kind(kind).parts))
    for part in parts:
        part.require(survey.countries, seed)
    known = {part: _facts(text.demographics, profiles, part) for part in parts}
    facts = tuple(dict.fromkeys(itertools.chain.from_iterable(known.values())))
    items = chosen_items(section.items, profiles.items, survey.questions) if profiles.items else ()
    told = [item.code for item in items]
    drawn_of = drawn_of or partial(sample_country, section, seed, profiles)
    draw = partial(_draw, drawn_of, survey, profiles, facts)
    samples = tuple(draw(country).only(told) for country in survey.countries if kinds)
    populations = Populations(samples, items, (*_fact_notes(known), *_item_notes(items, profiles)))
    if any(part.of_traits for part in parts):
        return _with_traits(personality, seed, profiles, populations)
    return populations


def _facts(names: tuple[str, ...] | None, profiles: data.ProfileTable, part: Part) -> tuple[str, ...]:
    """The facts that a part wants and the survey knows."""
    wanted = part.told(names or None)
    known = tuple(name for name in wanted if name in profiles.demographics.columns)
    if part.facts and not known:
        raise RecipeError(
            f"personas {part.usual[0]}: the survey knows none of {', '.join(wanted)}; leave the kind out"
            if wanted
            else f"persona_text.demographics: names nothing that {part.usual[0]} personas state"
        )
    return known


def _fact_notes(known: Mapping[Part, tuple[str, ...]]) -> Iterator[str]:
    for label in dict.fromkeys(part.label for part in known if part.facts):
        alike = [part for part in known if part.label == label]
        stated = dict.fromkeys(fact for part in alike for fact in known[part])
        absent = dict.fromkeys(fact for part in alike for fact in part.facts if fact not in stated)
        if absent:
            yield f"{label} personas state {', '.join(stated)}; not stated: {', '.join(absent)}"


def _item_notes(items: tuple[ValueItem, ...], profiles: data.ProfileTable) -> tuple[str, ...]:
    if len(items) == len(profiles.items):
        return ()
    names = ", ".join(item.code for item in items)
    return (f"personas tell of {len(items)} of {len(profiles.items)} items: {names}",)


def sample_country(
    section: ProfileSection, seed: int, profiles: data.ProfileTable, country: str
) -> data.ProfileSample:
    """Draw a country's respondents.

    Raises:
        RecipeError: when there are too few draws to be weighted to so much.
    """
    calibrate, margins = section.weights == "calibrated", section.margins
    outside = data.read_margins(margins) if margins else None
    drawn = data.sample_profiles(
        profiles, country, section.n, section.design, seed, calibrate=calibrate, margins=outside
    )
    if margins and not drawn.jackknife.size:
        raise RecipeError(
            f"profiles.margins: {section.n} draws of design {section.design} are too few to be weighted to "
            "so much, or weights are those of the design; raise profiles.n to four for each item and category"
        )
    return drawn


def _draw(
    drawn_of: Callable[[str], data.ProfileSample],
    survey: data.Survey,
    profiles: data.ProfileTable,
    facts: tuple[str, ...],
    country: str,
) -> PopulationSample:
    if not survey.has_respondents:  # shares alone: whoever tells nothing of people needs none
        return PopulationSample(country, survey.country_name(country), (), ())
    drawn = drawn_of(country)
    left_out = drawn.jackknife.T.tolist() or [()] * len(drawn.draw_weights)
    weights = tuple(drawn.weights.tolist())
    told = _told(profiles.demographics.loc[drawn.respondents, list(facts)])
    people = tuple(
        Person(drawn.profiles[of], weight, known, {}, row, jackknife=tuple(jackknife))
        for of, weight, known, row, jackknife in zip(
            drawn.profile_of.tolist(),
            drawn.draw_weights.tolist(),
            told,
            drawn.respondents.tolist(),
            left_out,
            strict=False,
        )
    )  # a marginal draw belongs to no respondent, so there are no people
    return PopulationSample(country, survey.country_name(country), drawn.profiles, weights, people)


def _told(frame: pd.DataFrame) -> list[Mapping[str, Fact]]:
    """What is known of each row; what is missing is left out."""
    columns = [(str(name), frame[name].tolist()) for name in frame.columns]
    return [
        {name: values[i] for name, values in columns if not pd.isna(values[i])} for i in range(len(frame))
    ]


def _with_traits(
    section: PersonalitySection, seed: int, profiles: data.ProfileTable, populations: Populations
) -> Populations:
    """Give every person traits: the person's own where the survey has them, else drawn by country."""
    own = [trait for trait in PERSONALITY_TRAITS if trait in profiles.demographics.columns]
    if own:
        return replace(
            populations,
            samples=tuple(_own_traits(s, profiles.demographics[own]) for s in populations.samples),
        )
    if section.path is None:
        raise RecipeError(
            "personas personality: the survey has no personality inventory; give one of another wave as "
            "personality.path, or leave the kind out"
        )
    path = section.path if isinstance(section.path, str) else list(section.path)
    other = data.read_survey(path, section.codebook, questions=())
    samples = tuple(_drawn_traits(seed, sample, other) for sample in populations.samples)
    note = (
        f"personality: traits are of {other.title}, another survey: each persona's are drawn from its "
        "country's respondents there, independently of everything else that is known of the person"
    )
    return Populations(samples, populations.items, (*populations.notes, note))


def _own_traits(sample: PopulationSample, table: pd.DataFrame) -> PopulationSample:
    told = _told(table.loc[[person.respondent for person in sample.people]])
    return _give(sample, told)


def _drawn_traits(seed: int, sample: PopulationSample, other: data.Survey) -> PopulationSample:
    known = [trait for trait in PERSONALITY_TRAITS if trait in other.demographics.columns]
    if not known or sample.country not in other.countries:
        raise RecipeError(
            f"personality.path: {other.sources[0].path} has no personality inventory of {sample.country}; "
            "leave the country out with survey.countries"
        )
    of_country = other.country_index == other.countries.index(sample.country)
    rows = np.flatnonzero(of_country & (other.weights > 0) & other.demographics[known].notna().all(axis=1))
    if not len(rows):
        raise RecipeError(
            f"personality.path: nobody of {sample.country} answered the whole inventory in "
            f"{other.sources[0].path}; leave the country out with survey.countries"
        )
    key = (_PERSONALITY_STREAM, crc32(sample.country.encode()))
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
    share = other.weights[rows] / other.weights[rows].sum()
    drawn = rng.choice(rows, size=len(sample.people), p=share)
    return _give(sample, _told(other.demographics[known].iloc[drawn]))


def _give(sample: PopulationSample, traits: list[Mapping[str, Fact]]) -> PopulationSample:
    people = (
        replace(person, traits={name: float(score) for name, score in told.items()})
        for person, told in zip(sample.people, traits, strict=True)
    )
    return replace(sample, people=tuple(people))

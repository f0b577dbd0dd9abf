"""What may be learnt from, and what is held out: countries by cultural zone, questions by topic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from value_personas.data.countries import cultural_zone
from value_personas.data.survey.survey import Survey
from value_personas.signatures import Array, LeakError, Question, SurveyError


@dataclass(frozen=True)
class Split:
    """Codes to learn from and codes to be judged on; no code is in both."""

    training: tuple[str, ...]
    held_out: tuple[str, ...]

    def __post_init__(self) -> None:
        both = set(self.training) & set(self.held_out)
        if both:
            raise LeakError(f"{', '.join(sorted(both))} would be both training and held out")


@dataclass(frozen=True)
class TrainingView:
    """The only face of a survey that tuning and calibration may see: distributions of training cells.

    It keeps no reference to the survey; what is held out is not in it.

    Attributes:
        countries: training countries.
        questions: training questions.
    """

    countries: tuple[str, ...]
    questions: tuple[Question, ...] = field(repr=False)
    _distributions: Mapping[tuple[str, str], Array] = field(repr=False)

    @property
    def cells(self) -> tuple[tuple[str, str], ...]:
        """(question code, country) of every training cell with answers."""
        return tuple(self._distributions)

    def distribution(self, question: Question | str, country: str) -> Array:
        """The human distribution of a training cell, shape (K,), summing to 1.

        Raises:
            LeakError: for any other cell.
        """
        code = question if isinstance(question, str) else question.code
        found = self._distributions.get((code, country))
        if found is None:
            raise LeakError(
                f"({code}, {country}) is no training cell; held-out answers are out of reach here"
            )
        return found.copy()


def split_countries(
    countries: Sequence[str],
    held_out_zones: Sequence[str] | None = None,
    *,
    share: float = 0.3,
    seed: int = 0,
) -> Split:
    """Split countries, whole zones by name or a share of every zone.

    Countries of a zone resemble one another, so holding out whole zones is the honest test of a new culture;
    a share of every zone is the test of a new country of a known culture.

    Args:
        countries: alpha-3 codes.
        held_out_zones: zones of the cultural map to hold out whole; None for a share of each zone.
        share: of each zone's countries (and of those on no map), in (0, 1); at least one is held out overall.
        seed: of the random choice within zones.

    Raises:
        SurveyError: for an unknown zone, a share outside (0, 1), or a side that would be empty.
    """
    zones: dict[str, list[str]] = {}
    for country in sorted(countries):
        zones.setdefault(cultural_zone(country) or "on no map", []).append(country)
    if held_out_zones is not None:
        unknown = [zone for zone in held_out_zones if zone not in zones]
        if unknown:
            raise SurveyError(
                f"no country of zone {unknown[0]!r}; the countries are of {', '.join(sorted(zones))}"
            )
        held_out = [country for zone in held_out_zones for country in zones[zone]]
    else:
        held_out = _share_of_groups(list(zones.values()), share, seed)
    return _split(countries, held_out, "country")


def split_questions(
    questions: Sequence[Question],
    held_out_topics: Sequence[str] | None = None,
    *,
    share: float = 0.3,
    seed: int = 0,
) -> Split:
    """Split questions, whole topics by name or a share of the batteries.

    Batteries are never torn apart: answers within one are too alike to be held out from each other.

    Raises:
        SurveyError: for an unknown topic, a share outside (0, 1), or a side that would be empty.
    """
    topics = {question.topic for question in questions}
    if held_out_topics is not None:
        unknown = [topic for topic in held_out_topics if topic not in topics]
        if unknown:
            raise SurveyError(f"no question of topic {unknown[0]!r}; there are {', '.join(sorted(topics))}")
        held_out = [question.code for question in questions if question.topic in set(held_out_topics)]
    else:
        groups: dict[str, list[str]] = {}
        for question in questions:
            groups.setdefault(question.battery or question.code, []).append(question.code)
        chosen = set(_share_of_groups([sorted(groups)], share, seed))
        held_out = [code for name in chosen for code in groups[name]]
    return _split([question.code for question in questions], held_out, "question")


def training_view(survey: Survey, countries: Sequence[str], questions: Sequence[str]) -> TrainingView:
    """Cut out of a survey the distributions that may be learnt from.

    Args:
        survey: the whole survey.
        countries: training countries.
        questions: codes of training questions.

    Raises:
        SurveyError: when no training cell has answers.
    """
    asked = tuple(survey.question(code) for code in questions)
    cells = {
        (question.code, country): survey.distribution(question, country)
        for question in asked
        for country in countries
        if survey.has_answers(question, country)
    }
    if not cells:
        raise SurveyError("no training cell: none of the training countries answered a training question")
    return TrainingView(tuple(countries), asked, cells)


def _share_of_groups(groups: list[list[str]], share: float, seed: int) -> list[str]:
    if not 0 < share < 1:
        raise SurveyError(f"the held-out share must lie between 0 and 1, got {share}")
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    shuffled = [list(rng.permutation(group)) for group in groups]
    chosen = [str(code) for group in shuffled for code in group[: int(share * len(group) + 0.5)]]
    if not chosen:  # many small groups: none rounds up to one
        largest = max(shuffled, key=len)
        chosen = [str(largest[0])]
    return chosen


def _split(codes: Sequence[str], held_out: Sequence[str], what: str) -> Split:
    out = set(held_out)
    training = tuple(code for code in codes if code not in out)
    if not training or not out:
        raise SurveyError(
            f"a split needs at least one {what} on each side, got {len(training)} and {len(out)}"
        )
    return Split(training, tuple(code for code in codes if code in out))

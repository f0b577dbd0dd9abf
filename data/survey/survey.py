"""A survey that has been read: human answer distributions per country, and what is known of their limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from value_personas.data.card import card
from value_personas.data.codebooks.codebook import Codebook
from value_personas.data.codebooks.missing import MISSING_KINDS, code_of_kind
from value_personas.data.countries import country_alpha3
from value_personas.data.survey.decoding import Coded
from value_personas.data.survey.sampling_points import points_of
from value_personas.data.survey.weighting import kish_effective_size
from value_personas.signatures import Array, Integers, Question, SurveyError, ValueItem


@dataclass(frozen=True)
class Source:
    """One file a survey was read from.

    Attributes:
        path: as it was given.
        sha256: of the file's bytes.
        rows: records in the file.
        columns_read: the columns that were decoded.
        columns: how many columns the file holds.
    """

    path: str
    sha256: str
    rows: int
    columns_read: tuple[str, ...]
    columns: int


@dataclass(frozen=True)
class ItemColumn:
    """One value item as this survey holds it.

    Attributes:
        item: the item, its scale cut down to the codes that this survey uses.
        coded: shape (n,), positions on the item's scale or kinds of missing answers.
        column: the file's column, or the rule by which it was built.
        labels: the file's own words for the options, by position on the item's full scale.
        reversed_by_user: whether the user had it turned round.
    """

    item: ValueItem
    coded: Coded
    column: str
    labels: Mapping[int, str] = field(default_factory=dict)
    reversed_by_user: bool = False


@dataclass(frozen=True)
class Survey:
    """Respondents' answers with their weights and countries. Built by ``read_survey``.

    Attributes:
        codebook: by which the files were read.
        title: the survey's name for people.
        countries: ISO 3166-1 alpha-3 codes (XKX, CYN, NIR where ISO assigns none), sorted.
        questions: target questions present in every source, never an item or a component of one.
        items: value items present, in the order of the codebook.
        weighting: the name of the chosen weight, or ``unweighted``.
        notes: plain sentences on what a user should know.
        sources: the files.
        is_synthetic: whether the file says that it was generated.
        weights: shape (n,), ≥ 0; respondents with an unusable weight have 0.
        country_index: shape (n,), position in ``countries``.
        clusters: shape (n,), the sampling point within the country, −1 where none is told; empty where the
            survey knows of none.
        demographics: one row a respondent.
        accepted: items whose contradictory direction the user accepts.
        unverified: codes of target questions whose answers the file leaves unlabelled though it labels their
            missing codes, so that they may be stored from the other end; less those that the user settled.
        label_verdicts: item or question → what the file's own labels say of the codebook's codes: ``agrees``,
            ``renames``, ``permutes``, ``reverses``, ``contradicts`` or ``silent``.
        doubtful: items whose codes differ among releases, in files whose labels do not tell which they have.
    """

    codebook: Codebook = field(repr=False)
    title: str
    countries: tuple[str, ...]
    questions: tuple[Question, ...] = field(repr=False)
    item_columns: Mapping[str, ItemColumn] = field(repr=False)
    weighting: str
    notes: tuple[str, ...] = field(repr=False)
    sources: tuple[Source, ...] = field(repr=False)
    is_synthetic: bool
    weights: Array = field(repr=False)
    country_index: Integers = field(repr=False)
    names: Mapping[str, str] = field(repr=False)
    coded: Mapping[str, Coded] = field(repr=False)
    demographics: pd.DataFrame = field(repr=False)
    accepted: frozenset[str] = frozenset()
    waves: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    unverified: frozenset[str] = frozenset()
    label_verdicts: Mapping[str, str] = field(default_factory=dict, repr=False)
    doubtful: frozenset[str] = frozenset()
    clusters: Integers = field(default_factory=lambda: np.empty(0, dtype=np.int64), repr=False)
    _tables: dict[str, Array] = field(default_factory=dict, repr=False, compare=False)

    def __repr__(self) -> str:
        return f"<Survey {self._heading}>"

    def _repr_html_(self) -> str:
        table = pd.DataFrame(
            {
                "country": self.countries,
                "name": [self.country_name(code) for code in self.countries],
                "respondents": [self.respondents(code) for code in self.countries],
            }
        )
        return card(self._heading, table, notes=self.notes)

    @property
    def _heading(self) -> str:
        parts = (
            self.title,
            f"{sum(map(self.respondents, self.countries)):,} respondents",
            f"{len(self.countries)} countries",
            f"{len(self.questions)} questions",
            f"{len(self.item_columns)} value items",
            *(["synthetic"] if self.is_synthetic else []),
        )
        return " · ".join(parts)

    @property
    def codebook_name(self) -> str:
        """The codebook's name."""
        return self.codebook.name

    @property
    def has_respondents(self) -> bool:
        """Whether there are respondents' records, and not their shares alone."""
        return True

    @property
    def unordered(self) -> tuple[str, ...]:
        """The questions whose options stand in no order, as the codebook has it (topic nominal)."""
        return tuple(question.code for question in self.questions if question.topic == "nominal")

    @property
    def items(self) -> tuple[ValueItem, ...]:
        """The value items that the survey holds."""
        return tuple(column.item for column in self.item_columns.values())

    def country_name(self, country: str) -> str:
        """The country's name: from the file's own labels where it has them, else the usual English one."""
        return self.names[self._country(country)]

    def question(self, code: str) -> Question:
        """The target question of a code.

        Raises:
            SurveyError: when the survey does not hold it.
        """
        for question in self.questions:
            if question.code == code:
                return question
        raise SurveyError(f"question {code!r} is not in {self._where()}; {self._known_questions()}")

    def distribution(self, question: Question | str, country: str) -> Array:
        """The weighted distribution of answers, missing ones excluded.

        Args:
            question: a question of this survey or its code.
            country: a country of this survey.

        Returns:
            Shape (K,), in the order of the scale's labels, summing to 1.

        Raises:
            SurveyError: for an unknown question or country, or one that no weighted respondent answered.
        """
        asked = self._question(question)
        row = self._table(asked)[self.countries.index(self._country(country))]
        total = row.sum()
        if not total > 0:
            raise SurveyError(
                f"{asked.code} was answered by no weighted respondent of {country} in {self._where()}; "
                "leave the question or the country out"
            )
        return np.asarray(row / total)

    def has_answers(self, question: Question | str, country: str) -> bool:
        """Whether any weighted respondent of the country answered the question."""
        row = self._table(self._question(question))[self.countries.index(self._country(country))]
        return bool(row.sum() > 0)

    def responses(self, question: Question | str, country: str) -> tuple[Integers, Array]:
        """The valid answers one by one.

        Returns:
            Positions on the scale, shape (m,), and weights > 0, shape (m,).
        """
        asked = self._question(question)
        coded = self.coded[asked.code]
        mask = self._rows(country) & (coded >= 0)
        return coded[mask].astype(np.int64), self.weights[mask]

    def sampling_points(self, question: Question | str, country: str) -> Integers | None:
        """Each answer's sampling point, in the order of ``responses``, from 0; None where none are told."""
        if not len(self.clusters):
            return None
        mask = self._rows(country) & (self.coded[self._question(question).code] >= 0)
        return points_of(self.clusters[mask])

    def missing_share(self, question: Question | ValueItem | str, country: str) -> dict[str, float]:
        """The weighted share of respondents without an answer, by reason.

        Returns:
            Kind of missing answer → share of all weighted respondents in (0, 1]; absent kinds left out.
        """
        coded = self._coded(question)
        mask = self._rows(country)
        if not mask.any():
            raise SurveyError(f"no respondent of {country} has a weight in {self._where()}")
        weights = self.weights[mask]
        counts = np.bincount(
            np.where(coded[mask] >= 0, 0, -coded[mask].astype(np.int64)), weights, len(MISSING_KINDS) + 1
        )
        shares = counts / weights.sum()
        found = {kind: float(shares[-code_of_kind(kind)]) for kind in MISSING_KINDS}
        return {kind: share for kind, share in found.items() if share > 0}

    def respondents(self, country: str) -> int:
        """The number of respondents with a usable weight."""
        return int(self._rows(country).sum())

    def effective_size(self, country: str) -> float:
        """Kish's effective sample size, (Σw)² / Σw²."""
        return kish_effective_size(self.weights[self._rows(country)])

    def design_effect(self, country: str) -> float:
        """Kish's design effect of unequal weights, n / n_eff ≥ 1."""
        return self.respondents(country) / self.effective_size(country)

    def _rows(self, country: str) -> NDArray[np.bool_]:
        index = self.countries.index(self._country(country))
        return np.asarray((self.country_index == index) & (self.weights > 0))

    def _table(self, question: Question) -> Array:
        """Weighted counts, shape (C, K); every distribution is a row of one such table."""
        known = self._tables.get(question.code)
        if known is None:
            options = len(question.scale)
            coded = self.coded[question.code]
            mask = coded >= 0
            cells = self.country_index[mask] * options + coded[mask]
            counts = np.bincount(cells, self.weights[mask], len(self.countries) * options)
            known = counts.astype(np.float64).reshape(len(self.countries), options)
            self._tables[question.code] = known
        return known

    def _question(self, question: Question | str) -> Question:
        return self.question(question if isinstance(question, str) else question.code)

    def _coded(self, variable: Question | ValueItem | str) -> Coded:
        code = variable if isinstance(variable, str) else variable.code
        if code in self.item_columns:
            return self.item_columns[code].coded
        return self.coded[self.question(code).code]

    def _country(self, country: str) -> str:
        code = country if country in self.names else country_alpha3(country)
        if code is None or code not in self.names:
            raise SurveyError(
                f"country {country!r} is not in {self._where()}; it holds {', '.join(self.countries)}"
            )
        return code

    def _where(self) -> str:
        return ", ".join(source.path for source in self.sources)

    def _known_questions(self) -> str:
        if not self.questions:
            return "it holds no target question"
        return "it holds " + ", ".join(question.code for question in self.questions)

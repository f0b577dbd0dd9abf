"""One survey file, read by a codebook: the part that it contributes to a survey."""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from value_personas.data.codebooks.checks import build_columns
from value_personas.data.codebooks.codebook import Codebook, StoredItem, load_codebook, recognise_codebook
from value_personas.data.codebooks.missing import code_of_kind
from value_personas.data.countries import country_alpha3
from value_personas.data.formats import Header
from value_personas.data.formats.kept import read_columns_once
from value_personas.data.formats.plain_text import one_line
from value_personas.data.formats.readers import file_hash, read_columns
from value_personas.data.survey.composites import build_item
from value_personas.data.survey.country_column import Countries, one_country, read_countries
from value_personas.data.survey.decoding import Coded, decode, labels_of_options
from value_personas.data.survey.demographics import read_demographics
from value_personas.data.survey.labels import (
    ColumnFacts,
    Judgement,
    Meanings,
    Verdict,
    as_key,
    meanings_of,
)
from value_personas.data.survey.layout import ColumnFinder, Layout, facts_of, lay_out
from value_personas.data.survey.part import WAVES, Part, ReadOptions, Wave
from value_personas.data.survey.sampling_points import read_points
from value_personas.data.survey.survey import ItemColumn, Source
from value_personas.data.survey.waves import YEARS, one_fieldwork
from value_personas.data.survey.weighting import judge_weight_label
from value_personas.signatures import Integers, Question, SurveyError

_ONE = 1_000_000  # more than any wave or year
_MOST_COUNTRIES = 500  # twice as many as there are: beyond it the column numbers something else


def read_part(header: Header, options: ReadOptions) -> Part:
    """Read one file whose header was read.

    Raises:
        SurveyError: in one line, when the file cannot be used as it stands.
    """
    if options.codebook is None:
        codebook = recognise_codebook(header.columns, str(header.path))
    else:
        codebook = load_codebook(options.codebook, options.instrument)
    layout, finder = lay_out(header, codebook, options.questions, options.country_is)
    with ThreadPoolExecutor(max_workers=1) as beside:  # hashing frees the interpreter: it costs no time here
        sha256 = beside.submit(file_hash, header.path)
        return _PartReader(header, codebook, layout, finder, options, sha256).read()


class _PartReader:
    """Holds the columns of one file while they are decoded one after the other."""

    def __init__(
        self,
        header: Header,
        codebook: Codebook,
        layout: Layout,
        finder: ColumnFinder,
        options: ReadOptions,
        sha256: Future[str],
    ) -> None:
        self._header = header
        self._codebook = codebook
        self._layout = layout
        self._finder = finder
        self._options = options
        self._columns = layout.columns(finder, options.weight)
        self._sha256 = sha256
        if options.cache is None:
            self._frame = read_columns(header, self._columns)
        else:
            self._frame = read_columns_once(header, self._columns, sha256.result(), options.cache)
        self._notes = list(header.notes)
        self._unlabelled: list[str] = []
        self._verdicts: dict[str, Verdict] = {}

    def read(self) -> Part:
        rows = len(self._frame)
        countries = self._countries()
        keep = countries.index >= 0
        if self._options.countries is not None:
            wanted = [
                countries.codes.index(self._wanted(name, countries)) for name in self._options.countries
            ]
            keep &= np.isin(countries.index, wanted)
        if not keep.all():
            self._frame = self._frame[keep].reset_index(drop=True)
        demographics, told = read_demographics(
            self._layout.demographics,
            self._layout.personality,
            self._codebook.missing,
            self._file_column,
            lambda name, meanings: self._answers(name, name, meanings, self._codebook.missing)[0],
        )
        self._notes += told
        self._judge_weights()
        wave, waves = self._wave(countries.keep(keep))
        return Part(
            codebook=self._codebook,
            countries=countries.keep(keep),
            wave=wave,
            waves=waves,
            cluster=self._cluster(wave),
            weight=self._optional(self._layout.weight.get("within-country")),
            population=self._optional(self._layout.weight.get("population")),
            cluster_column=self._layout.cluster or "",
            weight_column=self._layout.weight.get("within-country", ""),
            items=self._items(),
            questions=self._questions(),
            demographics=demographics.reindex(
                range(len(self._frame))  # a row a respondent even where nothing is known of them
            ),
            notes=tuple(self._notes),
            source=Source(
                str(self._header.path),
                self._sha256.result(),
                rows,
                self._columns,
                len(self._header.columns),
            ),
            is_synthetic=self._says_synthetic(),
            unlabelled=tuple(self._unlabelled),
            verdicts=self._verdicts,
            doubtful=tuple(
                code
                for code, (item, column) in self._layout.items.items()
                if item.needs_labels
                and column is not None
                and self._verdicts[code] == "silent"
                and code not in self._by_the_user
            ),
        )

    def _file_column(self, name: str) -> tuple[Any, ColumnFacts]:
        return self._frame[name], facts_of(self._header, name)

    def _part(self, code: str, name: str, meanings: Meanings) -> Coded:
        """A part of an item that is built, by the codebook's name of its column."""
        found = self._finder.find((name,))
        assert found is not None  # lay_out keeps an item only when all its parts are there
        return self._answers(code, found, meanings, self._codebook.missing)[0]

    def _optional(self, column: str | None) -> "pd.Series[float] | None":
        if column is None or column not in self._frame.columns:
            return None
        return self._frame[column]

    def _wanted(self, name: str, countries: Countries) -> str:
        code = name if name in countries.codes else country_alpha3(name)
        if code is None or code not in countries.codes:
            raise SurveyError(
                f"{self._header.path}: country {name!r} is not in the file; "
                f"it holds {', '.join(countries.codes)}"
            )
        return code

    def _countries(self) -> Countries:
        if not self._layout.country:
            return one_country(self._options.country_is or self._codebook.country_is, len(self._frame))
        columns = {name: self._frame[name] for name in self._layout.country}
        labels, named = self._header.value_labels, self._codebook.country_codes
        countries = read_countries(columns, labels, named, str(self._header.path))
        found = len(countries.codes)
        if found > _MOST_COUNTRIES:
            raise SurveyError(
                f"{self._header.path}: column {self._layout.country[0]} names {found:,} countries; expected "
                f"at most {_MOST_COUNTRIES}, so name the right column in the codebook's [design]"
            )
        lost = int((countries.index < 0).sum())
        if lost == len(countries.index):
            raise SurveyError(
                f"{self._header.path}: column {self._layout.country[0]} names no country in any row"
            )
        if lost:
            self._notes.append(
                f"{lost} respondent(s) of {self._header.path.name} have no country and are left out."
            )
        return countries

    def _numbers(self, column: str | None) -> Integers:
        """Whole numbers of a column, 0 where it has none."""
        if column is None:
            return np.zeros(len(self._frame), dtype=np.int64)
        numbers = pd.to_numeric(self._frame[column], errors="coerce").to_numpy(np.float64)
        known = np.isfinite(numbers) & (numbers > 0) & (numbers < _ONE)
        return np.where(known, numbers, 0).astype(np.int64)

    def _judge_weights(self) -> None:
        """Hold the labels of the weights that are read against what the codebook takes them for."""
        weights = self._layout.weight
        for choice in dict.fromkeys(("within-country", self._options.weight)):
            column = weights.get(choice)
            if column is None or self._options.weight == "unweighted":
                continue
            if choice == "within-country" and column == weights.get("equal-country"):
                choice = "equal-country"  # which serves where it stands alone
            label = self._header.labels.get(column, "")
            if note := judge_weight_label(choice, column, label, str(self._header.path)):
                self._notes.append(note)

    def _wave(self, countries: Countries) -> tuple[Integers, tuple[Wave, ...]]:
        """Which wave each respondent is of, −1 where unknown, and the waves."""
        number, study = self._numbers(self._layout.wave), self._numbers(self._layout.study)
        if self._layout.wave and self._layout.wave == self._layout.year:
            number, notes = one_fieldwork(number, countries, frozenset(self._options.waves or ()))
            self._notes += notes
        keys, distinct = pd.factorize(study * WAVES + number)
        years, labels = self._numbers(self._layout.year), self._study_labels()
        waves: list[Wave] = []
        place = np.full(len(distinct) + 1, -1, dtype=np.int64)
        for i, key in enumerate(distinct.tolist()):
            if not key % WAVES:
                continue
            place[i] = len(waves)
            of = years[keys == i] if self._layout.year else np.zeros(1, dtype=np.int64)
            said = "-".join(map(str, divmod(key % WAVES, YEARS))) if key % WAVES > _ONE else key % WAVES
            name = f"{labels.get(key // WAVES, '')} {said}".strip()
            waves.append(Wave(name, int(of.max()), key % WAVES, key // WAVES))
        return place[keys], tuple(waves)

    def _cluster(self, wave: Integers) -> Integers:
        """A number for each sampling point of a wave, −1 where the file tells none."""
        column = self._layout.cluster
        if column is None:
            return np.full(len(self._frame), -1, dtype=np.int64)
        return read_points(self._frame[column], wave)

    def _study_labels(self) -> dict[int, str]:
        """Number of a study → its name, where the file holds several."""
        column = self._layout.study
        if column is None or self._frame[column].nunique() < 2:
            return {}
        labels = {as_key(value): text for value, text in self._header.value_labels.get(column, {}).items()}
        numbers = pd.unique(self._numbers(column)).tolist()
        return {number: one_line(labels.get(float(number), f"study {number},"), 20) for number in numbers}

    def _says_synthetic(self) -> bool:
        column = self._layout.synthetic
        if column is None:
            return False
        return bool((pd.to_numeric(self._frame[column], errors="coerce") == 1).any())

    def _questions(self) -> dict[str, tuple[Question, Coded]]:
        found = {}
        for entry, column in self._layout.questions:
            code, meanings = entry.question.code, meanings_of(entry.stored)
            coded, judged = self._answers(code, column, meanings, entry.missing)
            self._remark(code, column, coded, meanings, judged)
            if code in self._options.reverse:
                coded = _turned(coded, len(entry.question.scale))
            found[code] = (entry.question, coded)
        return found

    def _items(self) -> dict[str, ItemColumn]:
        return {code: self._item(code, entry, column) for code, (entry, column) in self._layout.items.items()}

    def _item(self, code: str, entry: StoredItem, column: str | None) -> ItemColumn:
        item, stored = entry.item, entry.stored
        if column is None:  # an index comes out in the instrument's own codes
            coded = build_item(
                entry, entry.published, lambda name, meanings: self._part(code, name, meanings)
            )
            found = ItemColumn(item, coded, f"from {', '.join(build_columns(entry.build))}")
        else:
            meanings = meanings_of(stored)
            coded, judged = self._answers(code, column, meanings, entry.missing)
            self._remark(code, column, coded, meanings, judged)
            codes = meanings.codes if code in self._by_the_user else judged.codes
            labels = labels_of_options(self._frame[column], meanings, facts_of(self._header, column), codes)
            found = ItemColumn(item, coded, column, labels)
        if code in self._options.reverse:
            return replace(found, coded=_turned(found.coded, len(item.scale)), reversed_by_user=True)
        return found

    def _answers(
        self, code: str, column: str, meanings: Meanings, missing: Mapping[float, str]
    ) -> tuple[Coded, Judgement]:
        """Read a column of answers, by the file's labels unless the user says which way round it is.

        Raises:
            SurveyError: where the labels contradict the codebook and do not settle every code.
        """
        values, facts = self._file_column(column)
        settled = code in self._by_the_user
        coded, judged = decode(values, meanings, missing, facts, codes_decide=settled)
        if judged.verdict == "contradicts" and not settled:
            raise SurveyError(
                f"{self._header.path}: column {column} ({code}): {judged.told}. If the labels are right, say "
                "so in a codebook of your own (--codebook); if the codes are, read it with "
                f'--accept {code} (in a recipe: survey.accept = ["{code}"])'
            )
        return coded, judged

    @property
    def _by_the_user(self) -> frozenset[str]:
        """The codes of which the user says how they are stored, whatever the labels say."""
        return frozenset(self._options.reverse) | frozenset(self._options.accept)

    def _remark(self, code: str, column: str, coded: Coded, meanings: Meanings, judged: Judgement) -> None:
        """Note what a user of this column should know."""
        self._verdicts[code] = judged.verdict
        if judged.moves:
            used = "set aside, as you say how it is stored" if code in self._by_the_user else "used"
            self._notes.append(
                f"{column}: the file's own labels order the options of {code} otherwise; they are {used}."
            )
        facts = facts_of(self._header, column)
        if facts.value_labels and not any(value in meanings.codes for value in facts.value_labels):
            self._unlabelled.append(code)
        off = sum(int((coded == code_of_kind(kind)).sum()) for kind in ("off_scale", "unreadable"))
        answered = int((coded >= 0).sum())
        if off > 0.01 * max(answered + off, 1):
            codes = list(meanings.codes)
            self._notes.append(
                f"{column}: {off} of {answered + off} answers are no option of {code}'s scale "
                f"({codes[0]:g} … {codes[-1]:g}) and are left out."
            )


def _turned(coded: Coded, options: int) -> Coded:
    """The scale read from the other end; missing answers stay."""
    return np.where(coded >= 0, options - 1 - coded, coded).astype(np.int8)

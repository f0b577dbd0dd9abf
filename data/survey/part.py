"""What one survey file contributes to a survey, and what must be said of it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from value_personas.data.codebooks.codebook import Codebook
from value_personas.data.survey.country_column import Countries
from value_personas.data.survey.decoding import Coded
from value_personas.data.survey.labels import Verdict
from value_personas.data.survey.survey import ItemColumn, Source
from value_personas.signatures import Integers, Question

WAVES = 1_000_000_000  # more than any wave, year, or two years side by side


@dataclass(frozen=True)
class ReadOptions:
    """How files are to be read; see ``read_survey`` and ``Reading``."""

    codebook: str | None
    countries: Sequence[str] | None
    waves: Sequence[str] | None
    weight: str = "within-country"
    reverse: Sequence[str] = ()
    accept: Sequence[str] = ()
    encoding: str | None = None
    questions: Sequence[str] | None = None
    cache: Path | None = None
    instrument: str | None = None
    country_is: str | None = None


@dataclass(frozen=True)
class Wave:
    """One wave or year of a survey.

    Attributes:
        name: as it is asked for: its number, after the study's name where a file holds several studies.
        year: of its last interview, 0 where unknown.
        number: of the wave, or the year.
        study: the number of the study, 0 without.
    """

    name: str
    year: int
    number: int
    study: int

    @property
    def age(self) -> tuple[int, int, int]:
        """What is greater, is later."""
        return self.year, self.number, self.study


@dataclass(frozen=True)
class Part:
    """What one file contributes.

    Attributes:
        countries: the respondents' countries, none without.
        wave: shape (n,), which of ``waves``, −1 where unknown.
        waves: the waves or years of the file, with the study where it holds several.
        cluster: shape (n,), the sampling point within country and wave, −1 where it is not told.
        weight: shape (n,), raw within-country weights, None when the file has none.
        population: shape (n,), raw population weights, None when not asked for or absent.
        unlabelled: items and questions of which the file labels missing codes and no answer.
        verdicts: items and questions → what the file's labels say of the codebook's codes.
        doubtful: items that only labels can tell, in a file whose labels do not.
    """

    codebook: Codebook
    countries: Countries
    wave: Integers
    waves: tuple[Wave, ...]
    cluster: Integers
    weight: "pd.Series[float] | None"
    population: "pd.Series[float] | None"
    weight_column: str
    cluster_column: str
    items: dict[str, ItemColumn]
    questions: dict[str, tuple[Question, Coded]]
    demographics: pd.DataFrame
    notes: tuple[str, ...]
    source: Source
    is_synthetic: bool
    unlabelled: tuple[str, ...] = ()
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    doubtful: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """The number of respondents kept."""
        return len(self.wave)

    def waves_of(self) -> dict[str, set[Wave | None]]:
        """Country → its waves, None where unknown."""
        # Hashing one number a respondent is ten times as fast as sorting pairs.
        pairs = pd.unique(self.countries.index * WAVES + self.wave + 1)
        found: dict[str, set[Wave | None]] = {code: set() for code in self.countries.codes}
        for pair in pairs.tolist():
            wave = self.waves[pair % WAVES - 1] if pair % WAVES else None
            found[self.countries.codes[pair // WAVES]].add(wave)
        return found

    def take(self, mask: NDArray[np.bool_]) -> "Part":
        """Some of its respondents."""

        def cut(column: "pd.Series[float] | None") -> "pd.Series[float] | None":
            return None if column is None else column[mask].reset_index(drop=True)

        return replace(
            self,
            countries=self.countries.keep(mask),
            wave=self.wave[mask],
            cluster=self.cluster[mask],
            weight=cut(self.weight),
            population=cut(self.population),
            items={code: replace(item, coded=item.coded[mask]) for code, item in self.items.items()},
            questions={code: (question, coded[mask]) for code, (question, coded) in self.questions.items()},
            demographics=self.demographics[mask].reset_index(drop=True),
        )


def where_of(parts: Sequence[Part]) -> str:
    """The files, for a message."""
    return ", ".join(part.source.path for part in parts)


def unverified_questions(parts: list[Part], options: ReadOptions) -> frozenset[str]:
    """Target questions that nothing shows to be stored the codebook's way round, and no user answers for."""
    return frozenset(code for part in parts for code in part.unlabelled if code in part.questions).difference(
        options.reverse, options.accept
    )


_MOST_NAMED = 12


def silence_notes(parts: Sequence[Part]) -> list[str]:
    """Say of which columns no label of the file names an option, so that the codebook alone is believed."""
    notes = []
    for part in parts:
        known = {*part.unlabelled}  # said of these already
        silent = [
            code for code, verdict in part.verdicts.items() if verdict == "silent" and code not in known
        ]
        if silent:
            some = ", ".join(silent[:_MOST_NAMED]) + (" …" if len(silent) > _MOST_NAMED else "")
            notes.append(
                f"{Path(part.source.path).name}: no label names an option of {len(silent)} of "
                f"{len(part.verdicts)} columns ({some}); their codes are taken as codebook "
                f"{part.codebook.name} has them."
            )
    return notes


def direction_notes(parts: list[Part], options: ReadOptions) -> list[str]:
    """Say of which columns somebody took the labels away: who does that has often recoded the answers."""
    files: dict[str, list[str]] = defaultdict(list)
    for part in parts:
        if part.unlabelled:
            files[", ".join(part.unlabelled)].append(Path(part.source.path).name)
    notes = [
        f"Missing codes of {codes} are labelled in {', '.join(names)} and none of their answers: somebody "
        "recoded them."
        for codes, names in files.items()
    ]
    open_codes = sorted(unverified_questions(parts, options))
    if open_codes:
        notes.append(
            f"Nothing tells which way round {', '.join(open_codes)} are stored, so that a run on them stops: "
            "compare their shares with a published table, then name each with --reverse or --accept (in a "
            "recipe: survey.reverse, survey.accept)."
        )
    return notes

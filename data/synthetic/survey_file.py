"""A synthetic survey, written as a real .sav file in the columns and codes of WVS-7."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from value_personas.data.codebooks.codebook import Codebook, StoredItem, StoredQuestion, load_codebook
from value_personas.data.codebooks.file import AimsRule, AutonomyRule
from value_personas.data.codebooks.instruments import Instrument, load_instrument
from value_personas.data.survey.layout import SYNTHETIC_COLUMN
from value_personas.data.synthetic.world import Causes, People, SyntheticCountry, World, load_world
from value_personas.signatures import Array, Integers, SurveyError

CODEBOOK = "wvs7"
"""In whose columns and codes it is written."""

_YEAR, _WAVE = 2020, 7
_CREATION = 92
"""Where the header of a .sav file says when it was written: 9 characters of date, 8 of time."""

_MISSING_LABELS = {
    "dont_know": "Don't know",
    "no_answer": "No answer",
    "not_applicable": "Not applicable",
    "not_asked": "Not asked",
    "other_missing": "Missing; unknown",
}


def write_synthetic_survey(
    path: str | Path,
    *,
    seed: int = 0,
    respondents_per_country: int = 1000,
    countries: int = 8,
    questions: Sequence[str] | None = None,
    causes: Causes = Causes(),  # noqa: B008  it is frozen
) -> None:
    """Write a survey of the synthetic world as a ``.sav`` file.

    Townspeople are over-sampled and think differently: without ``W_WEIGHT`` every estimate is off. The column
    ``SYNTHETIC`` marks the file for what it is.

    Args:
        path: the file to write; its folder must exist.
        seed: of all draws.
        respondents_per_country: at least 50.
        countries: how many of the eight countries, from 1 to 8. Each quadrant of the map is visited first.
        questions: codes of target questions; all of the codebook's when None.
        causes: what is at work beside each value item by itself.

    Raises:
        SurveyError: for an unknown question, a count out of range or a file that cannot be written.
    """
    world = load_world(causes)  # pyright: ignore[reportArgumentType]
    codes = _question_codes(world, questions)
    homes = _homes(world, countries)
    if respondents_per_country < 50:
        raise SurveyError(
            f"a synthetic survey needs at least 50 respondents a country, got {respondents_per_country}"
        )
    streams = np.random.SeedSequence(seed).spawn(len(homes))
    columns = _Columns(load_codebook(CODEBOOK), load_instrument("inglehart-welzel"), world, codes)
    frames = [
        columns.interview(home, respondents_per_country, np.random.default_rng(stream))
        for home, stream in zip(homes, streams, strict=True)
    ]
    _save(Path(path), pd.concat(frames, ignore_index=True), columns)


def _question_codes(world: World, questions: Sequence[str] | None) -> tuple[str, ...]:
    known = tuple(world.targets)
    if questions is None:
        return known
    if unknown := [code for code in questions if code not in world.targets]:
        raise SurveyError(
            f"question {unknown[0]!r} is not asked in the synthetic world; it knows {', '.join(known)}"
        )
    return tuple(questions)


def _homes(world: World, countries: int) -> list[SyntheticCountry]:
    homes = list(world.countries.values())
    if not 1 <= countries <= len(homes):
        raise SurveyError(f"the synthetic world has 1 to {len(homes)} countries to survey, got {countries}")
    by_quadrant = homes[::2] + homes[1::2]  # the file lists two neighbours a quadrant
    return sorted(by_quadrant[:countries], key=lambda home: home.numeric)


@dataclass
class _Columns:
    """Turns people into the columns of a survey file, and says what each column means."""

    codebook: Codebook
    instrument: Instrument
    world: World
    questions: tuple[str, ...]
    labels: dict[str, str] = field(default_factory=dict)
    value_labels: dict[str, dict[float, str]] = field(default_factory=dict)
    missing_ranges: dict[str, list[Any]] = field(default_factory=dict)

    def interview(self, home: SyntheticCountry, n: int, rng: np.random.Generator) -> pd.DataFrame:
        """Draw and interview a stratified sample of one country, shape (n, columns)."""
        urban, weights = self._sample_design(home, n)
        people = self.world.people(home, urban, rng)
        columns: dict[str, object] = {
            self.codebook.design["wave"][0]: np.full(n, float(_WAVE)),
            self.codebook.design["year"][0]: np.full(n, float(_YEAR)),
            self.codebook.design["country"][0]: np.full(n, float(home.numeric)),
            self.codebook.design["country_alpha"][0]: [home.alpha3] * n,
            self.codebook.design["respondent"][0]: home.numeric * 1e6 + np.arange(1, n + 1),
            self.codebook.weights["within-country"][0]: weights,
            SYNTHETIC_COLUMN: np.ones(n),
        }
        self._name_country(home)
        columns |= self._settlement(urban)
        for item in self.codebook.items.values():
            columns |= self._item_columns(item, people, rng)
        for code in self.questions:
            columns |= self._question_column(self.codebook.questions[code], people, rng)
        for name, law in self.world.facts.items():
            columns |= self._fact_column(name, law.draw(people.away, self.world.fact_strength, rng), home)
        return pd.DataFrame(columns)

    def _fact_column(self, name: str, values: Array, home: SyntheticCountry) -> dict[str, Array]:
        """Years as they are, a position by its code; who has a denomination has the country's."""
        entry = self.codebook.demographics[name]
        column = entry.column if isinstance(entry.column, str) else entry.column[0]
        self.labels[column] = name
        if entry.codes is None or entry.labels is None:
            return {column: values}
        self.value_labels[column] = dict(zip(map(float, entry.codes), entry.labels, strict=True))
        if name == "religion":
            return {column: np.where(values > 0, float(home.religion), float(entry.codes[0]))}
        return {column: np.asarray(entry.codes, dtype=np.float64)[values.astype(np.int64)]}

    def _sample_design(self, home: SyntheticCountry, n: int) -> tuple[NDArray[np.bool_], Array]:
        """Who lives in a town, and weights of mean 1 that give town and country their shares back."""
        in_town = round(n * min(0.95, home.urban + self.world.urban_oversampling))
        urban = np.arange(n) < in_town
        share = in_town / n
        weights = np.where(urban, home.urban / share, (1.0 - home.urban) / (1.0 - share))
        return urban, weights

    def _name_country(self, home: SyntheticCountry) -> None:
        column = self.codebook.design["country"][0]
        self.labels[column] = "Country (invented)"
        self.value_labels.setdefault(column, {})[float(home.numeric)] = home.name

    def _settlement(self, urban: NDArray[np.bool_]) -> dict[str, Array]:
        entry = self.codebook.demographics["settlement"]
        column = entry.column if isinstance(entry.column, str) else entry.column[0]
        assert entry.codes is not None
        assert entry.labels is not None
        town, country = entry.codes
        self.value_labels[column] = dict(zip(map(float, entry.codes), entry.labels, strict=True))
        return {column: np.where(urban, float(town), float(country))}

    def _item_columns(self, item: StoredItem, people: People, rng: np.random.Generator) -> dict[str, Array]:
        positions = people.answers[item.code]
        if isinstance(item.build, AimsRule):
            return self._aims(item.build, positions, people, rng)
        if isinstance(item.build, AutonomyRule):
            return self._child_qualities(item.code, item.build, people, rng)
        codes, labels = np.asarray(item.stored.codes), item.published.scale.labels
        self._describe(item.columns[0], item.item.text, dict(zip(codes.tolist(), labels, strict=True)))
        return {item.columns[0]: self._with_gaps(codes[positions], self.world.missing_item, people, rng)}

    def _aims(
        self, rule: AimsRule, positions: Integers, people: People, rng: np.random.Generator
    ) -> dict[str, Array]:
        """Two different aims: both materialist, one of each kind, or both post-materialist."""
        n = len(positions)
        first_kind = np.where(positions == 1, rng.integers(0, 2, n), positions // 2)
        second_kind = np.where(positions == 1, 1 - first_kind, first_kind)
        choice = rng.integers(0, 2, n)
        other = np.where(first_kind == second_kind, 1 - choice, rng.integers(0, 2, n))
        codes = np.array([rule.materialist, rule.post_materialist], dtype=np.float64)
        labels = {
            float(code): label
            for kind, kind_codes in (
                ("materialist", rule.materialist),
                ("post_materialist", rule.post_materialist),
            )
            for code, label in zip(kind_codes, self.world.aims[kind], strict=True)
        }
        gaps = self.world.missing_item
        self._describe(rule.first, "Most important aim of the country", labels)
        self._describe(rule.second, "Second most important aim of the country", labels)
        return {
            rule.first: self._with_gaps(codes[first_kind, choice], gaps, people, rng),
            rule.second: self._with_gaps(codes[second_kind, other], gaps, people, rng),
        }

    def _child_qualities(
        self, item: str, rule: AutonomyRule, people: People, rng: np.random.Generator
    ) -> dict[str, Array]:
        """Which qualities were mentioned: any of the patterns that give the index, with equal chance."""
        positions = people.answers[item]
        patterns = np.array(np.meshgrid(*[[0, 1]] * 4, indexing="ij")).reshape(4, -1).T
        index = patterns[:, :2].sum(axis=1) - patterns[:, 2:].sum(axis=1)
        wanted = np.asarray(self.instrument.scales[item].codes)
        mentioned = np.empty((len(positions), 4), dtype=np.int64)
        for position in np.unique(positions):
            fitting = np.flatnonzero(index == wanted[position])
            rows = positions == position
            mentioned[rows] = patterns[rng.choice(fitting, size=int(rows.sum()))]
        yes, no = float(rule.mentioned), float(rule.not_mentioned[-1])
        columns = {}
        for j, column in enumerate([*rule.plus, *rule.minus]):
            self._describe(
                column,
                "A quality that children should learn at home",
                {yes: "mentioned", no: "not mentioned"},
            )
            columns[column] = self._with_gaps(
                np.where(mentioned[:, j] == 1, yes, no), self.world.missing_item, people, rng
            )
        return columns

    def _question_column(
        self, entry: StoredQuestion, people: People, rng: np.random.Generator
    ) -> dict[str, Array]:
        labels = entry.question.scale.labels
        p = self.world.targets[entry.question.code].probabilities(people.items, len(labels))
        drawn = (p.cumsum(axis=1) < rng.random(len(p))[:, None]).sum(axis=1)
        codes = np.asarray(entry.stored.codes)[np.minimum(drawn, len(labels) - 1)]
        self._describe(
            entry.columns[0], entry.question.text, dict(zip(entry.stored.codes, labels, strict=True))
        )
        return {entry.columns[0]: self._with_gaps(codes, self.world.missing_target, people, rng)}

    def _with_gaps(self, codes: Array, share: float, people: People, rng: np.random.Generator) -> Array:
        """Replace a share of the answers by don't-know and no-answer codes: those of the silent more."""
        kinds = {kind: code for code, kind in self.codebook.missing.items()}
        gap = rng.choice([kinds["dont_know"], kinds["no_answer"]], size=len(codes))
        return np.where(rng.random(len(codes)) < self.world.missing(share, people), gap, codes)

    def _describe(self, column: str, text: str, labels: dict[float, str]) -> None:
        """Record a column's label, its value labels and its user-missing range, as WVS files have them."""
        missing = {code: _MISSING_LABELS[kind] for code, kind in self.codebook.missing.items() if code >= -5}
        self.labels[column] = text[:200]
        self.value_labels[column] = {**labels, **missing}
        self.missing_ranges[column] = [{"lo": min(missing), "hi": max(missing)}]


def _save(path: Path, frame: pd.DataFrame, columns: _Columns) -> None:
    import pyreadstat  # which a file that is there already does not need

    if not path.parent.is_dir():
        raise SurveyError(f"{path}: the folder does not exist; make it first")
    try:
        pyreadstat.write_sav(
            frame,  # pyright: ignore[reportArgumentType]  typed as Narwhals, takes pandas
            str(path),
            file_label="Synthetic survey: invented countries and people",
            column_labels={name: columns.labels.get(name, name) for name in frame.columns},
            variable_value_labels=columns.value_labels,
            missing_ranges=columns.missing_ranges,
            row_compress=True,
        )
        _forget_the_time(path)
    except (OSError, pyreadstat.PyreadstatError) as error:
        raise SurveyError(f"{path}: cannot be written ({error})") from None


def _forget_the_time(path: Path) -> None:
    """Overwrite the time of writing in the file's header, so that one seed gives one file, byte by byte."""
    with path.open("r+b") as stream:
        stream.seek(_CREATION)
        stream.write(b"01 Jan 2000:00:00")

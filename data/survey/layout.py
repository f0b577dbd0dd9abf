"""Where in one file the things that a codebook speaks of are stored."""

from collections.abc import Sequence
from dataclasses import dataclass

from value_personas.data.codebooks.checks import build_columns
from value_personas.data.codebooks.codebook import Codebook, StoredItem, StoredQuestion, StoredTrait
from value_personas.data.codebooks.file import DemographicEntry
from value_personas.data.formats import Header
from value_personas.data.survey.labels import ColumnFacts
from value_personas.signatures import SurveyError

SYNTHETIC_COLUMN = "SYNTHETIC"


@dataclass(frozen=True)
class Layout:
    """Which columns of a file hold what.

    Attributes:
        country: the columns that may tell the country, the most readable first; none where all are of one.
        wave: the column of the wave or else of the year, None when the file has neither.
        year: the column of the year, and ``study`` that of the study, where several are joined in one file.
        cluster: the column of the sampling point, or of the interviewer.
        weight: choice of weight → column, for the choices that the file has.
        items: item code → (its entry, the column that holds it or None when it is built).
        questions: (question entry, column).
        demographics: name → (entry, the columns that may tell it, the one to be believed first).
        personality: trait → (its entry, plus column, minus column).
        synthetic: the column by which a generated survey says so.
    """

    country: tuple[str, ...]
    wave: str | None
    year: str | None
    study: str | None
    cluster: str | None
    weight: dict[str, str]
    items: dict[str, tuple[StoredItem, str | None]]
    questions: tuple[tuple[StoredQuestion, str], ...]
    demographics: dict[str, tuple[DemographicEntry, tuple[str, ...]]]
    personality: dict[str, tuple[StoredTrait, str, str]]
    synthetic: str | None

    def columns(self, finder: "ColumnFinder", weight: str) -> tuple[str, ...]:
        """Every column that has to be read for a choice of weight, each once."""
        wanted: list[str | None] = [
            *self.country,
            self.wave,
            self.year,
            self.study,
            self.cluster,
            self.synthetic,
        ]
        wanted += [self.weight.get("within-country"), self.weight.get(weight)]
        for item, column in self.items.values():
            wanted += [
                column,
                *([found for name in build_columns(item.build) if (found := finder.find((name,)))]),
            ]
        wanted += [column for _, column in self.questions]
        wanted += [column for _, columns in self.demographics.values() for column in columns]
        wanted += [column for _, *pair in self.personality.values() for column in pair]
        return tuple(dict.fromkeys(name for name in wanted if name is not None))


class ColumnFinder:
    """Finds columns by name: as written, else without regard to case."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._exact = {name: name for name in columns}
        self._folded: dict[str, str] = {}
        for name in columns:
            self._folded.setdefault(name.casefold(), name)

    def find(self, candidates: Sequence[str]) -> str | None:
        """The first candidate that the file holds, None when it holds none."""
        for name in candidates:
            found = self._exact.get(name) or self._folded.get(name.casefold())
            if found:
                return found
        return None


def lay_out(
    header: Header, codebook: Codebook, questions: Sequence[str] | None, country_is: str | None = None
) -> tuple[Layout, ColumnFinder]:
    """Match a codebook with the columns of a file.

    Args:
        header: the inspected file.
        codebook: what the file is read by.
        questions: the codes of the target questions to read, None for all that are there.
        country_is: the country of every respondent, which stands in no column.

    Raises:
        SurveyError: when there is no country column, or a question asked for is not in codebook or file.
    """
    finder = ColumnFinder(header.columns)
    country = tuple(
        column for role in ("country_alpha", "country") if (column := finder.find(codebook.design[role]))
    )
    if country_is:
        country = ()
    elif not country and not codebook.country_is:
        named = (*codebook.design["country_alpha"], *codebook.design["country"])
        expected = f"expects {' or '.join(named)}" if named else "names none"
        raise SurveyError(
            f"{header.path}: no country column; codebook {codebook.name} {expected}. For a survey of one "
            'country say which: --country-is NZL (in a recipe: survey.country_is = "NZL")'
        )
    layout = Layout(
        country=country,
        wave=finder.find(codebook.design["wave"]) or finder.find(codebook.design["year"]),
        year=finder.find(codebook.design["year"]),
        study=finder.find(codebook.design["study"]),
        cluster=finder.find(codebook.design["cluster"]),
        weight={name: column for name, names in codebook.weights.items() if (column := finder.find(names))},
        items=_items(codebook, finder),
        questions=_questions(header, codebook, finder, questions),
        demographics={
            name: (entry, columns)
            for name, entry in codebook.demographics.items()
            if (columns := _each(finder, [entry.column] if isinstance(entry.column, str) else entry.column))
        },
        personality={
            trait: (entry, plus, minus)
            for trait, entry in codebook.personality.items()
            if (plus := finder.find((entry.plus,))) and (minus := finder.find((entry.minus,)))
        },
        synthetic=finder.find((SYNTHETIC_COLUMN,)),
    )
    if "within-country" not in layout.weight and "equal-country" in layout.weight:
        # Scaled to countries of one size, it weighs the respondents of each as the other does.
        layout.weight["within-country"] = layout.weight["equal-country"]
    if not layout.items and not layout.questions:
        raise SurveyError(
            f"{header.path}: holds no value item and no target question of codebook {codebook.name}"
        )
    return layout, finder


def _each(finder: ColumnFinder, names: Sequence[str]) -> tuple[str, ...]:
    """Every column of some names that the file holds."""
    return tuple(dict.fromkeys(column for name in names if (column := finder.find((name,)))))


def facts_of(header: Header, column: str) -> ColumnFacts:
    """What the file says of a column: its value labels and declared missing ranges."""
    return ColumnFacts(header.value_labels.get(column, {}), header.missing.get(column, ()))


def _items(codebook: Codebook, finder: ColumnFinder) -> dict[str, tuple[StoredItem, str | None]]:
    found: dict[str, tuple[StoredItem, str | None]] = {}
    for code, item in codebook.items.items():
        column = finder.find(item.columns)
        parts = build_columns(item.build)
        if column or (parts and all(finder.find((name,)) for name in parts)):
            found[code] = (item, column)
    return found


def _questions(
    header: Header, codebook: Codebook, finder: ColumnFinder, wanted: Sequence[str] | None
) -> tuple[tuple[StoredQuestion, str], ...]:
    codes = tuple(codebook.questions) if wanted is None else tuple(wanted)
    found = []
    for code in codes:
        entry = codebook.questions.get(code)
        column = finder.find(entry.columns) if entry else None
        if entry and column:
            found.append((entry, column))
        elif wanted is not None:
            reason = "not in the file" if entry else f"not a target question of codebook {codebook.name}"
            raise SurveyError(f"{header.path}: question {code!r} is {reason}")
    return tuple(found)

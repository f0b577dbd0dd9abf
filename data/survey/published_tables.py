"""Tables of published answer distributions, read and held against a codebook."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from value_personas.data.codebooks.codebook import Codebook, codebook_names, load_codebook
from value_personas.data.codebooks.missing import kind_from_words, letter_position, normalise
from value_personas.data.codebooks.scales import StoredScale
from value_personas.data.countries import country_alpha3, country_name
from value_personas.data.formats import Header
from value_personas.data.formats.column_names import columns_by_role
from value_personas.data.formats.plain_text import one_line
from value_personas.data.formats.readers import file_hash, read_columns
from value_personas.data.survey.published import PublishedDistributions
from value_personas.data.survey.share_layouts import LAYOUTS
from value_personas.data.survey.survey import Source
from value_personas.signatures import Array, Question, Scale, SurveyError

_NAMES: Mapping[str, tuple[str, ...]] = {
    "country": ("country", "group"),
    "code": ("qid", "question_id", "question_code", "code"),
    "question": ("question", "variable", "item"),
    "option": ("option", "opt", "answer", "response"),
    "label": ("label", "option_label", "option_text"),
    "share": ("share", "proportion", "probability", "pct", "percent"),
    "count": ("count", "frequency"),
    "n": ("n", "respondents", "size", "group_size"),
    "score": ("score", "option_score"),
    "text": ("text", "question_text"),
    "topic": ("topic",),
}
"""What a long table holds → the columns that may hold it."""

_NEEDED = ("country", "question", "option")

_ROUNDING = 0.0051
"""Shares are published to a whole percentage point at the coarsest: each option may be off by half of one."""

_CONTESTED = 0.5
"""The share of a codebook's questions, or of the table's, that must agree before it names the questions."""

_MOST_TOLD = 60
"""Countries or questions that a message lists."""


def holds_shares(columns: Sequence[str]) -> bool:
    """Whether a file of these columns is a table of shares and none of respondents."""
    found = _columns(columns)
    long = all(name in found for name in _NEEDED) and ("share" in found or "count" in found)
    return long or any(layout.fits(columns) for layout in LAYOUTS)


def read_shares(
    header: Header,
    codebook: str | None = None,
    countries: Sequence[str] | None = None,
    questions: Sequence[str] | None = None,
) -> PublishedDistributions:
    """Read a table of published distributions.

    Args:
        header: a long table with the columns country, question, option, share (or count) and, if told, n; or
            a file of GlobalOpinionQA, SimBench or WorldValuesBench.
        codebook: names the questions and their scales; the one that knows most of them when absent, and
            where none does, the table itself.
        countries: codes or names to keep, None for all.
        questions: codes to keep, None for all.

    Raises:
        SurveyError: for shares that do not sum to 1, an option that its scale does not have, or a cell twice.
    """
    layout = next((one for one in LAYOUTS if one.fits(header.columns)), None)
    table = _as_long(header) if layout is None else layout.read(header)
    book = _codebook(codebook, table["code"].unique().tolist())
    held = [str(code) for code in table["code"].unique() if not book.questions or code in book.questions]
    if questions is not None:
        if absent := [code for code in questions if code not in held]:
            raise SurveyError(f"{header.path}: holds no question {absent[0]!r}; {_there_are(held)}")
        table = table[table["code"].isin(list(questions))]  # a scale that nobody asks for stops nothing
    asked, stored = _asked(table, book, header)
    table, names = _kept(table[table["code"].isin(list(asked))], countries, header)
    if table.empty:
        raise SurveyError(f"{header.path}: holds no target question of codebook {book.name}")
    cells = _Cells(header, asked, stored, _is_percent(table, header))
    for (code, country), rows in table.groupby(["code", "country"], sort=False):
        cells.add(str(code), str(country), rows)
    return cells.survey(book, names, layout.title if layout else header.path.stem)


def _columns(columns: Sequence[str]) -> dict[str, str]:
    """What the table holds → its column, whatever its case."""
    found = columns_by_role(columns, _NAMES)
    if "code" in found and "question" in found:  # then the question is written out beside its code
        found.setdefault("text", found["question"])
        found["question"] = found["code"]
    elif "code" in found:
        found["question"] = found["code"]
    found.pop("code", None)
    return found


def _as_long(header: Header) -> pd.DataFrame:
    found = _columns(header.columns)
    frame = read_columns(header, tuple(dict.fromkeys(found.values())))
    table = pd.DataFrame(
        {"code" if role == "question" else role: frame[name] for role, name in found.items()}
    )
    for name in ("code", "country", "option"):
        table[name] = table[name].map(_as_text)
    if "label" in table:  # an option without words of its own is called as it is written
        told = table["label"].map(_as_text, na_action="ignore").fillna("")
        table["label"] = told.where(told != "", table["option"])
    elif not _of_letters(table):
        table["label"] = table["option"]
    return table


def _as_text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).strip()


def _of_letters(table: pd.DataFrame) -> bool:
    return bool(table["option"].map(lambda option: letter_position(str(option)) >= 0).all())


def _codebook(name: str | None, codes: Sequence[str]) -> Codebook:
    """The one named, else the one that knows most of the questions, else one that knows nothing."""
    if name is not None:
        return load_codebook(name)
    nothing = Codebook("published distributions", "Published distributions", (), {}, {}, {})
    known = {one: len(set(load_codebook(one).questions) & set(codes)) for one in codebook_names()}
    best = max(known, key=lambda one: (known[one], one == "wvs7"))
    book = load_codebook(best)
    least = _CONTESTED * min(len(book.questions), len(codes))
    return book if known[best] and known[best] >= least else nothing


def _asked(
    table: pd.DataFrame, book: Codebook, header: Header
) -> tuple[dict[str, Question], dict[str, StoredScale]]:
    """The questions, and how their options may be written."""
    if book.questions:
        there = set(table["code"].unique())
        held = [code for code in book.questions if code in there]
        return (
            {code: book.questions[code].question for code in held},
            {code: book.questions[code].stored for code in held},
        )
    stored = {
        str(code): _own_scale(rows, f"{header.path}: {code}")
        for code, rows in table.groupby("code", sort=False)
    }
    first = table.drop_duplicates("code").set_index("code")
    return {
        code: Question(
            code=code,
            text=one_line(str(first.at[code, "text"]) if "text" in first else code, 1000),
            scale=scale.scale,
            topic=str(first.at[code, "topic"]) if "topic" in first else "other",
        )
        for code, scale in stored.items()
    }, stored


def _own_scale(rows: pd.DataFrame, where: str) -> StoredScale:
    """A scale of the options that a table gives a question, in the order of their scores or of appearance."""
    options = rows.drop_duplicates("option")
    words = [str(label) for label in options["label"]] if "label" in options else list(options["option"])
    answers = [i for i, text in enumerate(words) if not kind_from_words(text)]
    names = [options["option"].iloc[i] for i in answers]
    if "score" in options:
        scores = pd.to_numeric(options["score"], errors="coerce").to_numpy(np.float64)[answers]
    else:
        letters = [letter_position(name) for name in names]
        numbers = pd.to_numeric(pd.Series(names, dtype=object), errors="coerce").to_numpy(np.float64)
        scores = np.array(letters, dtype=np.float64) + 1 if min(letters, default=-1) >= 0 else numbers
    if np.isnan(scores).any() or len(set(scores)) < len(scores):
        scores = np.arange(1.0, len(answers) + 1)
    order = np.argsort(scores)
    labels = tuple(one_line(words[answers[i]], 300) for i in order)
    try:
        scale = Scale(labels, tuple(float(scores[i]) for i in order))
    except ValueError as error:
        raise SurveyError(f"{where}: its options make no scale ({error})") from None
    known = {normalise(names[i]): place for place, i in enumerate(order)}
    return StoredScale(scale, scale.scores, known | {normalise(text): i for i, text in enumerate(labels)})


def _kept(
    table: pd.DataFrame, countries: Sequence[str] | None, header: Header
) -> tuple[pd.DataFrame, dict[str, str]]:
    """The rows of the countries that are wanted, by code, and the names of these."""
    written = [str(name) for name in table["country"].unique()]
    codes = {name: country_alpha3(name) or one_line(name, 100) for name in written}
    if twice := [code for code in set(codes.values()) if list(codes.values()).count(code) > 1]:
        both = " and ".join(repr(name) for name, code in codes.items() if code == twice[0])
        raise SurveyError(f"{header.path}: {both} are both {twice[0]}; leave one of them out")
    if countries is not None:
        wanted = {country_alpha3(name) or name: name for name in countries}
        if absent := [name for code, name in wanted.items() if code not in codes.values()]:
            there = _there_are(sorted(codes.values()))
            raise SurveyError(f"{header.path}: country {absent[0]!r} is not in the table; {there}")
        codes = {name: code for name, code in codes.items() if code in wanted}
    table = table[table["country"].isin(list(codes))]
    names = {code: country_name(code) or name for name, code in codes.items()}
    return table.assign(country=table["country"].map(codes)), names


def _is_percent(table: pd.DataFrame, header: Header) -> bool:
    """Whether shares are of 100; counts are neither, and divided by their sum in any case."""
    if "share" not in table:
        return False
    shares = pd.to_numeric(table["share"], errors="coerce")
    bad = shares.isna() | (shares < 0)
    if bad.any():
        code, country, share = table.loc[bad, ["code", "country", "share"]].iloc[0]
        raise SurveyError(
            f"{header.path}: {code} in {country}: share {str(share)!r} is no number of 0 or more; expected "
            "shares or percentages"
        )
    totals = shares.groupby([table["code"], table["country"]]).sum()
    return bool(totals.median() > 10)


class _Cells:
    """Gathers cells, each a question in a country."""

    def __init__(
        self, header: Header, asked: dict[str, Question], stored: dict[str, StoredScale], percent: bool
    ) -> None:
        self._header, self._asked, self._stored, self._percent = header, asked, stored, percent
        self._shares: dict[tuple[str, str], Array] = {}
        self._n: dict[tuple[str, str], float] = {}
        self._missing: dict[tuple[str, str], dict[str, float]] = {}

    def add(self, code: str, country: str, rows: pd.DataFrame) -> None:
        """Read the rows of one cell."""
        where = f"{self._header.path}: {code} in {country}"
        shares = np.zeros(len(self._asked[code].scale))
        missing: dict[str, float] = defaultdict(float)
        amounts = self._amounts(rows, where)
        for place, (option, amount) in enumerate(zip(rows["option"], amounts, strict=True)):
            label = str(rows["label"].iloc[place]) if "label" in rows else ""
            position = self._position(code, option, label)
            if position is None:
                kind = kind_from_words(label or option)
                if kind is None:
                    raise SurveyError(f"{where}: option {option!r} is none of the {len(shares)} on the scale")
                missing[kind] += amount
            elif shares[position]:
                raise SurveyError(f"{where}: option {option!r} stands twice")
            else:
                shares[position] += amount
        if not (total := shares.sum()) > 0:
            return
        self._shares[code, country] = shares / total
        self._missing[code, country] = {kind: share for kind, share in missing.items() if share > 0}
        self._n[code, country] = float(np.rint(self._asked_people(rows) * total))

    def _amounts(self, rows: pd.DataFrame, where: str) -> Array:
        """Shares of all who were asked, summing to 1."""
        name = "share" if "share" in rows else "count"
        amounts = pd.to_numeric(rows[name], errors="coerce").to_numpy(np.float64)
        total = amounts.sum()
        if not (amounts >= 0).all() or not total > 0:
            raise SurveyError(f"{where}: {name} must be a number of 0 or more, and one above it")
        off = abs(total / (100 if self._percent else 1) - 1)
        if name == "share" and off > _ROUNDING * len(amounts):
            whole = "100 %" if self._percent else "1"
            raise SurveyError(f"{where}: the shares sum to {total:.4g}, expected {whole}")
        return np.asarray(amounts / total)

    def _asked_people(self, rows: pd.DataFrame) -> float:
        """How many were asked; NaN where it is not told."""
        if "n" in rows:
            return float(pd.to_numeric(rows["n"], errors="coerce").max())
        return float(pd.to_numeric(rows["count"]).sum()) if "count" in rows else float("nan")

    def _position(self, code: str, option: str, label: str) -> int | None:
        stored = self._stored[code]
        for text in (option, label):
            if (found := stored.words.get(normalise(text))) is not None and text:
                return found
        if (letter := letter_position(option)) >= 0:
            return letter if letter < len(stored.codes) else None
        try:
            return stored.positions.get(float(option))
        except ValueError:
            return None

    def survey(self, book: Codebook, names: dict[str, str], title: str) -> PublishedDistributions:
        """All of them."""
        held = {code for code, _ in self._shares}
        questions = tuple(question for code, question in self._asked.items() if code in held)
        countries = tuple(sorted({country for _, country in self._shares}))
        tables, sizes = {}, {}
        for question in questions:
            code = question.code
            nothing = np.zeros(len(question.scale))
            tables[code] = np.stack([self._shares.get((code, c), nothing) for c in countries])
            sizes[code] = np.array([self._n.get((code, c), 0.0) for c in countries])
        header, nobody = self._header, np.empty(0)
        return PublishedDistributions(
            codebook=book,
            title=book.title if book.questions else one_line(title),
            countries=countries,
            questions=questions,
            item_columns={},
            weighting="as published",
            notes=_notes(sizes, own_scales=not book.questions),
            sources=(
                Source(str(header.path), file_hash(header.path), len(self._shares), (), len(header.columns)),
            ),
            is_synthetic=False,
            weights=nobody,
            country_index=nobody.astype(np.int64),
            names={code: names[code] for code in countries},
            coded={question.code: nobody.astype(np.int8) for question in questions},
            demographics=pd.DataFrame(index=pd.RangeIndex(0)),
            sizes=sizes,
            missing=self._missing,
            _tables=tables,
        )


def _notes(sizes: Mapping[str, Array], own_scales: bool) -> tuple[str, ...]:
    told = np.concatenate(list(sizes.values()))
    unknown = int(np.isnan(told).sum())
    cells = int((told != 0).sum())
    noise = (
        "how many answered is not told, so that no noise floor is known"
        if unknown == cells
        else "the noise floor takes the respondents that are told as equally weighted"
        + (f"; of {unknown} of {cells} cells none are told" if unknown else "")
    )
    notes = [f"Published shares without respondents: no profiles and no weights; {noise}."]
    if own_scales:
        notes.append("Options are scored in the order of the table, as no codebook knows its questions.")
    return tuple(notes)


def _there_are(codes: Sequence[str]) -> str:
    further = f" and {len(codes) - _MOST_TOLD} more" if len(codes) > _MOST_TOLD else ""
    return f"there are {', '.join(codes[:_MOST_TOLD])}{further}"

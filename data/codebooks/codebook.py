"""Codebooks: what a survey asks, and under which columns and codes its files store the answers."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from value_personas.data.codebooks.checks import check_item, columns_of, refuse_leaks, refuse_missing_answers
from value_personas.data.codebooks.file import (
    AimsRule,
    AutonomyRule,
    CodebookFile,
    DemographicEntry,
    ItemEntry,
    QuestionEntry,
    load_toml,
)
from value_personas.data.codebooks.instruments import Instrument, item_and_scale, load_instrument
from value_personas.data.codebooks.missing import MISSING_KINDS
from value_personas.data.codebooks.scales import StoredScale, stored_scale
from value_personas.signatures import Question, SurveyError, ValueItem

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class StoredQuestion:
    """A target question and how files store it."""

    question: Question
    columns: tuple[str, ...]
    stored: StoredScale
    missing: Mapping[float, str]


@dataclass(frozen=True)
class StoredItem:
    """Where a value item is stored: its scale stands in the instrument.

    Attributes:
        item: as its instrument has it.
        columns: the columns that may hold it, the first present is read.
        published: its scale with the instrument's codes.
        stored: the same with the codes that files store.
        missing: stored code → kind of missing answer.
        build: how it is built where no column holds it.
        needs_labels: whether releases store its options under different codes, so that only labels tell.
    """

    item: ValueItem
    columns: tuple[str, ...]
    published: StoredScale
    stored: StoredScale
    missing: Mapping[float, str]
    build: AimsRule | AutonomyRule | None = None
    needs_labels: bool = False

    @property
    def code(self) -> str:
        """The item's code in its instrument."""
        return self.item.code


@dataclass(frozen=True)
class StoredTrait:
    """A trait of a short inventory: the columns of its positive and its negative statement, on one scale."""

    plus: str
    minus: str
    stored: StoredScale


@dataclass(frozen=True)
class Codebook:
    """What is known of a survey before any file of it is opened.

    Attributes:
        name: by which it is asked for.
        title: for people.
        recognise: columns by which its files are known.
        design: role (country, country_alpha, wave, year, study, cluster) → columns that may hold it.
        country_is: the country of every respondent, where the files have no column for it; else "".
        country_codes: stored number or text → country, where the files number their countries themselves.
        weights: choice of weight → columns that may hold it.
        missing: stored code → kind of missing answer, for every variable that does not say otherwise.
        items: value items by code.
        components: columns that are parts of value items, never target questions.
        questions: target questions by code.
        demographics: what is known of the respondent.
        personality: traits of a short inventory.
        instrument: the TOML file of the instrument that it names, as it was found; "" where it names none.
    """

    name: str
    title: str
    recognise: tuple[str, ...]
    design: Mapping[str, tuple[str, ...]]
    weights: Mapping[str, tuple[str, ...]]
    missing: Mapping[float, str]
    items: Mapping[str, StoredItem] = field(default_factory=dict)
    components: frozenset[str] = frozenset()
    questions: Mapping[str, StoredQuestion] = field(default_factory=dict)
    demographics: Mapping[str, DemographicEntry] = field(default_factory=dict)
    instrument: str = ""
    personality: Mapping[str, StoredTrait] = field(default_factory=dict)
    country_is: str = ""
    country_codes: Mapping[str, str] = field(default_factory=dict)


def codebook_names() -> tuple[str, ...]:
    """The names of the codebooks that come with the project."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def load_codebook(name: str, instrument: str | None = None) -> Codebook:
    """Load a codebook by its name, or from a TOML file of one's own.

    Args:
        name: the name or the file.
        instrument: the TOML file of an instrument whose items the codebook may name, beside those that come
            with the project and the one that it names itself.

    Raises:
        SurveyError: for an unknown name, or an entry that does not make sense, named in one line.
    """
    if name in codebook_names():
        return _built_in(name)
    path = Path(name)
    if not name.endswith(".toml") or not path.is_file():
        raise SurveyError(
            f"unknown codebook {name!r}; expected {', '.join(codebook_names())} or a .toml file"
        )
    # Read anew each time: its author may be at work on it.
    return _build(path, load_toml(path, CodebookFile), instrument)


@cache
def _built_in(name: str) -> Codebook:
    path = _FOLDER / f"{name}.toml"
    return _build(path, load_toml(path, CodebookFile))


def recognise_codebook(columns: Sequence[str], where: str) -> Codebook:
    """Find the codebook whose telling columns the file holds.

    Args:
        columns: the file's columns.
        where: the file, for the message.

    Raises:
        SurveyError: when no codebook, or more than one equally well, fits.
    """
    present = {name.casefold() for name in columns}
    shares = {}
    for name in codebook_names():
        telling = load_codebook(name).recognise
        shares[name] = sum(column.casefold() in present for column in telling) / max(len(telling), 1)
    best = max(shares.values())
    fitting = [name for name, share in shares.items() if share == best]
    if best < 0.5:
        raise SurveyError(f"{where}: its columns are those of no known survey{_nearest(shares, where)}")
    if len(fitting) > 1:
        raise SurveyError(
            f"{where}: its columns fit {' and '.join(fitting)} equally; name one with --codebook"
        )
    return load_codebook(fitting[0])


def _nearest(shares: Mapping[str, float], where: str) -> str:
    """The codebook that fits best, and the ways on."""
    name = max(shares, key=lambda known: shares[known])
    telling = load_codebook(name).recognise
    found = round(shares[name] * len(telling))
    near = f"; nearest is {name}, of whose {len(telling)} telling columns it has {found}" if found else ""
    known = ", ".join(codebook_names())
    return (
        f"{near}. Name its codebook by --codebook ({known}, or a file; in a recipe: survey.codebook), or "
        f"draft one: value-personas survey {shlex.quote(where)} --draft-codebook own.toml"
    )


def _build(path: Path, written: CodebookFile, instrument: str | None = None) -> Codebook:
    refuse_leaks(path, written)
    named = _beside(path, written.survey.instrument)
    own = _own_instrument(path, named, instrument)
    common = _kinds(written.missing, f"{path}: missing")
    scales = {name: stored_scale(entry, f"{path}: scales.{name}") for name, entry in written.scales.items()}
    return Codebook(
        name=written.survey.name,
        title=written.survey.title,
        recognise=tuple(written.survey.recognise),
        design={
            role: tuple(columns)
            for role, columns in written.design.model_dump().items()
            if isinstance(columns, list)
        },
        country_is=written.design.country_is or "",
        country_codes=written.design.country_codes,
        weights={choice: tuple(columns) for choice, columns in written.weights.items()},
        missing=common,
        items={code: _item(path, code, entry, common, own) for code, entry in written.items.items()},
        components=frozenset(written.components.columns),
        questions={
            code: _question(path, code, entry, scales, common) for code, entry in written.questions.items()
        },
        demographics=written.demographics,
        instrument=named,
        personality={
            trait: StoredTrait(
                entry.plus, entry.minus, _scale(entry.scale, scales, f"{path}: personality.{trait}")
            )
            for trait, entry in written.personality.items()
        },
    )


def _kinds(written: Mapping[str, Sequence[float]], where: str) -> dict[float, str]:
    """Kind → codes, turned into code → kind."""
    unknown = [kind for kind in written if kind not in MISSING_KINDS]
    if unknown:
        raise SurveyError(f"{where}: unknown kind {unknown[0]!r}; expected one of {', '.join(MISSING_KINDS)}")
    codes = [code for found in written.values() for code in found]
    twice = [code for code in codes if codes.count(code) > 1]
    if twice:
        raise SurveyError(f"{where}: code {twice[0]:g} stands twice; expected one kind a code")
    return {float(code): kind for kind, found in written.items() for code in found}


def _beside(path: Path, named: str | None) -> str:
    """A file that a codebook names, beside the codebook where its path is relative."""
    return str(path.parent / named) if named else ""


def _own_instrument(path: Path, named: str, given: str | None) -> Instrument | None:
    """What the user gave, else what the codebook names."""
    if given or not named:
        return load_instrument(given) if given else None
    try:
        return load_instrument(named)
    except SurveyError as error:
        raise SurveyError(f"{path}: survey.instrument: {error}") from error


def _item(
    path: Path, code: str, entry: ItemEntry, common: Mapping[float, str], own_instrument: Instrument | None
) -> StoredItem:
    where = f"{path}: items.{code}"
    base = common if entry.missing_codes is None else _kinds(entry.missing_codes, where)
    if not entry.column and entry.build is None:
        raise SurveyError(f"{where}: needs a column or a build rule")
    own = _kinds(entry.missing, where)
    try:
        item, published = item_and_scale(code, own_instrument)
    except SurveyError as error:
        raise SurveyError(f"{where}: {error}") from error
    stored = published if entry.codes is None else published.with_codes(tuple(entry.codes), where)
    check_item(code, published, stored, own, entry.build, where)
    return StoredItem(
        item, columns_of(entry.column), published, stored, {**base, **own}, entry.build, entry.needs_labels
    )


def _question(
    path: Path,
    code: str,
    entry: QuestionEntry,
    scales: Mapping[str, StoredScale],
    common: Mapping[float, str],
) -> StoredQuestion:
    where = f"{path}: questions.{code}"
    model = _like(entry.like, where) if entry.like else None
    if entry.scale is not None:
        _scale(entry.scale, scales, where)
    if model is None and (entry.text is None or entry.scale is None):
        raise SurveyError(f"{where}: needs a text and a scale, or like = 'codebook/question'")
    stored = _scale(entry.scale, scales, where) if entry.scale else (model.stored if model else None)
    assert stored is not None
    if entry.codes is not None:
        stored = stored.with_codes(entry.codes, where)
    old = model.question if model else Question(code, entry.text or "", stored.scale)
    question = Question(
        code=code,
        text=entry.text or old.text,
        scale=stored.scale,
        ivs=entry.ivs or old.ivs,
        topic=entry.topic or old.topic,
        near=old.near if entry.near is None else entry.near,
        battery=entry.battery or old.battery,
    )
    if entry.missing is None:
        own = _own_missing(model, stored)
    else:
        own = _kinds(entry.missing, where)
        refuse_missing_answers(own, stored, where)
    return StoredQuestion(question, columns_of(entry.column) or (code,), stored, {**common, **own})


def _scale(name: str, scales: Mapping[str, StoredScale], where: str) -> StoredScale:
    if name not in scales:
        raise SurveyError(f"{where}: unknown scale {name!r}")
    return scales[name]


def _own_missing(model: StoredQuestion | None, stored: StoredScale) -> dict[float, str]:
    """What the model question adds to the common missing codes: its spontaneous ones."""
    if model is None:
        return {}
    return {
        code: kind
        for code, kind in model.missing.items()
        if kind == "spontaneous" and code not in stored.positions
    }


def _like(reference: str, where: str) -> StoredQuestion:
    name, _, code = reference.partition("/")
    # Only of the codebooks here: a file of one's own that takes over from itself would never end.
    model = _built_in(name).questions.get(code) if name in codebook_names() else None
    if model is None:
        raise SurveyError(f"{where}: like = {reference!r} names no question; expected 'codebook/question'")
    return model

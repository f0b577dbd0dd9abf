"""A first draft of a codebook, and of a recipe that runs by it, written from what a file says of itself."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from value_personas.data.codebooks.missing import normalise
from value_personas.data.formats import Header
from value_personas.data.formats.plain_text import one_line
from value_personas.data.formats.readers import inspect_file, read_columns
from value_personas.data.survey.draft_columns import MOST_OPTIONS, DraftColumn, Role, recognise_column
from value_personas.signatures import SurveyError

_HEAD = """\
# A draft, made from what {name} says of itself. It reads the file as it stands; look at it before it is used:
#   1. [design] and [weights]: are these the right columns?
#   2. rewrite each text in your own words, as the respondent is asked (surveys guard their questionnaires);
#   3. check that labels and codes run in the order of the answer card; what says TO FILL IN bears no
#      labels in the file, so that its words or their order are to be written here;
#   4. questions that say nominal have answers in no order: they are kept, and the recipe does not score them;
#   5. name the topic, and near = true where a question is close to the value items; delete what is no target.
# Columns with more than {most} answers, and those of the fieldwork, are listed at the end.
"""

_BY_HAND = Path(__file__).resolve().parents[1] / "codebooks" / "README.md"
"""How a codebook is written; installed with the package."""

_MOST_TARGETS = 24
_MOST_MISSING = 11  # a code below may be an answer of another question


@dataclass(frozen=True)
class Draft:
    """A draft of a codebook, and what a recipe needs to know of it.

    Attributes:
        codebook: TOML text that ``load_codebook`` reads.
        targets: codes of the questions whose answers lie in an order, so that a run can score them.
        demographics: names of what is known of the respondents.
        country: whether a column or ``country_is`` tells the country.
        encoding: of the file's texts, where its own declaration is wrong.
        unordered: those of ``targets`` of which the file tells words and no order.
        nominal: whether no run can score any of ``targets`` as they are.
    """

    codebook: str
    targets: tuple[str, ...]
    demographics: tuple[str, ...]
    country: bool
    encoding: str | None = None
    unordered: tuple[str, ...] = ()
    nominal: bool = False

    def recipe(
        self, survey: Path, codebook: Path, instrument: str | None = None, items: Iterable[str] = ()
    ) -> str:
        """A recipe that runs at once, with the personas that the survey allows.

        Args:
            survey: the survey's file.
            codebook: where the draft lies; the recipe lies beside it.
            instrument: the file of an instrument of one's own beside it, if any.
            items: questions that are items of it, never targets.
        """
        taken = set(items)
        targets = [code for code in self.targets if code not in taken]
        personas = ["none", "country", *(["demographic"] if self.demographics else [])]
        personas += ["values-hedged"] if instrument else []
        rest = targets[_MOST_TARGETS:]
        further = f"# Further targets of the codebook: {', '.join(rest)}\n" if rest else ""
        encoding = f"encoding = {_quote(self.encoding)}\n" if self.encoding else ""
        profiles = f"\ninstrument = {_quote(instrument)}" if instrument else ""
        return (
            f"# A first run on {one_line(survey.name)}, on the embedded respondent: free, and synthetic.\n"
            "# For a real model change [respondent]: value-personas run --help\n"
            f"name = {_quote(codebook.stem)}\n"
            f"personas = {_list(personas)}\n\n"
            f"[survey]\npath = {_quote(_from(survey, codebook.parent))}\n"
            f"codebook = {_quote(codebook.name)}\n{encoding}\n"
            f"{further}[questions]\ninclude = {_list(targets[:_MOST_TARGETS])}\n\n"
            f"[profiles]\nn = 40{profiles}\n\n"
            '[respondent]\nlm = "synthetic/respondent"\n'
        )


def draft_codebook(path: str | Path, encoding: str | None = None, country_is: str | None = None) -> str:
    """Write a first draft of a codebook for a file; see ``draft_survey``."""
    return draft_survey(path, encoding, country_is).codebook


def draft_survey(path: str | Path, encoding: str | None = None, country_is: str | None = None) -> Draft:
    """Draft a codebook for a file that no codebook knows.

    Args:
        path: the survey's file.
        encoding: of its texts, where its own declaration is wrong.
        country_is: the country of all respondents, where no column tells it.

    Raises:
        SurveyError: when the file cannot be read, or no column of it looks like a question.
    """
    header = inspect_file(path, encoding)
    frame = read_columns(header, header.columns)
    columns = {name: recognise_column(header, name, frame[name]) for name in header.columns}
    columns = _first_of_each_demographic(columns)
    asked = {name: c for name, c in columns.items() if c.role in ("ordered", "nominal", "to fill in")}
    if not asked:
        raise SurveyError(
            f"{path}: no column looks like a question: none has 2 to {MOST_OPTIONS} answers; a codebook "
            f"for it has to be written by hand ({_BY_HAND} tells how)"
        )
    common = _common_missing(asked.values())
    demographics = {c.name: (name, c) for name, c in columns.items() if c.role == "demographic"}
    countries = [*_of(columns, "country_alpha"), *_of(columns, "country")]
    lines = [
        _HEAD.format(name=one_line(Path(path).name), most=MOST_OPTIONS),
        "[survey]",
        f"name = {_quote(Path(path).stem)}",
        f"title = {_quote(Path(path).stem)}",
        f"recognise = {_list(list(asked)[:8])}",
        "",
        *_design(columns, country_is),
        *_weights(columns),
        "[missing]",
        *(f"{kind} = {_codes(codes)}" for kind, codes in common.items()),
        "",
        *_question_sections(header, asked, {code for codes in common.values() for code in codes}),
        *_demographic_section(demographics),
        f"# left out: {', '.join(one_line(name) for name, c in columns.items() if c.role in _UNUSED)}",
    ]
    ordered = tuple(name for name, c in asked.items() if c.role == "ordered")
    unlabelled = tuple(name for name, c in asked.items() if c.role == "to fill in")
    numbered = tuple(name for name in unlabelled if not asked[name].is_worded)
    targets = ordered or numbered or unlabelled or tuple(asked)
    nominal = not (ordered or unlabelled)
    return Draft(
        "\n".join(lines) + "\n",
        targets,
        tuple(demographics),
        bool(countries or country_is),
        encoding,
        unordered=tuple(n for n in targets if nominal or (n in unlabelled and asked[n].is_worded)),
        nominal=nominal,
    )


_UNUSED = ("left out", "background")


def _first_of_each_demographic(columns: Mapping[str, DraftColumn]) -> dict[str, DraftColumn]:
    """A second column on the same thing is background."""
    seen: set[str] = set()
    found: dict[str, DraftColumn] = {}
    for name, column in columns.items():
        twice = column.role == "demographic" and column.name in seen
        seen.add(column.name)
        found[name] = DraftColumn("background") if twice else column
    return found


def _of(columns: Mapping[str, DraftColumn], role: Role) -> list[str]:
    return [name for name, column in columns.items() if column.role == role]


def _design(columns: Mapping[str, DraftColumn], country_is: str | None) -> list[str]:
    lines = ["[design]"]
    if country_is:
        lines.append(f"country_is = {_quote(country_is)}")
    for role in ("country", "country_alpha", "wave", "year", "study", "respondent", "cluster"):
        found = _of(columns, role)
        if found and not (country_is and role.startswith("country")):
            lines.append(f"{role} = {_list(found)}")
    if not country_is and not _of(columns, "country") and not _of(columns, "country_alpha"):
        lines.append('# country_is = "NZL"  # TO FILL IN: no column tells the country')
    return [*lines, ""]


def _weights(columns: Mapping[str, DraftColumn]) -> list[str]:
    roles: tuple[Role, ...] = ("within-country", "equal-country", "population")
    lines = [f"{role} = {_list(_of(columns, role))}" for role in roles if _of(columns, role)]
    return [
        "[weights]",
        *(lines or ["# within-country = []  # none found: every respondent counts as 1"]),
        "",
    ]


def _common_missing(columns: Iterable[DraftColumn]) -> dict[str, list[float]]:
    """Codes that are missing wherever they occur, each of one kind; the others stand with their question."""
    kinds: dict[float, set[str]] = {}
    answers: set[float | str] = set()
    for column in columns:
        answers |= set(column.options)
        for kind, codes in column.missing.items():
            for code in codes:
                kinds.setdefault(code, set()).add(kind)
    common: dict[str, list[float]] = {}
    for code, found in sorted(kinds.items()):
        if code not in answers and len(found) == 1 and not 0 <= code <= _MOST_MISSING:
            common.setdefault(next(iter(found)), []).append(code)
    return common


def _question_sections(header: Header, asked: Mapping[str, DraftColumn], common: set[float]) -> list[str]:
    scales: dict[tuple[tuple[float, str], ...], str] = {}
    lines = []
    for name, column in asked.items():
        key = tuple(_distinct(column.options).items())
        scale = scales.setdefault(key, f"scale_{len(scales) + 1}")
        text = header.labels.get(name, name)
        own = {kind: [code for code in codes if code not in common] for kind, codes in column.missing.items()}
        missing = ", ".join(f"{kind} = {_codes(codes)}" for kind, codes in own.items() if codes)
        lines.append(
            f'{_key(name)} = {{ text = {_quote(text)}, scale = "{scale}", '
            f'topic = "{"nominal" if column.role == "nominal" else "other"}"'
            + (f", missing = {{ {missing} }}" if missing else "")
            + " }"
            + (_to_fill_in(column) if column.role == "to fill in" else "")
        )
    written = [
        f"{name} = {{ labels = {_list(text for _, text in key)}, codes = {_codes(code for code, _ in key)} }}"
        for key, name in scales.items()
    ]
    return ["[scales]", *written, "", "[questions]", *lines, ""]


def _to_fill_in(column: DraftColumn) -> str:
    what = "put them in the order of the answer card" if column.is_worded else "the file bears no labels"
    return f"  # TO FILL IN: {what}"


def _demographic_section(found: Mapping[str, tuple[str, DraftColumn]]) -> list[str]:
    if not found:
        return []
    lines = ["[demographics]"]
    for name, (source, column) in found.items():
        if name == "age":
            lines.append(f'age = {{ column = {_quote(source)}, unit = "years", range = [14, 110] }}')
            continue
        options = _distinct(column.options)
        lines.append(
            f"{name} = {{ column = {_quote(source)}, labels = {_list(list(options.values()))}, "
            f"codes = {_codes(options)} }}" + ("" if column.labelled else "  # TO FILL IN: which is which?")
        )
    return [*lines, ""]


def _distinct(options: Mapping[float | str, str]) -> dict[float, str]:
    """Labels made different where the file repeats one; texts are numbered as they occur."""
    numbered = {
        code if isinstance(code, float) else float(i): text
        for i, (code, text) in enumerate(options.items(), 1)
    }
    texts = [normalise(text) for text in numbered.values()]
    return {
        code: text if text and texts.count(normalise(text)) == 1 else f"{text} – {code:g}"
        for code, text in numbered.items()
    }


def _from(survey: Path, folder: Path) -> str:
    """A path as a recipe in a folder writes it."""
    try:
        return Path(os.path.relpath(survey.resolve(), folder.resolve())).as_posix()
    except ValueError:  # on another drive
        return str(survey.resolve())


def _codes(codes: Iterable[float]) -> str:
    return "[" + ", ".join(f"{code:.12g}" for code in codes) + "]"


def _key(name: str) -> str:
    return name if name.replace("_", "").isalnum() and name.isascii() else _quote(name)


def _quote(text: str) -> str:
    # Printable text as JSON is a TOML basic string. A question may be long; a label of 500 signs is not one.
    return json.dumps(one_line(text, 500), ensure_ascii=False)


def _list(texts: Iterable[str]) -> str:
    return "[" + ", ".join(map(_quote, texts)) + "]"

"""A first draft of a codebook, written from what a file says of itself."""

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from value_personas.data.codebooks.missing import kind_from_words, normalise
from value_personas.data.formats import Header
from value_personas.data.formats.plain_text import one_line
from value_personas.data.formats.readers import inspect_file, read_columns

__all__ = ["draft_codebook"]

_MOST_OPTIONS = 11
_WEIGHT_WORDS = ("weight", "pspwght", "anweight", "gwght")
_COUNTRY_NAMES = ("country", "cntry", "b_country", "s003", "country_alpha", "nation", "land")

_HEAD = """\
# A draft, made from the variable and value labels of {name}. Before it is used:
#   1. put the right columns into [design] and [weights];
#   2. rewrite each text in your own words, as the respondent is asked (surveys guard their questionnaires);
#   3. check that labels and codes run in the order of the answer card;
#   4. name the topic, and near = true where a question is close to the value items; delete what is no target.
# Columns with more than {most} values, or with none labelled, are listed at the end.
"""


def draft_codebook(path: str | Path, encoding: str | None = None) -> str:
    """Write a first draft of a codebook for a file.

    Returns:
        TOML text that ``load_codebook`` reads once [design] is filled in.

    Raises:
        SurveyError: when the file cannot be read.
    """
    header = inspect_file(path, encoding)
    frame = read_columns(header, header.columns)
    country = [name for name in header.columns if name.casefold() in _COUNTRY_NAMES]
    weights = [name for name in header.columns if _speaks_of_weight(name, header)]
    questions, left_out = {}, []
    for name in header.columns:
        options = None if name in (*country, *weights) else _options(header, name, frame[name])
        if options is None:
            left_out.append(name)
        else:
            questions[name] = options
    lines = [
        _HEAD.format(name=one_line(Path(path).name), most=_MOST_OPTIONS),
        "[survey]",
        f"name = {_quote(Path(path).stem)}",
        f"title = {_quote(Path(path).stem)}",
        f"recognise = {_list(list(questions)[:8])}",
        "",
        "[design]",
        f"country = {_list(country)}",
        "",
        "[weights]",
        *([f"within-country = {_list(weights)}"] if weights else ["# within-country = []"]),
        "",
        *_missing_section(header, questions),
        *_question_sections(header, questions),
        f"# left out: {', '.join(one_line(name) for name in left_out)}",
    ]
    return "\n".join(lines) + "\n"


def _speaks_of_weight(name: str, header: Header) -> bool:
    label = header.labels.get(name, "").casefold()
    return (
        name.casefold() in _WEIGHT_WORDS
        or name.casefold().endswith("weight")
        or label in ("weight", "weights")
    )


def _options(header: Header, name: str, values: "pd.Series[float]") -> dict[float, str] | None:
    """Code → label of the answers, None where the column is no question with a few options."""
    labels = {
        float(value): text
        for value, text in header.value_labels.get(name, {}).items()
        if not isinstance(value, str) and not _is_missing(header, name, value, text)
    }
    if not labels or not pd.api.types.is_numeric_dtype(values):
        return None
    numbers = values.dropna().unique()
    present = {
        float(code): str(int(code))
        for code in numbers
        if float(code).is_integer() and not _declared(header, name, code)
    }
    negative = {code for code in present if code < 0 and code not in labels}
    found = {**{code: text for code, text in present.items() if code not in negative}, **labels}
    return dict(sorted(found.items())) if 2 <= len(found) <= _MOST_OPTIONS else None


def _declared(header: Header, name: str, value: float | str) -> bool:
    return any(
        not isinstance(low, str)
        and not isinstance(high, str)
        and not isinstance(value, str)
        and low <= value <= high
        for low, high in header.missing.get(name, ())
    )


def _is_missing(header: Header, name: str, value: float | str, text: str) -> bool:
    return _declared(header, name, value) or kind_from_words(text) is not None


def _missing_section(header: Header, questions: Mapping[str, dict[float, str]]) -> list[str]:
    kinds: dict[str, set[float]] = {}
    for name in questions:
        for value, text in header.value_labels.get(name, {}).items():
            if not isinstance(value, str) and _is_missing(header, name, value, text):
                kinds.setdefault(kind_from_words(text) or "declared_missing", set()).add(float(value))
    # A code may be missing for one variable and an answer to another; the file's own labels settle it there.
    taken: set[float] = set()
    lines = ["[missing]"]
    for kind, codes in kinds.items():
        own = sorted(code for code in codes - taken if code < 0 or code > _MOST_OPTIONS)
        taken |= set(own)
        if own:
            lines.append(f"{kind} = [{', '.join(f'{code:g}' for code in own)}]")
    return [*lines, ""]


def _question_sections(header: Header, questions: Mapping[str, dict[float, str]]) -> list[str]:
    scales: dict[tuple[tuple[float, str], ...], str] = {}
    lines = []
    for name, options in questions.items():
        key = tuple(_distinct(options).items())
        scale = scales.setdefault(key, f"scale_{len(scales) + 1}")
        text = header.labels.get(name, name)
        lines.append(f'{_key(name)} = {{ text = {_quote(text)}, scale = "{scale}", topic = "other" }}')
    written = [
        f"{name} = {{ labels = {_list([text for _, text in key])}, "
        f"codes = [{', '.join(f'{code:g}' for code, _ in key)}] }}"
        for key, name in scales.items()
    ]
    return ["[scales]", *written, "", "[questions]", *lines, ""]


def _distinct(options: Mapping[float, str]) -> dict[float, str]:
    """Labels made different where the file repeats one, as labels are compared."""
    texts = [normalise(text) for text in options.values()]
    return {
        code: text if texts.count(normalise(text)) == 1 else f"{text} – {code:g}"
        for code, text in options.items()
    }


def _key(name: str) -> str:
    return name if name.replace("_", "").isalnum() and name.isascii() else _quote(name)


def _quote(text: str) -> str:
    # Printable text as JSON is a TOML basic string. A question may be long; a label of 500 signs is not one.
    return json.dumps(one_line(text, 500), ensure_ascii=False)


def _list(texts: list[str]) -> str:
    return "[" + ", ".join(map(_quote, texts)) + "]"

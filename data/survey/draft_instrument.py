"""Drafted questions made value items: an instrument of one's own, and the codebook that stores it."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from value_personas.signatures import SurveyError

_HEAD = """\
# A draft of an instrument: what personas tell of. Before it is used:
#   1. give each item a name of a word or three, and rewrite its text in your own words;
#   2. rewrite labels so that each tells what the answer means when it stands alone;
#   3. where items lie on the cultural map, give axis and sign; near names questions that ask almost the same.
# A recipe takes it by profiles.instrument = "{file}".
"""


def draft_instrument(codebook: str, items: Sequence[str], file: str) -> tuple[str, str]:
    """Take questions of a drafted codebook as value items.

    Args:
        codebook: the text that ``draft_codebook`` wrote.
        items: codes of the questions, in the order in which a profile lists them.
        file: the name under which the instrument will lie beside the codebook.

    Returns:
        The codebook with these as items, and the instrument, both TOML.

    Raises:
        SurveyError: when one of them is no drafted question, or all of them are items.
    """
    drafted = tomllib.loads(codebook)
    questions, scales = drafted["questions"], drafted["scales"]
    if unknown := [code for code in items if code not in questions]:
        raise SurveyError(f"--items {unknown[0]}: no drafted question; there are {', '.join(questions)}")
    if len(set(items)) == len(questions):
        raise SurveyError("--items: names every drafted question; leave some to be predicted")
    entries = {code: (questions[code], scales[questions[code]["scale"]]) for code in dict.fromkeys(items)}
    lines = [_HEAD.format(file=file), "[instrument]", f"name = {json.dumps(Path(file).stem)}"]
    lines += [f"title = {json.dumps(Path(file).stem)}", "minimum_share = 0.5"]
    for code, (question, scale) in entries.items():
        lines += ["", *_item(code, question, scale)]
    return _with_items(codebook, entries, file), "\n".join(lines) + "\n"


def _item(code: str, question: Mapping[str, Any], scale: Mapping[str, Any]) -> list[str]:
    told = {"name": code, "text": question["text"], **scale}
    return [f"[items.{_key(code)}]", *(f"{key} = {_value(value)}" for key, value in told.items())]


def _with_items(codebook: str, items: Mapping[str, tuple[Mapping[str, Any], Any]], file: str) -> str:
    kept, section = [], ""
    for line in codebook.splitlines():
        if line.startswith("["):
            section = line.strip("[] ")
        if section == "questions" and "=" in line and set(tomllib.loads(line)) & set(items):
            continue
        if line == "[scales]":
            columns = {code: question.get("column", code) for code, (question, _) in items.items()}
            kept += [
                "[items]",
                *(f"{_key(c)} = {{ column = {_value(of)} }}" for c, of in columns.items()),
                "",
            ]
        kept.append(line)
        if line == "[survey]":
            kept.append(f"instrument = {json.dumps(file)}")
    return "\n".join(kept) + "\n"


def _key(code: str) -> str:
    return code if code.replace("_", "").isalnum() and code.isascii() else _value(code)


def _value(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)  # texts, numbers and lists of them are TOML as they are JSON

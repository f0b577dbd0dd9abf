"""Telling requests apart by their text: a descriptor to write, a question to answer, or neither."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from dspy.lm15 import Request, TextPart

_FIELD = re.compile(
    r"^\[\[ ## (\w+) ## \]\]\s*\n(.*?)(?=\n\s*\[\[ ## |\n\s*Respond with |\Z)", re.DOTALL | re.MULTILINE
)
_OPTION = re.compile(r"^\s*([A-Z])[.)]\s+(\S.*?)\s*$")
_QUOTED = re.compile(r"""["']([^"']+)["']""")

_WHO = ("persona", "descriptor", "population")
"""The fields in which a prompt says who is asked."""


@dataclass(frozen=True, slots=True)
class DescriptorTask:
    """A request to describe one answer.

    Attributes:
        item: what the item asks.
        scale: every possible answer.
        answer: the one to describe.
        address: the pronoun asked for.
        instruction: the whole system text.
        examples: the replies that the prompt shows as demonstrations.
    """

    item: str
    scale: tuple[str, ...]
    answer: str
    address: str
    instruction: str
    examples: tuple[str, ...] = ()


class QuestionTask(NamedTuple):
    """A request to answer a question as a described person.

    Attributes:
        description: everything before the question.
        question: its text.
        letters: the options' letters, as listed.
        labels: the options' texts, as listed.
        verbalised: whether a probability for each option is asked for in words.
        field: the field in which a ChatAdapter prompt wants the reply, None for a plain prompt.
        forecast: whether the answers of a whole population are asked for, and nobody is played.
    """

    description: str
    question: str
    letters: tuple[str, ...]
    labels: tuple[str, ...]
    verbalised: bool
    field: str | None = None
    forecast: bool = False


def read_request(request: Request) -> DescriptorTask | QuestionTask | None:
    """What a request wants, told by its system text and its last message; None when it is neither."""
    system = request.system if isinstance(request.system, str) else joined(request.system or ())
    user = joined(request.messages[-1].parts)
    if "[[ ## " in user:
        shown = tuple(joined(m.parts) for m in request.messages[:-1] if m.role == "assistant")
        return _read_fields(system, dict(_FIELD.findall(user)), shown)
    start = user.rfind("\nA. ")  # the last list: a persona may hold one too
    start = max(start, user.rfind("\nA) ", max(start, 0)))
    if start < 0:
        return None
    before, _, question = user[:start].rstrip().rpartition("\n\n")
    letters, labels = _read_options(user[start:])
    if len(letters) < 2:
        return None
    wants, forecast = _wants_probabilities(system), _is_forecast(system)
    return QuestionTask(before or system, question.strip(), letters, labels, wants, forecast=forecast)


def _read_fields(
    system: str, fields: Mapping[str, str], shown: tuple[str, ...] = ()
) -> DescriptorTask | QuestionTask | None:
    if {"item", "scale", "answer"} <= fields.keys():
        return DescriptorTask(
            fields["item"].strip(),
            _read_list(fields["scale"]),
            fields["answer"].strip(),
            fields.get("address", "you").strip(),
            system,
            shown,
        )
    if {"question", "options"} <= fields.keys():
        letters, labels = _read_options(fields["options"])
        description = next((fields[name] for name in _WHO if fields.get(name)), "")
        verbalised = _wants_probabilities(system)
        field = "probabilities" if verbalised else "answer"
        if len(letters) >= 2:
            asked = description, fields["question"].strip(), letters, labels
            return QuestionTask(*asked, verbalised, field, _is_forecast(system))
    return None


@lru_cache(maxsize=4096)
def _read_options(block: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Letters and texts of the options that a block begins with."""
    letters, labels = [], []
    for line in block.strip().splitlines():
        found = _OPTION.match(line)
        if found is None:
            break
        letters.append(found.group(1))
        labels.append(found.group(2))
    return tuple(letters), tuple(labels)


def _read_list(text: str) -> tuple[str, ...]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return tuple(_QUOTED.findall(text)) or tuple(
            line.strip() for line in text.splitlines() if line.strip()
        )
    return tuple(str(part) for part in value) if isinstance(value, list) else (str(value),)


@lru_cache(maxsize=256)
def _wants_probabilities(system: str) -> bool:
    return re.search(r"\bprobabilit", system) is not None


@lru_cache(maxsize=256)
def _is_forecast(system: str) -> bool:
    return re.search(r"\bForecast\b", system) is not None


def joined(parts: tuple[object, ...]) -> str:
    """The texts of a message's parts."""
    if len(parts) == 1 and isinstance(parts[0], TextPart):
        return str(parts[0].text)
    return "\n".join(part.text for part in parts if isinstance(part, TextPart))

"""The one field of a reply, however a model marked it."""

import json
import re

import dspy

from value_personas.programs.rendering import parse_reply_fields

_FLAGS = re.DOTALL | re.IGNORECASE
_THINKING = re.compile(r"<(think|thinking|reasoning)>.*?(</\1>|\Z)|^.*</(think|thinking|reasoning)>", _FLAGS)
_TOKENS = re.compile(r"<\|[^|<>\n]{1,40}\|>|</?s>|<(start|end)_of_turn>|```\w*")
_CLOSING = re.compile(r"[*\s]*\[+\s*#*\s*completed\b.*", _FLAGS)
_PREAMBLE = re.compile(
    r"^(?:(?:sure|certainly|of course)[,.!]*\s+)?(?:here(?: is|'s)[^:\n]{0,80}:\s*)?", _FLAGS
)
_DECLINING = re.compile(
    r"\bas an? (ai|language model|assistant)\b|\bi('m| am) (sorry|unable|not able)\b"
    r"|\b(prefer|rather) not\b"
    r"|\bi (can('|no)?t|cannot|won't) (help|assist|comply|provide|describe|do th(is|at))\b",
    _FLAGS,
)


def single_field(signature: type[dspy.Signature], text: str) -> str | None:
    """The text of a signature's one output field; None where a reply holds none.

    Small models keep to no form: the field's marker in any spacing or emphasis, its name and a colon, JSON,
    or the text alone are read. What declines is no text.

    Raises:
        ValueError: when the signature has several output fields, so that a reply has no one reading.
    """
    (name,) = signature.output_fields
    if (fields := parse_reply_fields(signature, text)) is not None:
        return " ".join(str(fields[name]).split())
    plain = _TOKENS.sub(" ", _THINKING.sub(" ", text)).replace("’", "'")
    plain = _PREAMBLE.sub("", _CLOSING.sub("", plain).strip(), count=1)
    marker = rf"\[[\[*#_\s]*{name}[\]*#_\s]*\][*_\s]*:?|^[*#_\s]*{name}[*_\s]*:[*_\s]*"
    plain = _out_of_json(re.split(marker, plain, flags=re.IGNORECASE)[-1], name)
    plain = " ".join(plain.strip(' \t\r\n*_`"“”').split())
    return plain if plain and not _DECLINING.search(plain) else None


def _out_of_json(text: str, name: str) -> str:
    """The named or only text of a JSON object; what is none as it is."""
    start, end = text.find("{"), text.rfind("}") + 1
    try:
        value = json.loads(text[start:end]) if 0 <= start < end else None
    except (json.JSONDecodeError, RecursionError):
        return text
    if not isinstance(value, dict):
        return text
    folded = {key.casefold(): inner for key, inner in value.items()}
    inner = folded.get(name, next(iter(folded.values())) if len(folded) == 1 else None)
    return inner if isinstance(inner, str) else ""

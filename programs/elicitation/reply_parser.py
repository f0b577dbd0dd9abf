"""Which option a free reply chose. It never guesses: a tie, a refusal or a stray number is no answer."""

import json
import re

from programs.elicitation.forms import DONT_KNOW, Form
from signatures import MissingAnswer, MissingReason

__all__ = ["parse_reply"]

_THINKING = re.compile(r"<(think|thinking|reasoning)>.*?(</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_MARKUP = re.compile(r"[*_`#>]+")
_REFUSAL = re.compile(
    r"\bas an? (ai|language model|assistant)\b"
    r"|\bi('m| am) (sorry|not able|unable)\b"
    r"|\bi (can('|no)?t|cannot|won't|will not|decline|refuse)\b"
    r"|\b(prefer|rather) not (to )?(say|answer)\b"
    r"|\b(don't|do not) (have|hold) (personal )?(opinions|views|beliefs)\b",
    re.IGNORECASE,
)
_STATED = re.compile(
    r"\b(?:answer|choice|option|choose|chose|select|pick|letter)\b(?:\s+(?:is|would be|be))?\s*[:=\-]?\s*"
    r"[\"'(\[]?([A-Za-z])[\"')\].,;!]?(?=\s|$)",
    re.IGNORECASE,
)
_LEADING = re.compile(r"^[\"'(\[]?([A-Za-z])[\"')\]]?(?:\s*[.:)\-–,;]\s*(.*))?$", re.DOTALL)
_NEGATION = re.compile(r"\b(not|never|isn't|wouldn't|don't|neither|nor|hardly|rather than)\s+(\w+\s+){0,2}$")
_NUMBER = re.compile(r"(?<![\d.,/])-?\d+(?:[.,]\d+)?(?:\s*(?:/|out of)\s*(\d+))?")


def parse_reply(text: str, form: Form) -> int | MissingAnswer:
    """Find the option that a reply chose.

    Args:
        text: a model's reply, as it came.
        form: the page it replies to.

    Returns:
        The chosen option's position on the question's scale, or why there is none.
    """
    cleaned = _MARKUP.sub(" ", _THINKING.sub(" ", text)).strip()
    if not cleaned:
        return MissingAnswer(MissingReason.EMPTY, text[:200])
    if _REFUSAL.search(cleaned.replace("’", "'")):
        return MissingAnswer(MissingReason.REFUSED, text[:200])
    if _says_dont_know(cleaned, form):
        return MissingAnswer(MissingReason.DONT_KNOW, text[:200])
    for candidates in (_json_value, _letters, _labels, _numbers):
        found = candidates(cleaned, form)
        if len(found) == 1:
            return found.pop()
        if found:
            break  # two options named by the same means: a tie, and weaker evidence must not settle it
    return MissingAnswer(MissingReason.UNPARSEABLE, text[:200])


def _says_dont_know(text: str, form: Form) -> bool:
    """Whether the reply is the offered "don't know", by its letter or in words, and nothing else."""
    if form.dont_know_letter is None:
        return False
    bare = rf"[\"'(\[]?{form.dont_know_letter}[\"')\]]?[.:)]?\s*({DONT_KNOW})?[.!]?"
    spoken = text.replace("’", "'")
    return re.fullmatch(rf"{bare}|(i )?{DONT_KNOW}[.!]?", spoken, re.IGNORECASE) is not None


def _json_value(text: str, form: Form) -> set[int]:
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        return set()
    try:
        value = json.loads(text[start : end + 1])
    except (json.JSONDecodeError, RecursionError):
        return set()
    values = list(value.values()) if isinstance(value, dict) else []
    if len(values) != 1 or not isinstance(values[0], str | int | float):
        return set()
    inner = str(values[0])
    return _letters(inner, form) or _labels(inner, form) or _numbers(inner, form)


def _letters(text: str, form: Form) -> set[int]:
    """Letters that stand where an answer stands: alone, first before its option's text, or announced."""
    leading = _LEADING.match(text)
    if leading:
        letter, rest = leading.group(1).upper(), (leading.group(2) or "").strip()
        if letter in form.letters:
            return {form.position(letter)} | _labels(rest, form)  # another option's text makes it a tie
    announced = {m.group(1).upper() for m in _STATED.finditer(text) if m.group(1).isupper()}
    return {form.position(a) for a in announced if a in form.letters}


def _labels(text: str, form: Form) -> set[int]:
    """Options whose wording stands in the text, not negated and not within a longer option's wording."""
    wordings = {_wording(label): i for i, label in enumerate(form.question.scale.labels)}
    folded, found = text.casefold(), set()
    for wording in sorted(filter(None, wordings), key=len, reverse=True):
        pattern = re.compile(rf"(?<!\w){re.escape(wording)}(?!\w)")
        for match in pattern.finditer(folded):
            if not _NEGATION.search(folded[: match.start()]):
                found.add(wordings[wording])
        folded = pattern.sub(" ", folded)
    return found


def _wording(label: str) -> str:
    """The words of a label; a bare number has none, "1 – never" has "never". Numbers are read apart."""
    return re.sub(r"^\d+\s*[–-]?\s*", "", label.casefold())


def _numbers(text: str, form: Form) -> set[int]:
    """Numbers on a numeric scale, "7/10" included where 10 is its top."""
    scores = {score: i for i, score in enumerate(form.question.scale.scores)}
    if not _is_numeric(form):
        return set()
    found: set[int] = set()
    for match in _NUMBER.finditer(text):
        if match.group(1) and float(match.group(1)) != max(scores):
            return set()
        value = float(re.split(r"[/o]", match.group(0))[0].strip().replace(",", "."))
        if value not in scores:
            return set()  # a number off the scale: whatever else is said, this is not an answer to it
        found.add(scores[value])
    return found


def _is_numeric(form: Form) -> bool:
    """Whether the options are numbers, as on a 1–10 scale with labelled ends."""
    return sum(not _wording(label) for label in form.question.scale.labels) >= 2

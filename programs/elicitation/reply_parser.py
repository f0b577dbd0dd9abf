"""Which option a free reply chose. It never guesses: a tie, a refusal or a stray number is no answer."""

import json
import re
from collections.abc import Collection

from value_personas.programs.elicitation.forms import DONT_KNOW, Form
from value_personas.signatures import MissingAnswer, MissingReason

__all__ = ["parse_reply"]

_LONGEST = 4000
"""Characters of the longest reply that is read: what is longer answers no such question, and takes long."""

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
_UNSURE = re.compile(
    r"\b(do(n't| not) know|dunno|not sure|unsure|undecided|no (idea|opinion))\b", re.IGNORECASE
)
_ALONE = r"(?:[B-HJ-Z](?!\w)|[AI](?=\s*(?:[^\w\s]|$)))"
"""A letter by itself; A and I are words too, unless nothing or a mark comes after them."""

_STATED = re.compile(
    r"\b(?i:answer|choice|option|choose|chose|select|pick|letter)\b(?:\s+(?i:is|would be|be))?\s*[:=\-]?\s*"
    rf"[\"'(\[]?({_ALONE})"
)
_LEADING = re.compile(r"^[\"'(\[]?([A-Za-z])[\"')\]]?(?:\s*$|\s*([.:)]|[\-–,;]|\n)\s*(.*))$", re.DOTALL)
_OTHER_LETTER = re.compile(r"(?<![\w'])([B-HJ-Z])(?![\w'])")
_NEGATION = re.compile(
    r"\b(not|never|no|cannot|neither|nor|hardly|\w+n't|rather than|instead of|far from|reject|rule out)"
    r"\s+([\w']+\s+){0,4}$",
    re.IGNORECASE,
)
_BOUND = re.compile(
    r"\b((less|more|fewer|lower|higher|greater|other) than|at least|at most|above|below|over|under)\s+$"
)
_NUMBER = re.compile(r"(?<![\w.,/])-?\d+(?:[.,]\d+)?(?:\s*(?:/|out of)\s*(\d+))?(?![\w%])")
_RANGE = re.compile(r"\b(?:scale|range)\s+(?:of|from)?\s*(\d+)\s*(?:to|-|–)\s*(\d+)", re.IGNORECASE)
_ANSWER_KEYS = ("answer", "choice", "option", "letter", "rating", "response", "value")


def parse_reply(text: str, form: Form) -> int | MissingAnswer:
    """Find the option that a reply chose.

    Args:
        text: a model's reply, as it came.
        form: the page it replies to.

    Returns:
        The chosen option's position on the question's scale, or why there is none.
    """
    cleaned = _MARKUP.sub(" ", _THINKING.sub(" ", text)).replace("’", "'").strip()
    if not cleaned:
        return MissingAnswer(MissingReason.EMPTY, text[:200])
    if len(cleaned) > _LONGEST:
        return MissingAnswer(MissingReason.UNPARSEABLE, text[:200])
    cleaned = _out_of_json(cleaned)
    if _REFUSAL.search(cleaned):
        return MissingAnswer(MissingReason.REFUSED, text[:200])
    if _says_dont_know(cleaned, form):
        return MissingAnswer(MissingReason.DONT_KNOW, text[:200])
    for candidates in (_letters, _labels, _numbers):
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
    return re.fullmatch(rf"{bare}|(i )?({DONT_KNOW}|do not know)[.!]?", text, re.IGNORECASE) is not None


def _out_of_json(text: str) -> str:
    """The answer that JSON holds, an empty text where it holds none or several; what is no JSON as it is."""
    start, end = (text.find("{"), text.rfind("}") + 1) if text[0] != "[" else (0, len(text))
    if not 0 <= start < end:
        return text
    try:
        value = json.loads(text[start:end])
    except (json.JSONDecodeError, RecursionError):
        return text
    if isinstance(value, dict):
        named = [inner for key, inner in value.items() if key.casefold() in _ANSWER_KEYS]
        value = named or list(value.values())
    single = value[0] if len(value) == 1 else None
    return str(single).strip() if isinstance(single, str | int | float) else ""


def _letters(text: str, form: Form) -> set[int]:
    """Letters that stand where an answer stands: alone, first before its option's text, or announced."""
    leading = _LEADING.match(text)
    if leading and leading.group(1).upper() in form.letters:
        own, mark, rest = {form.position(leading.group(1).upper())}, leading.group(2), leading.group(3) or ""
        said = _labels(rest, form) | _numbers(rest, form)
        # After a comma or a dash a sentence may go on that began with "A" or "I".
        if mark is None or mark in ".:)\n" or said == own:
            others = {form.position(a) for a in _OTHER_LETTER.findall(rest) if a in form.letters}
            return own | said | others  # another option's text or letter makes it a tie
    stated = (m for m in _STATED.finditer(text) if not _NEGATION.search(text[: m.start()]))
    return {form.position(m.group(1)) for m in stated if m.group(1) in form.letters}


def _labels(text: str, form: Form) -> set[int]:
    """Options whose wording stands in the text, not negated and not within a longer option's wording."""
    if _UNSURE.search(text):
        return set()
    wordings = {_wording(label): i for i, label in enumerate(form.question.scale.labels)}
    folded, found = text.casefold().replace("-", " "), set[int]()
    for wording in sorted(filter(None, wordings), key=len, reverse=True):
        pattern = re.compile(rf"(?<!\w){re.escape(wording)}(?!\w)")
        if wording == "no":
            pattern = re.compile(r"(?<!\w)no(?!\s*\w)")  # "no idea" is no "no"
        for match in pattern.finditer(folded):
            if not _NEGATION.search(folded[: match.start()]):
                found.update(wordings[w] for w in _told_by(wording, wordings, folded))
        folded = pattern.sub(" ", folded)
    return found


def _told_by(wording: str, wordings: Collection[str], text: str) -> list[str]:
    """A wording, and those that it is part of and whose other words stand there too: "disagree, strongly"."""
    words = set(re.findall(r"[\w']+", text))
    return [w for w in wordings if w == wording or set(wording.split()) < set(w.split()) <= words]


def _wording(label: str) -> str:
    """The words of a label; a bare number has none, "1 – never" has "never". Numbers are read apart."""
    return re.sub(r"^\d+\s*[–-]?\s*", "", label.casefold()).replace("’", "'").replace("-", " ")


def _numbers(text: str, form: Form) -> set[int]:
    """Numbers on a numeric scale, "7/10" included where 10 is its top."""
    scores = {score: i for i, score in enumerate(form.question.scale.scores)}
    if not _is_numeric(form):
        return set()
    found: set[int] = set()
    ends = {min(scores), max(scores)}
    text = _RANGE.sub(lambda m: "" if {float(m[1]), float(m[2])} == ends else m[0], text)
    for match in _NUMBER.finditer(text):
        before = text[: match.start()]
        if _NEGATION.search(before) or _BOUND.search(before):
            return set()
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

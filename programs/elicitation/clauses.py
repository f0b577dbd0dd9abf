"""Which parts of a reply affirm something: not what is denied, doubted, supposed, asked or said by others."""

import re
from collections.abc import Iterator

_ENDS = re.compile(
    r"(?<=[.!?;…。！？؟।])(?!\d)\s*|\s*\n+\s*"
    r"|,?\s+(?=(?:but|however|though|as it is)\b)|,\s+(?=(?:so|i (?:choose|pick|say))\b)",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"[?？؟]\W*$")
_BARE_REPLY = re.compile(r"^\W*(yes|no|not really|of course|never|nein|ja|non|oui|sí|si)\W*$", re.IGNORECASE)

_COMMONPLACE = re.compile(
    r"\bif (?:i|you|one)(?:'m| am)? (?:(?:have|had|were|was|am|must|really|forced|to|need|needed)\s+)*"
    r"(?:choose|pick|answer|decide|honest)(?: (?:one|an? \w+|truthfully))?\b,?",
    re.IGNORECASE,
)
"""Conditions that are none: "if I had to choose"."""

_CONDITION = (
    r"\b(?:if|unless|suppose|supposing|assuming|provided|hypothetically|imagine|wish)\b"
    r"|^\W*(?:were|had) (?:i|it|we|they|he|she)\b|\b(?:had|were) i\b"
    r"|\bit(?:'d| would) be\b|\bin another (?:life|world|country|time)\b"
)
_PAST = (
    r"\bused to\b|\bonce (?:was|were|thought)\b|\b(?:was|were) once\b|\bformerly\b|\bpreviously\b"
    r"|\bin the past\b|\byears ago\b|\bin my youth\b|\bwhen i was\b"
    r"|\bwould have (?:said|chosen|picked|answered)\b"
)
_POSSIBLE = r"\b(?:maybe|perhaps|might|may be|could be|wonder|whether|possibly|torn|or something)\b"
_SPEAKING = (
    r"(?:says?|thinks?|believes?|chooses?|picks?|prefers?|answers?|expects?|agrees?|disagrees?|would|tells?)"
)
_OTHERS = (
    r"\baccording to\b|\b(?:some|many|most|others|other people|people|they|everyone|everybody|society)"
    rf"(?: \w+){{0,2}} {_SPEAKING}\b"
    r"|\bmy (?:\w+ )?(?:wife|husband|mother|father|friends?|parents|family|neighbou?rs?|brother|sister|boss"
    rf"|church|pastor|priest|son|daughter)(?: would)? {_SPEAKING}\b"
)
_UNDONE = (
    r"\b(?:out of the question|not my answer|is wrong|is incorrect|is false|is untrue|depends)\b"
    r"|\b(?:between|options are|choices are)\b(?!.*\bi (?:choose|pick|select|go with)\b)"
)
_NOT_AFFIRMED = re.compile("|".join((_CONDITION, _PAST, _POSSIBLE, _OTHERS, _UNDONE)), re.IGNORECASE)
"""Whoever says one of these affirms nothing in the clause."""

_DENIAL = re.compile(
    r"\b(?:not|never|cannot|neither|nor|none|hardly|barely|\w+n't|nobody|no one|rather than|instead of"
    r"|far from|except|reject|rule out|doubt|doubtful|deny|refuse|unlikely|untrue|false|wrong|myth"
    r"|hard to believe|disagree (?:that|with)|question the|anything but|other than|against|forget|avoid"
    r"|no way|a lie|questionable|dubious|nonsense"
    r"|nicht|kein\w*|pas|não|nem|ni|tidak|bukan)\b|\bno |\bне |不|没|沒|नहीं|না|ليس|لا|نہیں|ない",
    re.IGNORECASE,
)
_REASON = re.compile(r"[,:;]|\b(?:because|since)\b", re.IGNORECASE)
_CONTRAST = re.compile(r"\s*[\"')\]]*\s*,?\s*(?:and\s+)?(?:not|rather than|instead of)\b", re.IGNORECASE)


def affirmed_clauses(text: str) -> Iterator[str]:
    """The clauses of a text that affirm something; what within them follows a denial is for ``is_denied``.

    A bare yes or no to a question that the text asks itself affirms nothing that could be told.
    """
    after_question = False
    for clause in filter(str.strip, _ENDS.split(_COMMONPLACE.sub(" ", text))):
        asks = _QUESTION.search(clause) is not None
        replies = after_question and _BARE_REPLY.match(clause) is not None
        if not asks and not replies and not _NOT_AFFIRMED.search(clause):
            yield clause.strip()
        after_question = asks


def is_denied(before: str, after: str = "") -> bool:
    """Whether a clause denies what stands at some place in it.

    Args:
        before: what the clause says up to there; any denial in it counts.
        after: what it says from there on: "option D does not fit"; but "D, not C" contrasts.
    """
    if _DENIAL.search(before):
        return True
    said = _REASON.split(after, maxsplit=1)[0]
    return _DENIAL.search(said) is not None and _CONTRAST.match(said) is None

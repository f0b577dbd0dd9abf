"""Why an answer is missing, and how an answer is stored once it has been read.

A read variable is an ``int8`` array: a number ≥ 0 is the position on the scale, a negative number stands for
one kind of missing answer. So a missing answer can never be taken for a scale point.
"""

import re

__all__ = ["MISSING_KINDS", "code_of_kind", "kind_from_words", "normalise"]

MISSING_KINDS: tuple[str, ...] = (
    "system_missing",  # an empty cell
    "dont_know",
    "no_answer",
    "refused",
    "not_applicable",
    "not_asked",
    "other_missing",  # "missing; unknown" and the like
    "declared_missing",  # the file declares the code missing and gives no reason
    "spontaneous",  # an answer the respondent volunteered, off the answer card
    "off_scale",  # a code that neither the scale nor the list of missing codes knows
    "unreadable",  # a text that is neither an option nor a reason
)

_WORDS: tuple[tuple[str, str], ...] = (
    ("dont_know", r"don'?t know|do not know|\bdk\b|can'?t choose|no opinion"),
    ("refused", r"refus"),
    ("not_applicable", r"not applicable|\binap\b|inappropriate|\bna\b"),
    ("not_asked", r"not asked|not included|question not asked|filter"),
    ("no_answer", r"no answer|not answered|no response|no reply"),
    ("other_missing", r"missing|unknown|not available|undefined|inconsistent|multiple answers"),
)


def code_of_kind(kind: str) -> int:
    """The negative number by which a kind of missing answer is stored."""
    return -1 - MISSING_KINDS.index(kind)


def normalise(text: str) -> str:
    """A label in the form in which labels are compared: lower case, plain apostrophes, single spaces."""
    text = text.casefold().replace("´", "'").replace("’", "'").replace("`", "'").replace("‘", "'")
    text = re.sub(r"\s+", " ", text)
    return text.strip(" .:;,()[]\"'")


def kind_from_words(label: str) -> str | None:
    """The kind of missing answer that a label speaks of, or None when it speaks of none."""
    text = normalise(label)
    for kind, pattern in _WORDS:
        if re.search(pattern, text):
            return kind
    return None

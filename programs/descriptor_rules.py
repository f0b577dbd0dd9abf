"""What no descriptor may contain, whoever wrote it."""

import re
from collections.abc import Collection
from typing import Literal

from signatures import ValueItem

__all__ = ["MAX_WORDS", "violations"]

MAX_WORDS = 45
"""As the prompt demands."""

_QUOTED_RUN = 7
"""So many words in a row as the item has them are a quotation; shorter runs are the subject's own terms."""

_NUMBER_WORDS = ("three", "four", "five", "six", "seven", "eight", "nine", "ten")
"""Numbers in words that no description needs; one and two are also plain words."""

_WRONG_PERSON = {
    "you": ("it does not speak to the person as you", r"\b(I|I'm|I’m|my|My|me|Me|mine|myself)\b"),
    "I": ("it does not speak as the person, as I", r"\b([Yy]ou|[Yy]our|[Yy]ours|[Yy]ourself)\b"),
}


def violations(
    text: str,
    item: ValueItem,
    countries: Collection[str] = (),
    address: Literal["you", "I"] | None = None,
    others: Collection[str] = (),
) -> tuple[str, ...]:
    """The rules that a descriptor breaks, each as a phrase; empty when it keeps them all.

    Args:
        text: the descriptor.
        item: the item it describes.
        countries: names that must not be spoken.
        address: the pronoun by which the person is to be spoken of; any when None.
        others: wordings of the same answer, which it must not repeat.
    """
    words = _words(text)
    wrong_person, pronouns = _WRONG_PERSON[address] if address else ("", r"(?!)")
    broken = {
        "it is empty": not words,
        f"it has {len(words)} words, at most {MAX_WORDS} are allowed": len(words) > MAX_WORDS,
        "it contains a number": bool(re.search(r"\d", text)) or _names_a_point(words, item),
        "it quotes the item": _shares_run(words, _words(item.text), _QUOTED_RUN),
        "it names a country": any(_names(text, country) for country in countries),
        wrong_person: bool(re.search(pronouns, text)),
        "it repeats another wording": words in [_words(other) for other in others],
    }
    return tuple(rule for rule, is_broken in broken.items() if is_broken)


def _names_a_point(words: list[str], item: ValueItem) -> bool:
    """Whether a point of a scale of numbers is named in words: "seven out of ten"."""
    numbered = sum(label.strip().lstrip("-−").isdigit() for label in item.scale.labels)
    return numbered > 0 and any(word in _NUMBER_WORDS for word in words)


def _words(text: str) -> list[str]:
    return re.findall(r"[\w'’]+", text.casefold())


def _shares_run(words: list[str], other: list[str], length: int) -> bool:
    runs = {tuple(other[i : i + length]) for i in range(len(other) - length + 1)}
    return any(tuple(words[i : i + length]) in runs for i in range(len(words) - length + 1))


def _names(text: str, country: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(country.casefold())}(?!\w)", text.casefold()) is not None

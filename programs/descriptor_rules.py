"""What no descriptor may contain, whoever wrote it."""

import re
from collections.abc import Collection

from signatures import ValueItem

__all__ = ["MAX_WORDS", "violations"]

MAX_WORDS = 45
"""As the prompt demands."""

_QUOTED_RUN = 7
"""So many words in a row as the item has them are a quotation; shorter runs are the subject's own terms."""


def violations(text: str, item: ValueItem, countries: Collection[str] = ()) -> tuple[str, ...]:
    """The rules that a descriptor breaks, each as a phrase; empty when it keeps them all.

    Args:
        text: the descriptor.
        item: the item it describes.
        countries: names that must not be spoken.
    """
    words = _words(text)
    broken = {
        "it is empty": not words,
        f"it has {len(words)} words, at most {MAX_WORDS} are allowed": len(words) > MAX_WORDS,
        "it contains a number": bool(re.search(r"\d", text)),
        "it quotes the item": _shares_run(words, _words(item.text), _QUOTED_RUN),
        "it names a country": any(_names(text, country) for country in countries),
    }
    return tuple(rule for rule, is_broken in broken.items() if is_broken)


def _words(text: str) -> list[str]:
    return re.findall(r"[\w'’]+", text.casefold())


def _shares_run(words: list[str], other: list[str], length: int) -> bool:
    runs = {tuple(other[i : i + length]) for i in range(len(other) - length + 1)}
    return any(tuple(words[i : i + length]) in runs for i in range(len(words) - length + 1))


def _names(text: str, country: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(country.casefold())}(?!\w)", text.casefold()) is not None

"""Which question is asked, and where each listed option stands on its scale.

Positions come from what the options say, never from the order in which they are listed.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from value_personas.programs.engines.synthetic.lexicon import Belief, OptionScale, load_lexicon

_ANY_NUMBER = re.compile(r"-?\d+")
_NUMBER = re.compile(r"^\s*(-?\d+)\b")


@lru_cache(maxsize=4096)
def recognise_question(text: str) -> Belief | None:
    """The question or value item whose words are all found in a text; the most telling match wins."""
    best, most = None, 0
    for belief in load_lexicon().beliefs.values():
        found = [pattern.search(text) for pattern in belief.words]
        telling = sum(len(match.group()) for match in found if match)
        if all(found) and telling > most:
            best, most = belief, telling
    return best


@lru_cache(maxsize=4096)
def option_positions(labels: tuple[str, ...], scale_name: str | None) -> tuple[float, ...]:
    """Place options on the scale of their question, from 0 to 1 in the order of its codes.

    Args:
        labels: the options as listed, at least two.
        scale_name: the scale that the question is known to have, None for an unknown question.

    Returns:
        One position a label. Where the words are not understood, the order in which they are listed.
    """
    lexicon = load_lexicon()
    own = lexicon.scales.get(scale_name) if scale_name else None
    if own is not None and (positions := _place(labels, own)):
        return positions
    for scale in lexicon.scales.values():
        if positions := _place(labels, scale):
            turned = own is not None and own.rises != scale.rises
            return tuple(1.0 - x for x in positions) if turned else positions
    return _place_numbers(labels, None) or tuple(i / (len(labels) - 1) for i in range(len(labels)))


def answer_position(answer: str, scale_name: str) -> float | None:
    """Where a single answer stands on a known scale, told by its words or its number; None when it does not.

    Args:
        answer: an option's label, perhaps followed by the ends of its scale.
        scale_name: the scale of the question it answers.
    """
    scale = load_lexicon().scales[scale_name]
    if scale.steps:
        return _longest_phrase(answer.casefold(), scale)
    numbers = [float(number) for number in _ANY_NUMBER.findall(answer)]
    if not numbers:
        return None
    low, high = (numbers[1], numbers[-1]) if len(numbers) > 2 else (1.0, 10.0)
    return min(1.0, max(0.0, (numbers[0] - low) / (high - low))) if high > low else None


def _place(labels: Sequence[str], scale: OptionScale) -> tuple[float, ...] | None:
    return _place_words(labels, scale) if scale.steps else _place_numbers(labels, scale)


def _place_words(labels: Sequence[str], scale: OptionScale) -> tuple[float, ...] | None:
    """Each label by the longest phrase it contains; None unless all are understood and differ."""
    positions = [_longest_phrase(label.casefold(), scale) for label in labels]
    known = [position for position in positions if position is not None]
    return tuple(known) if len(set(known)) == len(labels) else None


def _longest_phrase(label: str, scale: OptionScale) -> float | None:
    phrases = [p for p in scale.steps if re.search(rf"(?<!\w){re.escape(p.casefold())}(?!\w)", label)]
    return scale.steps[max(phrases, key=len)] if phrases else None


def _place_numbers(labels: Sequence[str], scale: OptionScale | None) -> tuple[float, ...] | None:
    """Numbered labels by their numbers, turned round where the words at the ends are; None for others."""
    found = [_NUMBER.match(label) for label in labels]
    numbers = [float(match.group(1)) for match in found if match]
    if len(set(numbers)) < len(labels):
        return None
    low, high = min(numbers), max(numbers)
    positions = tuple((number - low) / (high - low) for number in numbers)
    if scale is None:
        return positions
    ends = labels[positions.index(0.0)].casefold(), labels[positions.index(1.0)].casefold()
    if _says(ends[0], scale.low) or _says(ends[1], scale.high):
        return positions
    if _says(ends[0], scale.high) or _says(ends[1], scale.low):
        return tuple(1.0 - x for x in positions)
    return None


def _says(label: str, phrases: Sequence[str]) -> bool:
    said = _NUMBER.sub("", label).strip(" –—-:.()")
    return any(said == phrase.casefold() for phrase in phrases)

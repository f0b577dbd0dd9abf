"""The words and beliefs of the synthetic respondent, loaded once from its two data files."""

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_FILES = ("lexicon.toml", "beliefs.toml")
_LATER_FILES = ("interplay.toml", "people.toml")
"""What 0.1.0 did not know."""


@dataclass(frozen=True, slots=True)
class ItemWords:
    """How one value item is spoken of.

    Attributes:
        code: the item's code.
        more: patterns that speak for it.
        less: patterns that speak against it.
        rises: whether "more" stands at the upper end of the codes.
        modern: +1 where a high code is thought modern, else −1.
        telling: how much it is taken to tell of a traditional or modern character.
        written: sentences about "more", with gaps for the pronoun and the degree.
        mean: what is thought of a place in the middle of the map.
        slopes: how that changes along (survival–self-expression, traditional–secular).
    """

    code: str
    more: re.Pattern[str]
    less: re.Pattern[str]
    rises: bool
    modern: int
    telling: float
    written: tuple[str, ...]
    mean: float
    slopes: tuple[float, float]

    def stereotype(self, place: tuple[float, float]) -> float:
        """The position thought typical of a place on the map, in [0, 1]."""
        position = self.mean + self.slopes[0] * place[0] + self.slopes[1] * place[1]
        return min(1.0, max(0.0, position))

    def oriented(self, degree: float) -> float:
        """A degree of "more" as a position in the order of the codes, and the other way round."""
        return degree if self.rises else 1.0 - degree


@dataclass(frozen=True, slots=True)
class Fact:
    """What is read of who someone is, and what it is taken to tell.

    Attributes:
        patterns: patterns that speak of it, each with its worth; None where the number it captures is it.
        usual: the usual worth.
        moves: by how much each unit more moves a person on the two axes of the map.
    """

    patterns: tuple[tuple[re.Pattern[str], float | None], ...]
    usual: float
    moves: tuple[float, float]

    def worth(self, text: str) -> float | None:
        """What a text says of it; None where it says nothing."""
        for pattern, worth in self.patterns:
            if found := pattern.search(text):
                return float(found.group(1)) if worth is None else worth
        return None


@dataclass(frozen=True, slots=True)
class OptionScale:
    """The wordings by which a response scale is known.

    Attributes:
        rises: whether agreement, amount or approval grows along it.
        steps: phrase → position in [0, 1], for scales of words.
        low: phrases at the lower end, for scales of numbers.
        high: phrases at the upper end.
    """

    rises: bool
    steps: Mapping[str, float]
    low: tuple[str, ...] = ()
    high: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Belief:
    """What a question is known by, and how its answers are believed to follow from values.

    Attributes:
        code: the question's or item's code.
        words: patterns that must all be found in the question's text.
        scale: the name of its response scale.
        centre: the location of a person in the middle of every item.
        spread: σ of the answers, in unit coordinates.
        loadings: item code → b.
        item: whether it is a value item itself.
        together: pairs of items → c, by which they work together.
        beyond: item → (where it passes a point, by how much it then works).
    """

    code: str
    words: tuple[re.Pattern[str], ...]
    scale: str
    centre: float
    spread: float
    loadings: Mapping[str, float]
    item: bool = False
    together: Mapping[tuple[str, str], float] = field(default_factory=dict)
    beyond: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def interplay(self, values: Mapping[str, float]) -> float:
        """Σ 4c·(x − ½)(y − ½) + Σ ±by/2, the last + where x ≥ at, else −."""
        total = self._products(values)
        for x, (at, by) in self.beyond.items():
            total += 0.5 * by if values[x] >= at else -0.5 * by
        return total

    def usual_interplay(self, means: Mapping[str, float], deviation: float) -> float:
        """The same of people whose values lie about their means with a standard deviation."""
        steps = self.beyond.items()
        width = math.sqrt(2.0) * deviation
        above = (0.5 * by * math.erf((means[x] - at) / width) for x, (at, by) in steps)
        return self._products(means) + math.fsum(above)

    def _products(self, values: Mapping[str, float]) -> float:
        total = 0.0  # added up one by one: this is done for every answer
        for (x, y), c in self.together.items():
            total += 4.0 * c * (values[x] - 0.5) * (values[y] - 0.5)
        return total


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Everything the synthetic respondent knows.

    Attributes:
        version: a digest of the words and beliefs.
        later: a digest of what 0.1.0 did not know.
        items: by code, in the order of the instrument.
        written_degrees: (position, phrase), rising.
        degrees: every phrase that can be read → position.
        degree_pattern: finds the longest degree phrase.
        hedges: closing sentences to write.
        hedge_pattern: finds a hedge in a description.
        hedge_asked: finds the demand for a hedge in an instruction.
        trait_sentence: what an unhedged descriptor closes with.
        traits: from the most traditional to the most modern.
        prior: the respondent's own place on the map.
        places: country name in lower case → place on the map.
        place_pattern: finds a country that someone is said to be in or from.
        scales: by name.
        beliefs: questions and items, by code.
        facts: who someone may be said to be, by name.
    """

    version: str
    later: str
    items: Mapping[str, ItemWords]
    written_degrees: tuple[tuple[float, str], ...]
    degrees: Mapping[str, float]
    degree_pattern: re.Pattern[str]
    hedges: tuple[str, ...]
    hedge_pattern: re.Pattern[str]
    hedge_asked: re.Pattern[str]
    trait_sentence: str
    traits: tuple[str, ...]
    prior: tuple[float, float]
    places: Mapping[str, tuple[float, float]]
    place_pattern: re.Pattern[str]
    scales: Mapping[str, OptionScale]
    beliefs: Mapping[str, Belief]
    facts: Mapping[str, Fact]


@cache
def load_lexicon() -> Lexicon:
    """The lexicon of the two data files beside this module."""
    texts, later = (
        [(_HERE / name).read_text(encoding="utf-8") for name in names] for names in (_FILES, _LATER_FILES)
    )
    words, known, interplay, people = (tomllib.loads(text) for text in (*texts, *later))
    written, degrees = _degrees(words["degrees"])
    places = _places(known["places"])
    return Lexicon(
        version=_digest(texts),
        later=_digest(later),
        items={code: _item(code, row, known["stereotypes"][code]) for code, row in words["items"].items()},
        written_degrees=written,
        degrees=degrees,
        degree_pattern=_longest_first(degrees),
        hedges=tuple(words["hedges"]["written"]),
        hedge_pattern=_any_of(words["hedges"]["read"]),
        hedge_asked=_any_of(words["hedges"]["asked"]),
        trait_sentence=words["traits"]["sentence"],
        traits=tuple(words["traits"]["steps"]),
        prior=tuple(known["places"]["prior"]),
        places=places,
        place_pattern=re.compile(
            rf"\b(?:in|from|of)\s+(?:the\s+)?({_alternatives(places)})\b", re.IGNORECASE
        ),
        scales={name: _scale(row) for name, row in known["scales"].items()},
        beliefs=_beliefs(words["items"], known["questions"], known["own_questions"]["spread"], interplay),
        facts={name: _fact(row) for name, row in people.items()},
    )


def _digest(texts: Sequence[str]) -> str:
    return blake2b("\0".join(texts).encode(), digest_size=4).hexdigest()


def _fact(row: Mapping[str, Any]) -> Fact:
    patterns = ((re.compile(one["is"], re.IGNORECASE), one.get("worth")) for one in row["patterns"])
    return Fact(tuple(patterns), row["usual"], tuple(row["moves"]))


def _degrees(table: Mapping[str, Any]) -> tuple[tuple[tuple[float, str], ...], dict[str, float]]:
    """Phrases to write, and every phrase that can be read."""
    written = tuple(sorted((float(Fraction(key)), phrase) for key, phrase in table["written"].items()))
    read = {phrase: float(Fraction(key)) for key, phrases in table["read"].items() for phrase in phrases}
    return written, {**read, **{phrase: position for position, phrase in written}}


def _item(code: str, row: Mapping[str, Any], stereotype: Mapping[str, Any]) -> ItemWords:
    return ItemWords(
        code=code,
        more=_any_of(row["more"]),
        less=_any_of(row["less"]),
        rises=row["rises"],
        modern=row["modern"],
        telling=row["telling"],
        written=tuple(row["written"]),
        mean=stereotype["mean"],
        slopes=tuple(stereotype["slopes"]),
    )


def _places(table: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    zones = {name.casefold(): tuple(zone["place"]) for zone in table["zones"] for name in zone["countries"]}
    return zones | {name.casefold(): tuple(place) for name, place in table["invented"].items()}


def _scale(row: Mapping[str, Any]) -> OptionScale:
    steps = row.get("steps", [])
    positions = {phrase: i / (len(steps) - 1) for i, phrases in enumerate(steps) for phrase in phrases}
    return OptionScale(row["rises"], positions, tuple(row.get("low", [])), tuple(row.get("high", [])))


def _beliefs(
    items: Mapping[str, Any],
    questions: Mapping[str, Any],
    own_spread: float,
    interplay: Mapping[str, Mapping[str, Any]],
) -> dict[str, Belief]:
    """Target questions as believed; a value item is a question about its own position."""
    known = {
        code: Belief(code, _starts(row["words"]), row["scale"], 0.5, own_spread, {code: 1.0}, item=True)
        for code, row in items.items()
    }
    for code, row in questions.items():
        known[code] = Belief(
            code,
            _starts(row["words"]),
            row["scale"],
            row["centre"],
            row["spread"],
            row["loadings"],
            together={(pair[:4], pair[5:]): c for pair, c in interplay["together"].get(code, {}).items()},
            beyond={x: (p["at"], p["by"]) for x, p in interplay["beyond"].get(code, {}).items()},
        )
    return known


def _starts(words: Sequence[str]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(rf"\b(?:{word})", re.IGNORECASE) for word in words)


def _any_of(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


def _longest_first(phrases: Mapping[str, float]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{_alternatives(phrases)})(?![\w-]| than\b)", re.IGNORECASE)


def _alternatives(phrases: Mapping[str, object]) -> str:
    return "|".join(re.escape(phrase) for phrase in sorted(phrases, key=len, reverse=True))

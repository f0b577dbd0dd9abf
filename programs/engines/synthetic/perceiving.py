"""From what a description says to what the respondent takes the person's values to be."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from value_personas.programs.engines.synthetic.known_faults import KnownFaults
from value_personas.programs.engines.synthetic.lexicon import Lexicon, load_lexicon
from value_personas.programs.engines.synthetic.reading import Description, Statement


@dataclass(frozen=True, slots=True)
class Perception:
    """The values that a described person is taken to have.

    Attributes:
        values: item code → position in [0, 1], every item.
        stated: item code → the position as the description states it.
    """

    values: Mapping[str, float]
    stated: Mapping[str, float]


def perceive(description: Description, faults: KnownFaults) -> Perception:
    """Fill in the whole person: stated positions, the respondent's own where nothing is said, inference.

    Args:
        description: what was read.
        faults: how far the respondent is from a perfect reader.
    """
    lexicon = load_lexicon()
    stated = _stated(description.statements)
    heard = _stated(_blurred(description.statements, faults.number_blur)) if faults.number_blur else stated
    own = _stereotypes(lexicon, lexicon.prior)
    place = _imagined_place(lexicon, description.country, faults.country_knowledge)
    assumed = _stereotypes(lexicon, _moved(lexicon, place, description.facts, faults.stereotype))
    values = {
        code: heard[code] + faults.prior_pull * (own[code] - heard[code]) if code in stated else assumed[code]
        for code in lexicon.items
    }
    return Perception(_spill(values, description.statements, faults), stated)


def _stated(statements: tuple[Statement, ...]) -> dict[str, float]:
    """The mean position for each item that was spoken of."""
    positions: dict[str, list[float]] = {}
    for statement in statements:
        positions.setdefault(statement.item, []).append(statement.position)
    return {code: math.fsum(found) / len(found) for code, found in positions.items()}


def _blurred(statements: tuple[Statement, ...], share: float) -> tuple[Statement, ...]:
    """Bare numbers as they are heard: nearer to the middle."""
    return tuple(
        replace(s, position=s.position + share * (0.5 - s.position)) if s.quoted == "number" else s
        for s in statements
    )


def _moved(
    lexicon: Lexicon, place: tuple[float, float], facts: Mapping[str, float], stereotype: float
) -> tuple[float, float]:
    """A place on the map, moved by what is thought of people of some age, sex and schooling."""
    x, y = place
    for name, worth in facts.items():
        fact = lexicon.facts[name]
        more = stereotype * (worth - fact.usual)
        x, y = x + more * fact.moves[0], y + more * fact.moves[1]
    return x, y


def _stereotypes(lexicon: Lexicon, place: tuple[float, float]) -> dict[str, float]:
    return {code: words.stereotype(place) for code, words in lexicon.items.items()}


def _imagined_place(lexicon: Lexicon, country: str | None, knowledge: float) -> tuple[float, float]:
    """The respondent's own place, moved toward a country by what is known of it: less, the further it is."""
    if country is None:
        return lexicon.prior
    (x, y), (to_x, to_y) = lexicon.prior, lexicon.places[country]
    known = knowledge ** (1.0 + math.hypot(to_x - x, to_y - y) / 2.0)
    return (x + known * (to_x - x), y + known * (to_y - y))


def _spill(
    values: Mapping[str, float], statements: tuple[Statement, ...], faults: KnownFaults
) -> Mapping[str, float]:
    """Take each statement for a sign of a traditional or modern person in everything else.

    One naive dimension runs across both axes of the map, so that the religious are taken to be distrustful.
    """
    if faults.spill_over == 0.0 or not statements:
        return values
    items = load_lexicon().items
    believed = [_trust(statement, faults) for statement in statements]
    spilt = {}
    for code, value in values.items():
        others = [(s, trust) for s, trust in zip(statements, believed, strict=True) if s.item != code]
        tendency = items[code].modern * _modernity(others)
        share = min(1.0, faults.spill_over * abs(tendency))
        spilt[code] = value + share * ((1.0 if tendency > 0.0 else 0.0) - value)
    return spilt


def _trust(statement: Statement, faults: KnownFaults) -> float:
    """How far a statement is taken for a sign of more than it states."""
    if statement.quoted:
        return 1.0 - faults.verbatim_restraint
    return 1.0 - faults.hedge_relief * statement.hedged


def _modernity(statements: Sequence[tuple[Statement, float]]) -> float:
    """From −1, traditional, to +1, modern: what statements tell, each with how far it is taken as a sign."""
    items = load_lexicon().items
    telling = math.fsum(items[s.item].telling for s, _ in statements)
    signs = (
        items[s.item].telling * items[s.item].modern * (2.0 * s.position - 1.0) * t for s, t in statements
    )
    return math.fsum(signs) / telling if telling else 0.0

"""What a description says of a person: statements on value items, hedges, and a country.

Positions come from the text alone. What is not recognised is passed over.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

from value_personas.programs.engines.synthetic.lexicon import ItemWords, load_lexicon
from value_personas.programs.engines.synthetic.questions import answer_position, recognise_question

_SENTENCE = re.compile(r"(?<=[.!?;])\s+|,\s+but\s+", re.IGNORECASE)
_NEGATION = re.compile(r"\b(?:not|no|neither|nor|without|\w+n['’]t|cannot)\b", re.IGNORECASE)

_ASKED, _ANSWERED = "Question: ", "Answer: "
_INTERVIEW = ("Interviewer: ", "You: ")

_UNSTATED_DEGREE = 0.85
"""What is heard where a person's own words give no degree: "God matters to you." """


@dataclass(frozen=True, slots=True)
class Statement:
    """One position that a description states.

    Attributes:
        item: the item's code.
        position: in [0, 1], in the order of the item's codes.
        hedged: whether the description goes on to say that nothing else follows from it.
        quoted: how, where it is an answer word for word: as a ``label`` or as a bare ``number``.
    """

    item: str
    position: float
    hedged: bool = False
    quoted: Literal["", "label", "number"] = ""


@dataclass(frozen=True, slots=True)
class Description:
    """What a text says of a person.

    Attributes:
        statements: in the order of the text.
        country: the name of a known country that the person is said to be in or from, in lower case.
        facts: who the person is said to be: name → worth.
    """

    statements: tuple[Statement, ...]
    country: str | None
    facts: Mapping[str, float] = field(default_factory=dict)


def read_description(text: str, with_facts: bool = False) -> Description:
    """Read a persona or a descriptor.

    A hedge covers the line it stands on; on a line of its own it covers everything before it.

    Args:
        text: what is read.
        with_facts: whether it is noticed who the person is.
    """
    facts: dict[str, float] = {}
    statements: list[Statement] = []
    asked = ""
    for line in text.splitlines():
        if with_facts and ((told := _read_facts(line)) or line.startswith(_INTERVIEW)):
            facts.update(told)
            continue
        if line.startswith(_ASKED):
            asked = line.removeprefix(_ASKED)
            continue
        said, hedged = _read_answer(asked, line) if asked else _read_line(line)
        asked = ""
        if hedged and not said:
            statements = [replace(statement, hedged=True) for statement in statements]
        statements.extend(said)
    found = load_lexicon().place_pattern.search(text)
    return Description(tuple(statements), found.group(1).casefold() if found else None, facts)


@lru_cache(maxsize=8192)
def _read_facts(line: str) -> tuple[tuple[str, float], ...]:
    """Who a line of an interview or a portrait says the person is: names and worths."""
    told = ((name, fact.worth(line)) for name, fact in load_lexicon().facts.items())
    return tuple((name, worth) for name, worth in told if worth is not None)


@lru_cache(maxsize=8192)
def _read_answer(asked: str, line: str) -> tuple[tuple[Statement, ...], bool]:
    """The answer to a value item, word for word as in a questionnaire; nothing hedges it."""
    belief = recognise_question(asked)
    if belief is None or not belief.item:
        return (), False
    position = answer_position(line.removeprefix(_ANSWERED), belief.scale)
    if position is None:
        return (), False
    how: Literal["label", "number"] = "label" if load_lexicon().scales[belief.scale].steps else "number"
    return (Statement(belief.code, position, quoted=how),), False


@lru_cache(maxsize=8192)  # one persona's lines are other personas' lines too
def _read_line(line: str) -> tuple[tuple[Statement, ...], bool]:
    """The statements of a line, and whether it hedges."""
    hedge = load_lexicon().hedge_pattern
    hedged = hedge.search(line) is not None
    sentences = _SENTENCE.split(line)
    statements = (_read_sentence(hedge.sub("", sentence)) for sentence in sentences)
    return tuple(replace(said, hedged=hedged) for said in statements if said is not None), hedged


def _read_sentence(sentence: str) -> Statement | None:
    """The one statement of a sentence, on the item that most of its words speak of."""
    cues = {words: _cues(words, sentence) for words in load_lexicon().items.values()}
    words = max(cues, key=lambda item: len(cues[item]))
    if not cues[words]:
        return None
    _, favourable = min(cues[words])  # what is put first is preferred: "X above Y"
    degree = _degree(sentence)
    return Statement(words.code, words.oriented(degree if favourable else 1.0 - degree))


def _cues(words: ItemWords, sentence: str) -> set[tuple[int, bool]]:
    """Where a sentence speaks of an item, and whether for it."""
    against = [match.span() for match in words.less.finditer(sentence)]
    cues = {(start, False) for start, _ in against}
    for match in words.more.finditer(sentence):
        if not any(start <= match.start() < end for start, end in against):
            cues.add((match.start(), True))
    return cues


def _degree(sentence: str) -> float:
    lexicon = load_lexicon()
    found = lexicon.degree_pattern.search(sentence)
    if found is None:
        return 1.0 - _UNSTATED_DEGREE if _NEGATION.search(sentence) else _UNSTATED_DEGREE
    degree = lexicon.degrees[found.group().casefold()]
    rest = f"{sentence[: found.start()]} {sentence[found.end() :]}"
    return 1.0 - degree if _NEGATION.search(rest) else degree

"""Whether a file's own labels agree with what the codebook says of a column's codes; the labels decide.

A file made from factors, or from another release, stores other numbers under the same words. One function
judges every column that is read: items and their parts, target questions, demographics.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from value_personas.data.codebooks.missing import kind_from_words, normalise, split_number
from value_personas.data.codebooks.scales import StoredScale
from value_personas.data.formats import MissingRange
from value_personas.data.formats.plain_text import one_line

Verdict = Literal["agrees", "renames", "permutes", "reverses", "contradicts", "silent"]
Key = float | str
"""A stored value: a number, or a text that is none, as labels are compared."""


@dataclass(frozen=True)
class ColumnFacts:
    """What the file itself says of one column.

    Attributes:
        value_labels: stored value → label.
        missing: ranges the file declares missing.
    """

    value_labels: Mapping[float | str, str] = field(default_factory=dict)
    missing: tuple[MissingRange, ...] = ()

    def declares_missing(self, value: float | str) -> bool:
        """Whether the value lies in a range that the file declares missing."""
        return any(
            low <= value <= high  # type: ignore[operator]  # both ends and the value are of one type here
            for low, high in self.missing
            if isinstance(low, str) == isinstance(high, str) == isinstance(value, str)
        )


@dataclass(frozen=True)
class Meanings:
    """What a codebook says of a column: positions on a scale, or numbers of categories.

    Attributes:
        codes: stored code → meaning.
        words: normalised text → meaning.
        names: the codebook's words of each meaning, for messages.
        low: words within a label that tell the lowest meaning; with ``high``, else the scale's own ends are
            compared word by word.
        high: words within a label that tell the highest.
    """

    codes: Mapping[Key, int]
    words: Mapping[str, int]
    names: tuple[str, ...]
    low: tuple[str, ...] = ()
    high: tuple[str, ...] = ()


def meanings_of(stored: StoredScale) -> Meanings:
    """The meanings of a response scale's codes are its positions."""
    codes: dict[Key, int] = {code: position for position, code in enumerate(stored.codes)}
    return Meanings(codes, stored.words, stored.scale.labels, stored.low, stored.high)


@dataclass(frozen=True)
class Judgement:
    """What a file's labels say of a codebook's codes.

    Attributes:
        verdict: ``agrees``: every label names its code's own option; ``renames``: some do, the others are in
            other words; ``permutes``, ``reverses``: the labels give the codes other options, and settle all;
            ``contradicts``: they do, and settle not all; ``silent``: no label names an option.
        codes: stored value → meaning, by which the column is to be read; the codebook's if it contradicts.
        missing: answer codes of the codebook that the file's labels call missing → kind.
        named: every labelled value that names a meaning → that meaning.
        told: of a contradiction, the code, the label and the codebook's words.
    """

    verdict: Verdict
    codes: Mapping[Key, int]
    missing: Mapping[Key, str] = field(default_factory=dict)
    named: Mapping[Key, int] = field(default_factory=dict)
    told: str = ""

    @property
    def moves(self) -> bool:
        """Whether the labels read some code otherwise than the codebook."""
        return self.verdict in ("permutes", "reverses")


def judge_labels(
    facts: ColumnFacts,
    meanings: Meanings,
    missing: Mapping[float, str],
    present: Callable[[], Collection[Key]],
) -> Judgement:
    """Hold a file's labels against a codebook, label by label, digits included.

    Args:
        facts: what the file says of the column.
        meanings: what the codebook says of it.
        missing: the codebook's missing codes → kind.
        present: gives the values that occur; asked only where the labels give a code another option.
    """
    answers, lost = _answers(facts, meanings, missing)
    answers = _without_repeats(answers, meanings)
    words = {key: name[0] for key, (_, name) in answers.items() if name and name[1] == "word"}
    digits = {key: name[0] for key, (_, name) in answers.items() if name and name[1] == "digit"}
    loose = _loose_ends({key: text for key, (text, name) in answers.items() if not name}, meanings)
    named = {**digits, **words}
    own = dict(meanings.codes)
    kept = {key: meaning for key, meaning in own.items() if key not in lost}
    told = {**words, **loose}
    more = _further_codes(told, own)
    if _fits(told, {**own, **more}) and _fits(digits, own):
        if lost:
            return Judgement("permutes", {**kept, **more}, lost, named)
        if not told:
            return Judgement("silent", own, named=named)
        all_named = len(told) + len(digits) == len(answers)
        return Judgement("agrees" if all_named else "renames", {**own, **more}, named={**named, **loose})
    turned = dict(zip(own, reversed(own.values()), strict=True))
    ends = {0, max(own.values())}
    if ends <= set(told.values()) and _fits(told, turned) and (_fits(digits, own) or _fits(digits, turned)):
        return Judgement("reverses", {k: m for k, m in turned.items() if k not in lost}, lost, named)
    open_codes = [key for key in present() if key in kept and key not in named]
    if _fits(loose, named | own) and not open_codes:
        return Judgement("permutes", named, lost, named)
    return Judgement(
        "contradicts", own, named=named, told=_tell(answers, told | digits, own, open_codes, meanings)
    )


def as_key(value: object) -> Key:
    """A stored value or the key of a label as values are compared: a number where it is one."""
    if isinstance(value, str):
        text = normalise(value)
        try:
            return float(text)
        except ValueError:
            return text
    return float(value)  # type: ignore[arg-type]  # a label's key is a number or a text


Answers = dict[Key, tuple[str, tuple[int, str] | None]]


def _answers(
    facts: ColumnFacts, meanings: Meanings, missing: Mapping[float, str]
) -> tuple[Answers, dict[Key, str]]:
    """The labels of answers, each with the meaning that it names; and answer codes they call missing."""
    answers: Answers = {}
    lost: dict[Key, str] = {}
    for value, text in facts.value_labels.items():
        key = as_key(value)
        is_code = key in meanings.codes
        blanket = is_code and isinstance(key, float) and key < 0  # see decoding
        if facts.declares_missing(value) and not blanket:
            continue
        name = _named(text, meanings)
        kind = None if name else kind_from_words(text)
        if kind:
            if is_code and not blanket:
                lost[key] = kind
        elif is_code or name or key not in missing:
            answers[key] = (text, name)
    return answers, lost


def _without_repeats(answers: Answers, meanings: Meanings) -> Answers:
    """A label that names the option of another code, which bears a label of that option itself, names none.

    WVS-7 labels Q121 "Rather bad", "Quite bad" …: the first is no second "quite bad" but the low end.
    """
    own = meanings.codes
    if len(set(own.values())) < len(
        own
    ):  # several codes of one meaning, such as the aims of post-materialism
        return answers
    confirmed = {name[0] for key, (_, name) in answers.items() if name and own.get(key) == name[0]}
    return {
        key: (text, None if name and key in own and own[key] != name[0] and name[0] in confirmed else name)
        for key, (text, name) in answers.items()
    }


def _named(text: str, meanings: Meanings) -> tuple[int, str] | None:
    """The meaning that a label names, and by what: a word or a digit."""
    plain = normalise(text)
    number = _number(plain)
    if plain in meanings.words:
        return meanings.words[plain], "word" if number is None else "digit"
    numbered = split_number(plain)
    if numbered:
        rest = normalise(numbered[1])
        if rest in meanings.words:
            return meanings.words[rest], "word"
        number = numbered[0]
    if number is not None and number in meanings.codes:
        return meanings.codes[number], "digit"
    return None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _fits(names: Mapping[Key, int], codes: Mapping[Key, int]) -> bool:
    return all(codes.get(key) == meaning for key, meaning in names.items())


def _further_codes(told: Mapping[Key, int], own: Mapping[Key, int]) -> dict[Key, int]:
    """Codes that the codebook does not know, labelled with an option that its own code bears as well."""
    confirmed = {meaning for key, meaning in told.items() if own.get(key) == meaning}
    return {key: meaning for key, meaning in told.items() if key not in own and meaning in confirmed}


def _loose_ends(texts: Mapping[Key, str], meanings: Meanings) -> dict[Key, int]:
    """Labels of the first and the last code that speak of an end of the scale in other words."""
    codes = list(meanings.codes.items())
    top = max(meanings.codes.values())
    found: dict[Key, int] = {}
    for key in (codes[0][0], codes[-1][0]):
        end = end_of(texts[key], meanings) if key in texts else ""
        if end:
            found[key] = 0 if end == "low" else top
    return found


def end_of(label: str, meanings: Meanings) -> str:
    """Which end of a scale a label speaks of: "low", "high" or ""."""
    if meanings.low or meanings.high:
        text = normalise(label)
        found = [(len(word), "low") for word in meanings.low if word in text]
        found += [(len(word), "high") for word in meanings.high if word in text]
        return max(found)[1] if found else ""  # the longer word wins
    top = max(meanings.codes.values())
    best: list[tuple[float, str]] = []
    for name, here, there in (("low", 0, top), ("high", top, 0)):
        others = [_tokens(text) for text, meaning in meanings.words.items() if meaning == there]
        mine = [_tokens(text) for text, meaning in meanings.words.items() if meaning == here]
        best.append(
            (max((_likeness(label, one, other) for one in mine for other in others), default=0.0), name)
        )
    (first, name), (second, _) = sorted(best, reverse=True)
    return name if first >= _LEAST_LIKENESS and first > _CLEARLY * second else ""


_LEAST_LIKENESS = 0.3
_CLEARLY = 1.5
_EMPTY = frozenset(
    re.findall(r"\w+", "a an the of to in for is are be it one that with should would and or i you")
)
_DENIALS = frozenset(re.findall(r"\w+", "no not never none nothing nor without hardly"))


def _tokens(text: str) -> frozenset[str]:
    words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", normalise(text))
    return frozenset(word for word in words if word not in _EMPTY)


def _denies(tokens: frozenset[str]) -> bool:
    return bool(tokens & _DENIALS) or any(word.endswith("n't") for word in tokens)


def _likeness(label: str, one: frozenset[str], other: frozenset[str]) -> float:
    """The share of the words that tell one end from the other which the label says; 0 if it denies them."""
    telling, said = one - other, _tokens(label)
    if not telling or _denies(said) != _denies(one):
        return 0.0
    return len(telling & said) / len(telling)


def _tell(
    answers: Answers,
    named: Mapping[Key, int],
    own: Mapping[Key, int],
    open_codes: list[Key],
    meanings: Meanings,
) -> str:
    key = next(key for key, meaning in named.items() if own.get(key) != meaning)
    label = one_line(answers[key][0], 60)
    gives = f"gives it to {meanings.names[own[key]]!r}" if key in own else "knows no such code"
    told = f"code {_shown(key)} is labelled {label!r}, and the codebook {gives}"
    if not open_codes:
        return told
    without = [_shown(code) for code in open_codes[:4]]
    return f"{told}; of code {', '.join(without)} the labels do not tell"


def _shown(key: Key) -> str:
    return f"{key:g}" if isinstance(key, float) else repr(one_line(str(key), 40))

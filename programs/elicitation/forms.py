"""A question as it stands on the page: its options in some order, each after a letter.

Letters, because a first-token probability is only a probability of an option where every label is one token
and none begins another: with labels 1…10 the token "1" also carries the mass of "10". Without I and O: on a
page of ten options, whatever a chatty model begins with "I" would count as the ninth.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Literal

from value_personas.signatures import OPTION_LETTERS, Question, RecipeError

DONT_KNOW = "don't know"

_WRAPPINGS = " \t\r\n\u2581\u0120\u010a*_`\"'([{<>}]).:,"
"""What tokenisers and markdown put around a letter; the marks that are no ASCII are tokenisers' spaces."""

_REMEMBERED = 1024
"""Tokens whose place is kept; a model's first tokens are few."""

OptionOrder = Literal["forward", "reversed", "both", "rotated", "balanced"]


class _Places(dict[str, int]):
    """Token → where its probability counts; variants of a letter have its place, and are told but once."""

    def __init__(self, of_letter: Mapping[str, int], options: int) -> None:
        super().__init__(of_letter)
        self._of_letter, self._other = of_letter, options + 1

    def __missing__(self, token: str) -> int:
        letter = token.strip(_WRAPPINGS).upper()
        is_letter = len(letter) == 1 and "A" <= letter <= "Z"
        place = self._of_letter.get(letter, self._other) if is_letter else self._other + 1
        if len(self) < _REMEMBERED:
            self[token] = place
        return place


@dataclass(frozen=True, slots=True)
class Form:
    """One printed form of a question.

    What follows from the three arguments is worked out once: a form is put to every persona.

    Attributes:
        question: what is asked.
        order: ``order[i]`` is the scale position of the i-th option on the page.
        offers_dont_know: whether "don't know" stands below the options, with the next letter.
        letters: the letters of the options in the order of the page; that of "don't know" is not among them.
        dont_know_letter: the letter of "don't know", where it is offered.
        options: the options, one a line.
        places: of K options, token → scale position where it is a variant of an option's letter, K where of
            that of "don't know", K + 1 where of another letter, K + 2 where of none.
    """

    question: Question
    order: tuple[int, ...]
    offers_dont_know: bool = False
    letters: str = field(init=False, repr=False, compare=False)
    dont_know_letter: str | None = field(init=False, repr=False, compare=False)
    options: str = field(init=False, repr=False, compare=False)
    places: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        letters, labels = OPTION_LETTERS[: len(self.order)], self.question.scale.labels
        lines = [f"{a}. {labels[i]}" for a, i in zip(letters, self.order, strict=True)]
        places = dict(zip(letters, self.order, strict=True))
        unsure = OPTION_LETTERS[len(self.order)] if self.offers_dont_know else None
        if unsure:
            lines.append(f"{unsure}. {DONT_KNOW}")
            places[unsure] = len(self.order)
        derived = {
            "letters": letters,
            "dont_know_letter": unsure,
            "options": "\n".join(lines),
            "places": _Places(places, len(self.order)),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    def position(self, letter: str) -> int:
        """The scale position of a letter of this form."""
        return self.order[self.letters.index(letter)]


def forms_of(
    question: Question, order: OptionOrder, turn: int = 0, offers_dont_know: bool = False
) -> tuple[Form, ...]:
    """The forms on which one persona is asked a question; its answer is the average over them.

    Args:
        question: at most 24 options, or 23 and "don't know".
        order: as of ``orders_of``.
        turn: the persona's number, used by ``rotated`` and ``balanced`` alone.
        offers_dont_know: whether "don't know" stands below the options, wherever they start.

    Raises:
        RecipeError: when the question has more options than there are letters.
    """
    return tuple(form_in(question, one, offers_dont_know) for one in orders_of(question, order, turn))


@lru_cache(maxsize=4096)
def form_in(question: Question, order: tuple[int, ...], offers_dont_know: bool = False) -> Form:
    """The form with the options in one order; it is made once.

    Raises:
        RecipeError: when the question has more options than there are letters.
    """
    require_letters((question,), offers_dont_know)
    return Form(question, order, offers_dont_know)


def orders_of(question: Question, order: OptionOrder, turn: int = 0) -> tuple[tuple[int, ...], ...]:
    """In which orders one persona is shown the options of a question: scale positions, a page each.

    Args:
        question: what is asked.
        order: ``rotated`` starts the page at another option for each ``turn``; ``balanced`` turns the page
            round for one of every two personas, drawn by a coin of the question and the two.
        turn: the persona's number, used by ``rotated`` and ``balanced`` alone.
    """
    k = len(question.scale)
    forward = tuple(range(k))
    if order == "both":
        return forward, forward[::-1]
    if order == "rotated":
        return (forward[turn % k :] + forward[: turn % k],)
    turned = order == "reversed" or (order == "balanced" and _is_turned(question.code, turn))
    return (forward[::-1] if turned else forward,)


def require_letters(questions: Iterable[Question], offers_dont_know: bool = False) -> None:
    """Refuse what cannot be put on a page.

    Raises:
        RecipeError: when a question has more options than there are letters; it names the question.
    """
    most = len(OPTION_LETTERS) - offers_dont_know
    beside = f" beside an offered {DONT_KNOW}" if offers_dont_know else ""
    for question in questions:
        if len(question.scale) > most:
            raise RecipeError(
                f"question {question.code}: {len(question.scale)} options, and a page has letters for "
                f"{most}{beside}; leave it out of questions.include, or join options in its codebook"
            )


def _is_turned(code: str, turn: int) -> bool:
    """Whether a persona sees the page turned round: a coin for every two, of whom one always does.

    Of the personas' numbers alone, so that it has nothing to do with what they hold.
    """
    coin = blake2b(f"{code} {turn // 2}".encode(), digest_size=1).digest()[0]
    return (coin + turn) % 2 == 1

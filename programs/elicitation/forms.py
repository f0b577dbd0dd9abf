"""A question as it stands on the page: its options in some order, each after a letter.

Letters, because a first-token probability is only a probability of an option where every label is one token
and none begins another: with labels 1…10 the token "1" also carries the mass of "10".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from string import ascii_uppercase
from typing import Literal

from value_personas.signatures import Question

__all__ = ["DONT_KNOW", "Form", "OptionOrder", "forms_of"]

DONT_KNOW = "don't know"

OptionOrder = Literal["forward", "reversed", "both", "rotated"]


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
        places: letter → scale position; that of "don't know", where offered, comes after the scale's last.
    """

    question: Question
    order: tuple[int, ...]
    offers_dont_know: bool = False
    letters: str = field(init=False, repr=False, compare=False)
    dont_know_letter: str | None = field(init=False, repr=False, compare=False)
    options: str = field(init=False, repr=False, compare=False)
    places: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        letters, labels = ascii_uppercase[: len(self.order)], self.question.scale.labels
        lines = [f"{a}. {labels[i]}" for a, i in zip(letters, self.order, strict=True)]
        places = dict(zip(letters, self.order, strict=True))
        unsure = ascii_uppercase[len(self.order)] if self.offers_dont_know else None
        if unsure:
            lines.append(f"{unsure}. {DONT_KNOW}")
            places[unsure] = len(self.order)
        derived = {
            "letters": letters,
            "dont_know_letter": unsure,
            "options": "\n".join(lines),
            "places": places,
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    def position(self, letter: str) -> int:
        """The scale position of a letter of this form."""
        return self.order[self.letters.index(letter)]


@lru_cache(maxsize=4096)
def forms_of(
    question: Question, order: OptionOrder, turn: int = 0, offers_dont_know: bool = False
) -> tuple[Form, ...]:
    """The forms on which one persona is asked a question; its answer is the average over them.

    Args:
        question: at most 26 options, or 25 and "don't know".
        order: ``rotated`` starts the page at another option for each ``turn``.
        turn: the persona's number, used by ``rotated`` alone.
        offers_dont_know: whether "don't know" stands below the options, wherever they start.

    Raises:
        ValueError: when the question has more options than there are letters.
    """
    k = len(question.scale)
    if k + offers_dont_know > len(ascii_uppercase):
        raise ValueError(f"{question.code}: at most 26 options can be lettered, got {k + offers_dont_know}")
    forward = tuple(range(k))
    pages = {
        "forward": (forward,),
        "reversed": (forward[::-1],),
        "both": (forward, forward[::-1]),
        "rotated": (forward[turn % k :] + forward[: turn % k],),
    }
    return tuple(Form(question, page, offers_dont_know) for page in pages[order])

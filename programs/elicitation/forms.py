"""A question as it stands on the page: its options in some order, each after a letter.

Letters, because a first-token probability is only a probability of an option where every label is one token
and none begins another: with labels 1…10 the token "1" also carries the mass of "10".
"""

from dataclasses import dataclass
from functools import lru_cache
from string import ascii_uppercase
from typing import Literal

from signatures import Question

__all__ = ["Form", "OptionOrder", "forms_of"]

OptionOrder = Literal["forward", "reversed", "both", "rotated"]


@dataclass(frozen=True, slots=True)
class Form:
    """One printed form of a question.

    Attributes:
        question: what is asked.
        order: ``order[i]`` is the scale position of the i-th option on the page.
    """

    question: Question
    order: tuple[int, ...]

    @property
    def letters(self) -> str:
        """The letters in the order of the page."""
        return ascii_uppercase[: len(self.order)]

    @property
    def options(self) -> str:
        """The options, one a line."""
        labels = self.question.scale.labels
        return "\n".join(f"{a}. {labels[i]}" for a, i in zip(self.letters, self.order, strict=True))

    def position(self, letter: str) -> int:
        """The scale position of a letter of this form."""
        return self.order[self.letters.index(letter)]


@lru_cache(maxsize=4096)
def forms_of(question: Question, order: OptionOrder, turn: int = 0) -> tuple[Form, ...]:
    """The forms on which one persona is asked a question; its answer is the average over them.

    Args:
        question: at most 26 options.
        order: ``rotated`` starts the page at another option for each ``turn``.
        turn: the persona's number, used by ``rotated`` alone.

    Raises:
        ValueError: when the question has more options than there are letters.
    """
    k = len(question.scale)
    if k > len(ascii_uppercase):
        raise ValueError(f"{question.code}: at most 26 options can be lettered, got {k}")
    forward = tuple(range(k))
    pages = {
        "forward": (forward,),
        "reversed": (forward[::-1],),
        "both": (forward, forward[::-1]),
        "rotated": (forward[turn % k :] + forward[: turn % k],),
    }
    return tuple(Form(question, page) for page in pages[order])

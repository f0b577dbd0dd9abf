"""No persona may carry what is then asked of it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from signatures import Question

__all__ = ["Carried", "find_leaks"]


@dataclass(frozen=True, slots=True)
class Carried:
    """Something that personas state.

    Attributes:
        name: for people, for example ``F063``.
        codes: every code and column under which it, or a component of it, is known; case does not matter.
        batteries: batteries that its codebook marks it as part of.
    """

    name: str
    codes: frozenset[str]
    batteries: frozenset[str] = frozenset()


def find_leaks(carried: Collection[Carried], questions: Sequence[Question]) -> tuple[str, ...]:
    """Target questions that a persona would already hold the answer to.

    Returns:
        One phrase for each pair of question and carried thing: the same item or a component of it, or an
        item of the same battery; empty when there is none.
    """
    return tuple(
        phrase for question in questions for thing in carried for phrase in _between(thing, question)
    )


def _between(thing: Carried, question: Question) -> Iterator[str]:
    codes = {code.casefold() for code in thing.codes}
    if question.code.casefold() in codes or (question.ivs or "").casefold() in codes:
        yield f"{question.code} is {thing.name} or a component of it"
    elif question.battery and question.battery in thing.batteries:
        yield f"{question.code} is of the same battery as {thing.name} ({question.battery})"
